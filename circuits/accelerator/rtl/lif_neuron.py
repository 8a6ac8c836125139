"""A digital neuron by itself: one membrane of circuits.quantised.integers, a time step in each cycle of `step`."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal, signed

from circuits.accelerator.instructions import LIF_WORDS
from circuits.accelerator.rtl.membrane_logic import FACTOR_BITS, adaptation, potential
from circuits.quantised.integers import SHIFT

PARAMETERS = LIF_WORDS[:-1]


class LifNeuron(Elaboratable):
    """In a cycle of `step` the drive is taken in; a cycle later `v`, `w` and `spike` are those behind the step.

    `v = max(sat((v decay - w (2^16 - decay) + 2^15) // 2^16 + 2^8 drive + bias), v_floor)`, and 0 after a spike,
    which is where v > v_threshold; `w = sat((w rho + v gain + 2^15) // 2^16 + jump spike)`. A readout: not `spiking`.
    """

    def __init__(self):
        self.step = Signal()
        self.spiking = Signal(init=1)
        self.drive = Signal(signed(32))
        self.parameters = {name: Signal(signed(32), name=name) for name in PARAMETERS}
        self.v = Signal(signed(32))
        self.w = Signal(signed(32))
        self.spike = Signal()

    def elaborate(self, platform):
        m, p = Module(), self.parameters
        decay, rho = p["decay"][:FACTOR_BITS], p["rho"][:FACTOR_BITS]
        leak = self.w * ((1 << SHIFT) - decay)
        v = potential(m, self.v * decay, leak, self.drive, p["bias"], p["v_floor"], "risen")
        spike = Signal(name="fires")
        m.d.comb += spike.eq(self.spiking & (v > p["v_threshold"]))
        w = adaptation(m, self.w * rho, v * p["gain"], p["jump"], spike, "adapted")
        with m.If(self.step):
            m.d.sync += [self.v.eq(Mux(spike, 0, v)), self.spike.eq(spike)]
            with m.If(self.spiking):
                m.d.sync += self.w.eq(w)
        return m

    def ports(self) -> dict[str, Signal]:
        named = ("step", "spiking", "drive", "v", "w", "spike")
        return {name: getattr(self, name) for name in named} | self.parameters
