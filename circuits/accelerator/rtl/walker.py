"""Addresses of two nested loops, one a cycle, the first in the cycle in which it is told to go."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal


class Walker(Elaboratable):
    """Vector (o, i) lies at `first + o outer_step + i inner_step`; while `move`, the next follows in the next cycle.

    `active` while there is one, `last` at the last. In the cycle of `go`, which is one of `move`, it is `first`.
    """

    def __init__(self):
        self.go = Signal()
        self.move = Signal(init=1)
        self.first = Signal(32)
        self.inner_step = Signal(32)
        self.outer_step = Signal(32)
        self.inner_count = Signal(16)
        self.outer_count = Signal(16)
        self.address = Signal(32)
        self.active = Signal()
        self.last = Signal()

    def elaborate(self, platform):
        m = Module()
        running = Signal()
        address = Signal(32)
        row = Signal(32)
        i = Signal(16)
        o = Signal(16)
        here = Signal(32)
        here_i = Signal(16)
        here_o = Signal(16)
        next_row = Signal(32)
        row_ends = Signal()
        m.d.comb += [
            here.eq(Mux(self.go, self.first, row)),
            here_i.eq(Mux(self.go, 0, i)),
            here_o.eq(Mux(self.go, 0, o)),
            self.address.eq(Mux(self.go, self.first, address)),
            self.active.eq(self.go | running),
            row_ends.eq(here_i == self.inner_count - 1),
            self.last.eq(self.active & row_ends & (here_o == self.outer_count - 1)),
            next_row.eq(here + self.outer_step),
        ]
        with m.If(self.active & self.move):
            m.d.sync += running.eq(~self.last)
            with m.If(row_ends):
                m.d.sync += [i.eq(0), o.eq(here_o + 1), row.eq(next_row), address.eq(next_row)]
            with m.Else():
                m.d.sync += [i.eq(here_i + 1), o.eq(here_o), row.eq(here), address.eq(self.address + self.inner_step)]
        return m
