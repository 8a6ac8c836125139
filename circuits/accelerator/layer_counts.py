"""What a program costs, layer by layer: cycles, stalls, products, and bytes to and from every memory."""

from dataclasses import dataclass, field

from circuits.accelerator.cycles import Schedule
from circuits.accelerator.instructions import STATE_WORDS, Act, Add, Instruction, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.program import Program

DRAM = "dram"


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
    found = [LayerCounts(work.name, work.kind, work.n_macs) for work in program.works]
    ends = [0] * len(found)
    rows = zip(program.instructions, program.layer_of, times.begin, times.end, times.moves, strict=True)
    for one, layer, begin, end, moves in rows:
        counts, busy = found[layer], int(end - begin) + 1
        ends[layer] = max(ends[layer], int(end) + 1)
        counts.moving += busy * bool(moves)
        counts.computing += 0 if moves else busy
        _count(counts, one, program.machine)
    found[-1].computing -= 1  # END computes nothing
    ends[-1] = times.cycles
    before = 0
    for counts, end in zip(found, ends, strict=True):
        counts.cycles, before = max(end - before, 0), max(end, before)
    return tuple(found)


def _count(counts: LayerCounts, one: Instruction, machine: Machine) -> None:
    """Add what an instruction moves and makes."""

    def read(memory: Memory | str, n_bytes: int) -> None:
        _add(counts.read, memory, n_bytes)

    def write(memory: Memory | str, n_bytes: int) -> None:
        _add(counts.written, memory, n_bytes)

    match one:
        case Load():
            read(DRAM, one.rows * one.row_bytes)
            write(one.memory, one.rows * one.row_bytes)
        case Store():
            read(Memory.ACTIVATIONS, one.rows * one.row_bytes)
            write(DRAM, one.rows * one.row_bytes)
        case Pad():
            write(one.memory, one.rows * one.row_bytes)
        case Mac() | Max() | Add():
            n = one.inner_count * one.outer_count
            high = one.rows if isinstance(one, Mac) else one.columns
            read(Memory.ACTIVATIONS, n * high)
            write(Memory.SUMS, 4 * n * one.columns)
            read(Memory.SUMS, 4 * n * one.columns * one.accumulate)
            if isinstance(one, Mac):
                read(Memory.WEIGHTS, one.rows * machine.columns)
                counts.products += n * one.rows * one.columns
            else:
                counts.vector += n * one.columns
        case Act():
            n = one.inner_count * one.outer_count * one.columns
            read(Memory.SUMS, 4 * n)
            read(Memory.PARAMETERS, 8 * one.columns)
            write(Memory.ACTIVATIONS, n)
            counts.vector += n
        case Lif():
            n, state = one.step_count * one.columns, 4 * STATE_WORDS * one.columns
            read(Memory.SUMS, 4 * n)
            read(Memory.PARAMETERS, 32 * one.columns)
            read(Memory.STATE, state)
            write(Memory.STATE, state)
            write(Memory.ACTIVATIONS, n * (4 if one.potential else 1))
            counts.vector += n


def _add(table: dict[str, int], memory: Memory | str, n_bytes: int) -> None:
    name = memory if isinstance(memory, str) else memory.name.lower()
    if n_bytes:
        table[name] = table.get(name, 0) + n_bytes
