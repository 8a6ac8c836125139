"""What a program costs on a systolic array, layer by layer.

    energy = products E_mac + registers E_register + bytes of every memory + bytes over wires + clock cycles + leak time

Energies of arithmetic, SRAM and DRAM are those of `circuits.energy.memory_levels`, at 0.9 V; the switched ones follow
V^2. A product with an input of 0 does not switch its multiplier: a network of membranes pays for the spikes that come.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from circuits.accelerator.layer_counts import DRAM, LayerCounts
from circuits.accelerator.machine import Machine, Memory
from circuits.energy.memory_levels import (
    DRAM_BIT,
    SRAM_BITS,
    at_other_supply,
    integer_add,
    integer_multiply,
    multiply_accumulate,
    sram_bit,
)
from circuits.ledger import Entry, Ledger
from circuits.tables import NOT_IN_FILE
from circuits.units import Hertz, Joules, Metres, Volts, Watts, freeze_si, require

HOROWITZ = "Horowitz, ISSCC 2014, 45 nm, 0.9 V"
WORD, MULTIPLIER = 32, 16  # bits of a sum, and of the number that it is multiplied by
PRODUCTS_OF = {
    "act": 1,
    "spikes": 5,
    "potential": 5,
}  # of an element in the vector unit; a membrane's v, w twice, gain, rho
REGISTER_BITS = 8 + 32  # that a product writes: the input goes on to the next column, the sum to the next row
HELD_BITS = 8 + 8 + 32  # registers of an element: weight, input, sum


@dataclass(frozen=True)
class DigitalCosts:
    """Energies of what has no law, at the supply of the file; `sources` by dotted key of the chip's file."""

    register_bit: Joules
    clock_register: Joules
    wire_bit_m: Joules  # a bit over a metre
    wire: Metres
    leak_bit: Watts
    leak_gate: Watts
    control_gates: int
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, metadata=NOT_IN_FILE)

    def __post_init__(self):
        freeze_si(self)
        for name in ("register_bit", "clock_register", "wire_bit_m", "wire", "leak_bit", "leak_gate", "control_gates"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")


@dataclass(frozen=True)
class Bill:
    """What a ledger is made for: a machine of so many gates, at a clock and a supply; its costs hold at `known_at`."""

    machine: Machine
    costs: DigitalCosts
    clock: Hertz
    v_dd: Volts
    known_at: Volts
    gates: float

    def ledger(self, layers: Mapping[str, tuple[LayerCounts, str, float]]) -> Ledger[float]:
        """Of all layers: what each counts, how it finishes, and the share of its inputs that is not 0."""
        return sum((self._layer(*entry).labelled(layer=name) for name, entry in layers.items()), Ledger())

    def _layer(self, counts: LayerCounts, finish: str, density: float) -> Ledger[float]:
        return Ledger((*self._array(counts, density), *self._vector(counts, finish), *self._memories(counts),
                       *self._time(counts)))  # fmt: skip

    def _array(self, counts: LayerCounts, density: float) -> list[Entry[float]]:
        active = counts.products * density
        registers = self._switched(self.costs.register_bit)
        source = self.costs.sources.get("costs.register_bit_j", "")
        return [
            Entry(
                "products",
                active,
                at_other_supply(multiply_accumulate(8, WORD), self.v_dd),
                per="product",
                source=HOROWITZ,
            ),
            Entry("array_registers", counts.products * REGISTER_BITS, registers, per="bit", source=source),
        ]

    def _vector(self, counts: LayerCounts, finish: str) -> list[Entry[float]]:
        product = integer_multiply(WORD) * MULTIPLIER / WORD + integer_add(WORD)
        times = counts.vector * PRODUCTS_OF[finish]
        source = f"{HOROWITZ}; 32 by 16 bits ASSUMED half of 32 by 32"
        return [Entry("vector_unit", times, at_other_supply(product, self.v_dd), per="product", source=source)]

    def _memories(self, counts: LayerCounts) -> list[Entry[float]]:
        found = []
        for memory in Memory:
            name = memory.name.lower()
            bits = 8 * (counts.read.get(name, 0) + counts.written.get(name, 0))
            found.append(
                Entry(f"{name}_sram", bits, self._sram_bit(memory), per="bit", source=f"{HOROWITZ}; a write as a read")
            )
        moved = 8 * (counts.read.get(DRAM, 0) + counts.written.get(DRAM, 0))
        found.append(Entry("dram", moved, DRAM_BIT, per="bit", source=HOROWITZ))
        to_array = 8 * sum(counts.read.get(name, 0) for name in ("activations", "weights"))
        each, source = (
            self._switched(self.costs.wire_bit_m * self.costs.wire),
            self.costs.sources.get("costs.wire_bit_m_j", ""),
        )
        return [*found, Entry("wires", to_array, each, per="bit", source=source)]

    def _sram_bit(self, memory: Memory) -> Joules:
        """Of one bank; the law ends at 8 kB and 1 MB, a smaller or larger one costs as those."""
        size = self.machine.size(memory) * (8 if memory != Memory.SUMS else WORD * self.machine.columns) / 2
        return at_other_supply(sram_bit(min(max(size, SRAM_BITS[0]), SRAM_BITS[1])), self.v_dd)

    def _time(self, counts: LayerCounts) -> list[Entry[float]]:
        costs, machine = self.costs, self.machine
        registers = machine.rows * machine.columns * HELD_BITS
        clocked = self._switched(costs.clock_register) * registers
        seconds, supply = counts.cycles / self.clock, self.v_dd / self.known_at
        source = costs.sources.get
        return [
            Entry("clock", counts.cycles, clocked, per="cycle", source=source("costs.clock_register_j", "")),
            Entry("memory_leak", seconds, costs.leak_bit * supply * memory_bits(machine), "static", "second",
                  source("costs.leak_bit_w", "")),
            Entry("logic_leak", seconds, costs.leak_gate * supply * self.gates, "static", "second",
                  source("costs.leak_gate_w", "")),
        ]  # fmt: skip

    def _switched(self, energy: Joules) -> Joules:
        return energy * (self.v_dd / self.known_at) ** 2


def memory_bits(machine: Machine) -> int:
    """Of all memories on the chip."""
    bytes_ = sum(machine.size(memory) for memory in Memory if memory != Memory.SUMS)
    return 8 * bytes_ + WORD * machine.sums * machine.columns
