"""Where the constants of a layer lie in DRAM: for each block of columns its tiles of weights, then its parameters.

A tile has a row of the array's columns for each of its rows; a narrow block is filled up with zeros.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from circuits.accelerator.layer_work import LayerWork, Tap
from circuits.accelerator.machine import Machine


@dataclass(frozen=True)
class Block:
    """Columns `start` to `stop` of a layer: its tiles, and where they begin in DRAM.

    `recurrent`: those of the spikes of the step before, behind the others.
    """

    start: int
    stop: int
    taps: tuple[Tap, ...]
    recurrent: tuple[Tap, ...]
    weights: int  # address in DRAM
    parameters: int

    @property
    def columns(self) -> int:
        return self.stop - self.start

    @property
    def n_rows(self) -> int:
        """Of all tiles."""
        return sum(tap.rows for tap in (*self.taps, *self.recurrent))


@dataclass(frozen=True)
class Group:
    """Tiles that are loaded at once: `first` counts the rows of the block before them."""

    taps: tuple[Tap, ...]
    first: int

    @property
    def n_rows(self) -> int:
        return sum(tap.rows for tap in self.taps)


def blocks_of(work: LayerWork, machine: Machine, address: int) -> tuple[tuple[Block, ...], int]:
    """The blocks of a layer from an address on, and the address behind them."""
    found = []
    for start, stop in work.blocks(machine.columns):
        taps = tuple(work.taps((start, stop), machine.rows))
        recurrent = tuple(_recurrent(work, machine.rows)) if work.recurrent else ()
        n_rows = 0 if work.weightless else sum(tap.rows for tap in (*taps, *recurrent))
        parameters = address + n_rows * machine.columns
        found.append(Block(start, stop, taps, recurrent, address, parameters))
        address = parameters + (stop - start) * work.parameter_bytes
    return tuple(found), address


def _recurrent(work: LayerWork, rows: int) -> Iterator[Tap]:
    for first in range(0, work.n_out, rows):
        yield Tap(0, 0, first, min(rows, work.n_out - first))


def groups(taps: tuple[Tap, ...], machine: Machine, most: int | None = None) -> list[Group]:
    """Tiles in groups that fit into a bank of weights, and have at most `most` rows if that is given."""
    rows = machine.weights // 2 // machine.columns
    most = rows if most is None else min(rows, most)
    found: list[Group] = []
    held: list[Tap] = []
    first = used = 0
    for tap in taps:
        if used + tap.rows > most:
            found.append(Group(tuple(held), first))
            first, held, used = first + used, [], 0
        held.append(tap)
        used += tap.rows
    return [*found, Group(tuple(held), first)]
