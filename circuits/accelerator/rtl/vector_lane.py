"""The vector unit's part of one column: bias and limits of 8 bits, a maximum, or one membrane."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal, Value, signed

from circuits.accelerator.instructions import LIF_WORDS
from circuits.accelerator.rtl.membrane_logic import (
    FACTOR_BITS,
    adaptation,
    as_byte,
    potential,
    rounded_to_even,
)
from circuits.quantised.integers import SHIFT

MULTIPLIER = "decay"  # the second word of a column, for ACT as for LIF


class VectorLane(Elaboratable):
    """Two multipliers serve all: `act` in two stages, a membrane in two phases of one cycle each.

    ACT        stage 1: product = (sum + bias) multiplier;          stage 2: `byte` = clip(round_half_even(product))
    LIF        phase 1: v = max(sat(leak + 2^8 sum + bias), floor); phase 2: `spike`, w, and v = 0 after a spike
    MAX, ADD   `merged` = max(sum, x), or sum + x; x alone unless `accumulate`

    Parameters and state are registers that whoever drives `load` fills, word by word.
    """

    def __init__(self):
        self.act = Signal()
        self.first = Signal()
        self.second = Signal()
        self.spiking = Signal()
        self.signed = Signal()
        self.accumulate = Signal()
        self.adds = Signal()
        self.sum = Signal(signed(32))
        self.x = Signal(8)
        self.words = {name: Signal(signed(32), name=name) for name in (*LIF_WORDS[:-1], "v", "w")}
        self.loads = {name: Signal(name=f"load_{name}") for name in self.words}
        self.loaded = {name: Signal(32, name=f"loaded_{name}") for name in self.words}
        self.byte = Signal(8)
        self.spike = Signal()
        self.merged = Signal(signed(32))

    def elaborate(self, platform):
        m = Module()
        for name, word in self.words.items():
            with m.If(self.loads[name]):
                m.d.sync += word.eq(self.loaded[name])
        one, other = self._products(m)
        self._requantise(m, one)
        self._membrane(m, one, other)
        x = Mux(self.signed, self.x.as_signed(), self.x)
        more = Mux(self.adds, self.sum + x, Mux(self.sum > x, self.sum, x))
        m.d.comb += self.merged.eq(Mux(self.accumulate, more, x))
        return m

    def _products(self, m: Module) -> tuple[Signal, Signal]:
        """Phase 1: v decay and w (2^16 - decay). Phase 2: w rho and v gain. ACT: (sum + bias) multiplier."""
        v, w, decay, rho, gain, bias = (self.words[name] for name in ("v", "w", "decay", "rho", "gain", "bias"))
        left = Signal(signed(33))
        factor = Signal(FACTOR_BITS)
        right = Signal(signed(32))
        other_factor = Signal(signed(32))
        m.d.comb += [
            left.eq(Mux(self.act, self.sum + bias, Mux(self.second, w, v))),
            factor.eq(Mux(self.second, rho, decay)),
            right.eq(Mux(self.second, v, w)),
            other_factor.eq(Mux(self.second, gain, (1 << SHIFT) - decay[:FACTOR_BITS])),
        ]
        one = Signal(signed(33 + FACTOR_BITS))
        other = Signal(signed(64))
        m.d.comb += [one.eq(left * factor), other.eq(right * other_factor)]
        return one, other

    def _requantise(self, m: Module, product: Value) -> None:
        held = Signal.like(product, name="product")
        m.d.sync += held.eq(product)
        m.d.comb += self.byte.eq(as_byte(m, rounded_to_even(held), self.signed, "clipped"))

    def _membrane(self, m: Module, one: Value, other: Value) -> None:
        v, w, words = self.words["v"], self.words["w"], self.words
        risen = potential(m, one, other, self.sum, words["bias"], words["v_floor"], "risen")
        adapted = adaptation(m, one, other, words["jump"], self.spike, "adapted")
        m.d.comb += self.spike.eq(self.spiking & (v > words["v_threshold"]))
        with m.If(self.first):
            m.d.sync += v.eq(risen)
        with m.Elif(self.second & self.spiking):
            m.d.sync += [w.eq(adapted), v.eq(Mux(self.spike, 0, v))]
