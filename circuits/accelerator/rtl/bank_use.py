"""Which banks an instruction reads or writes, as logic: a bit for each half of each memory."""

from amaranth.hdl import Elaboratable, Module, Mux, Signal, Value

from circuits.accelerator.instructions import (
    PARAMETERS_OF_ACT,
    PARAMETERS_OF_LIF,
    STATE_WORDS,
    Act,
    Add,
    Instruction,
    Lif,
    Load,
    Mac,
    Max,
    Pad,
    Store,
)
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.rtl.operands import BITS, is_a, is_one_of, operand

BANKS = 2 * len(Memory)


class BankUse(Elaboratable):
    """`banks` bit 2 memory + half: whether any byte from the first to the last that it touches lies there."""

    def __init__(self, machine: Machine):
        self.machine = machine
        self.instruction = Signal(BITS)
        self.banks = Signal(BANKS)

    def elaborate(self, platform):
        m = Module()
        with m.If(is_one_of(self.instruction, Load, Pad)):
            self._rows(m)
        with m.Elif(is_a(self.instruction, Store)):
            self._span(m, Memory.ACTIVATIONS, self._of(Store, "address"), self._block(Store))
        with m.Elif(is_a(self.instruction, Mac)):
            self._span(m, Memory.WEIGHTS, self._of(Mac, "weights"), self._of(Mac, "rows") * self.machine.columns)
            self._vectors(m, Mac, self._of(Mac, "rows"))
        with m.Elif(is_one_of(self.instruction, Max, Add)):
            self._vectors(m, Max, self._of(Max, "columns"))
        with m.Elif(is_a(self.instruction, Act)):
            self._parameters(m, Act, 4 * PARAMETERS_OF_ACT)
            self._vectors(m, Act, self._of(Act, "columns"))
        with m.Elif(is_a(self.instruction, Lif)):
            self._membranes(m)
        return m

    def _of(self, kind: type[Instruction], name: str) -> Value:
        return operand(self.instruction, kind, name)

    def _span(self, m: Module, memory: Memory, first: Value, count: Value) -> None:
        """`count` bytes, of sums rows, from `first`."""
        last, half = Signal(32, name=f"last_of_{memory.name.lower()}"), self.machine.size(memory) // 2
        m.d.comb += [
            last.eq(first + count - 1),
            self.banks[2 * memory].eq(first < half),
            self.banks[2 * memory + 1].eq(last >= half),
        ]

    def _block(self, kind: type[Instruction]) -> Value:
        """From the first byte of the first row to the last of the last."""
        return (self._of(kind, "rows") - 1) * self._of(kind, "step") + self._of(kind, "row_bytes")

    def _rows(self, m: Module) -> None:
        pads = is_a(self.instruction, Pad)
        first = Mux(pads, self._of(Pad, "address"), self._of(Load, "address"))
        count = Signal(32, name="block")
        m.d.comb += count.eq(Mux(pads, self._block(Pad), self._block(Load)))
        for memory in Memory:
            with m.If(self._of(Load, "memory") == memory):
                self._span(m, memory, first, count)

    def _vectors(self, m: Module, kind: type[Instruction], width: Value) -> None:
        """A walk through the activations, `width` bytes at each vector, and a row of sums for each."""
        inner, outer = self._of(kind, "inner_count"), self._of(kind, "outer_count")
        steps = (inner - 1) * self._of(kind, "inner_step") + (outer - 1) * self._of(kind, "outer_step")
        self._span(m, Memory.ACTIVATIONS, self._of(kind, "activations"), steps + width)
        self._span(m, Memory.SUMS, self._of(kind, "sums"), inner * outer)

    def _parameters(self, m: Module, kind: type[Instruction], size: int) -> None:
        self._span(m, Memory.PARAMETERS, self._of(kind, "parameters"), size * self._of(kind, "columns"))

    def _membranes(self, m: Module) -> None:
        columns, steps = self._of(Lif, "columns"), self._of(Lif, "step_count")
        width = Mux(self._of(Lif, "potential"), columns << 2, columns)
        self._parameters(m, Lif, 4 * PARAMETERS_OF_LIF)
        self._span(m, Memory.STATE, self._of(Lif, "state"), 4 * STATE_WORDS * columns)
        self._span(m, Memory.SUMS, self._of(Lif, "sums"), steps)
        self._span(m, Memory.ACTIVATIONS, self._of(Lif, "activations"), (steps - 1) * self._of(Lif, "step") + width)
