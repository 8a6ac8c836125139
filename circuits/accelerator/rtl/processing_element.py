"""One element of the array: a weight that stays, an input that passes to the right, a partial sum that moves down."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal, signed

INPUT_BITS = 9  # an input is int8 or uint8: both are signed numbers of 9 bits
WEIGHT_BITS, SUM_BITS = 8, 32


class ProcessingElement(Elaboratable):
    """Each cycle `sum_next = sum_in + x weight`, kept in `sum`; `x` is kept for the neighbour on the right.

    While `load`, weights move down by one element a cycle. Nothing is reset: all is written before it counts.
    """

    def __init__(self):
        self.load = Signal()
        self.weight_in = Signal(signed(WEIGHT_BITS))
        self.weight = Signal(signed(WEIGHT_BITS), reset_less=True)
        self.x_in = Signal(signed(INPUT_BITS))
        self.x = Signal(signed(INPUT_BITS), reset_less=True)
        self.sum_in = Signal(signed(SUM_BITS))
        self.sum_next = Signal(signed(SUM_BITS))
        self.sum = Signal(signed(SUM_BITS), reset_less=True)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.sum_next.eq(self.sum_in + self.x_in * self.weight)
        m.d.sync += [
            self.weight.eq(Mux(self.load, self.weight_in, self.weight)),
            self.x.eq(self.x_in),
            self.sum.eq(self.sum_next),
        ]
        return m

    def ports(self) -> dict[str, Signal]:
        return {name: value for name, value in vars(self).items() if isinstance(value, Signal)}
