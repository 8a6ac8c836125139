"""Rows of bytes cut into pieces as wide as a port, one a cycle."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal


class RowWalker(Elaboratable):
    """`rows` rows of `row_bytes` at `first + r step`, in pieces of `width` bytes; the last of a row may be shorter.

    In the cycle of `go` it shows the first piece; `active` while there is one, `last` at the last.
    """

    def __init__(self):
        self.go = Signal()
        self.first = Signal(32)
        self.step = Signal(32)
        self.rows = Signal(32)
        self.row_bytes = Signal(32)
        self.width = Signal(16)
        self.address = Signal(32)
        self.count = Signal(16)
        self.active = Signal()
        self.last = Signal()

    def elaborate(self, platform):
        m = Module()
        running = Signal()
        row = Signal(32)
        offset = Signal(32)
        left = Signal(32)
        here = Signal(32)
        here_offset = Signal(32)
        here_left = Signal(32)
        rest = Signal(32)
        row_ends = Signal()
        m.d.comb += [
            here.eq(Mux(self.go, self.first, row)),
            here_offset.eq(Mux(self.go, 0, offset)),
            here_left.eq(Mux(self.go, self.rows, left)),
            self.active.eq(self.go | running),
            self.address.eq(here + here_offset),
            rest.eq(self.row_bytes - here_offset),
            row_ends.eq(rest <= self.width),
            self.count.eq(Mux(row_ends, rest, self.width)),
            self.last.eq(self.active & row_ends & (here_left == 1)),
        ]
        with m.If(self.active):
            m.d.sync += running.eq(~self.last)
            with m.If(row_ends):
                m.d.sync += [row.eq(here + self.step), offset.eq(0), left.eq(here_left - 1)]
            with m.Else():
                m.d.sync += [row.eq(here), offset.eq(here_offset + self.width), left.eq(here_left)]
        return m
