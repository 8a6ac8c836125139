"""What a program costs, layer by layer: cycles, stalls, products, and bytes to and from every memory."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from circuits.accelerator.cycles import Schedule
from circuits.accelerator.instruction_table import Alike, alike
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
from circuits.accelerator.program import Program

DRAM = "dram"
NAMES = (*(memory.name.lower() for memory in Memory), DRAM)


@dataclass
class LayerCounts:
    """Of one inference.

    cycles: from the end of the layer before to its own.   computing, moving: cycles in which a unit is busy.
    macs: products of the layer itself.   products: those that the array makes, zeros of a tile included.
    vector: elements that the vector unit makes.   read, written: bytes by memory, "dram" among them.
    """

    name: str
    kind: str
    macs: int
    cycles: int = 0
    computing: int = 0
    moving: int = 0
    products: int = 0
    vector: int = 0
    read: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)

    @property
    def stalls(self) -> int:
        """Cycles in which nothing is computed: the array waits for bytes."""
        return self.cycles - self.computing

    def utilisation(self, machine: Machine) -> float:
        """Share of the products that the whole array could have made in that time."""
        return self.macs / (self.cycles * machine.rows * machine.columns) if self.cycles else 0.0


def layer_counts(program: Program, times: Schedule) -> tuple[LayerCounts, ...]:
    """One record a layer."""
    n, layer = len(program.works), program.layer_of
    busy = (times.end - times.begin + 1) * (np.arange(len(layer)) < len(layer) - 1)  # END does nothing
    moving, computing = (np.bincount(layer, busy * part, n) for part in (times.moves, ~times.moves))
    totals = _Totals(n)
    for same in alike(program.instructions):
        totals.add(same, layer[same.places], program.machine)
    found = [
        LayerCounts(
            work.name,
            work.kind,
            work.n_macs,
            computing=int(computing[i]),
            moving=int(moving[i]),
            products=int(totals.products[i]),
            vector=int(totals.vector[i]),
            read=totals.of(totals.read, i),
            written=totals.of(totals.written, i),
        )
        for i, work in enumerate(program.works)
    ]
    _share_cycles(found, program, times)
    return tuple(found)


def _share_cycles(found: list[LayerCounts], program: Program, times: Schedule) -> None:
    """Each layer has the cycles from the end of the one before to its own, the last to the end of the program."""
    ends = np.zeros(len(found), np.int64)
    np.maximum.at(ends, program.layer_of[:-1], times.end[:-1] + 1)
    ends[-1] = times.cycles
    before = 0
    for counts, end in zip(found, ends.tolist(), strict=True):
        counts.cycles, before = max(end - before, 0), max(end, before)


class _Totals:
    """Sums by layer, `(layer,)`: of bytes one for each memory, of what is made one each."""

    def __init__(self, n_layers: int):
        self.n = n_layers
        self.read, self.written = ({name: np.zeros(n_layers, np.int64) for name in NAMES} for _ in range(2))
        self.products, self.vector = np.zeros(n_layers, np.int64), np.zeros(n_layers, np.int64)

    def of(self, table: dict[str, np.ndarray], layer: int) -> dict[str, int]:
        """Bytes of one layer, where there are any."""
        return {name: int(sums[layer]) for name, sums in table.items() if sums[layer]}

    def add(self, same: Alike, layer: np.ndarray, machine: Machine) -> None:
        """What all instructions of a kind move and make."""
        kind, one = same.kind, same.operands
        if kind in (Load, Store, Pad):
            self._moved(kind, one, layer)
            return
        n = one.step_count if kind is Lif else one.inner_count * one.outer_count
        elements = n * one.columns
        if kind in (Mac, Max, Add):
            self._bytes(self.read, Memory.ACTIVATIONS, layer, n * (one.rows if kind is Mac else one.columns))
            self._bytes(self.written, Memory.SUMS, layer, 4 * elements)
            self._bytes(self.read, Memory.SUMS, layer, 4 * elements * one.accumulate)
        else:
            words = PARAMETERS_OF_ACT if kind is Act else PARAMETERS_OF_LIF
            self._bytes(self.read, Memory.SUMS, layer, 4 * elements)
            self._bytes(self.read, Memory.PARAMETERS, layer, 4 * words * one.columns)
            size = 1 if kind is Act else 1 + 3 * one.potential
            self._bytes(self.written, Memory.ACTIVATIONS, layer, size * elements)
        if kind is Lif:
            for way in (self.read, self.written):
                self._bytes(way, Memory.STATE, layer, 4 * STATE_WORDS * one.columns)
        if kind is Mac:
            self._bytes(self.read, Memory.WEIGHTS, layer, one.rows * machine.columns)
            np.add.at(self.products, layer, elements * one.rows)
        else:
            np.add.at(self.vector, layer, elements)

    def _moved(self, kind: type[Instruction], one: SimpleNamespace, layer: np.ndarray) -> None:
        n_bytes = one.rows * one.row_bytes
        if kind is Store:
            self._bytes(self.read, Memory.ACTIVATIONS, layer, n_bytes)
            np.add.at(self.written[DRAM], layer, n_bytes)
            return
        if kind is Load:
            np.add.at(self.read[DRAM], layer, n_bytes)
        for memory in Memory:
            self._bytes(self.written, memory, layer, n_bytes * (one.memory == memory))

    def _bytes(self, table: dict[str, np.ndarray], memory: Memory, layer: np.ndarray, n_bytes: np.ndarray) -> None:
        np.add.at(table[NAMES[memory]], layer, n_bytes)
