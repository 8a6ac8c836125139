"""What an instruction touches: the span of bytes in each memory, and with it the banks that it takes.

Functions of operands take one instruction, or all of a kind as `instruction_table` has them.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from circuits.accelerator.instruction_table import alike
from circuits.accelerator.instructions import Act, Add, End, Instruction, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Machine, Memory
from circuits.errors import InputError

Operands = Instruction | SimpleNamespace
WALKS = (Mac, Max, Add, Act)
ON_ARRAY = (*WALKS, Lif)


class Span(NamedTuple):
    """From `first` to before `stop`; bytes, of sums rows. `memory` None: DRAM."""

    memory: Any  # a Memory or its number, or an array of numbers
    first: Any
    stop: Any


def spans(kind: type[Instruction], one: Operands, machine: Machine) -> list[Span]:
    """All that an instruction of a kind reads or writes, one span a memory; both ends of each are touched."""
    if kind is Load:
        return [_rows(one.memory, one.address, one.rows, one.step, one.row_bytes), _dram(one)]
    if kind is Store:
        return [_rows(Memory.ACTIVATIONS, one.address, one.rows, one.step, one.row_bytes), _dram(one)]
    if kind is Pad:
        return [_rows(one.memory, one.address, one.rows, one.step, one.row_bytes)]
    if kind is Mac:
        tile = Span(Memory.WEIGHTS, one.weights, one.weights + one.rows * machine.columns)
        return [tile, _walk(one, one.rows), _sums(one)]
    if kind in (Max, Add):
        return [_walk(one, one.columns), _sums(one)]
    if kind is Act:
        about = Span(Memory.PARAMETERS, one.parameters, one.parameters + 8 * one.columns)
        return [_sums(one), about, _walk(one, one.columns)]
    if kind is Lif:
        row = one.columns * (1 + 3 * one.potential)
        return [
            Span(Memory.SUMS, one.sums, one.sums + one.step_count),
            Span(Memory.PARAMETERS, one.parameters, one.parameters + 32 * one.columns),
            Span(Memory.STATE, one.state, one.state + 8 * one.columns),
            _rows(Memory.ACTIVATIONS, one.activations, one.step_count, one.step, row),
        ]
    return []


def _dram(one: Operands) -> Span:
    return _rows(None, one.dram, one.rows, one.dram_step, one.row_bytes)


def _rows(memory: Any, first: Any, rows: Any, step: Any, row_bytes: Any) -> Span:
    return Span(memory, first, np.where(rows > 0, first + (rows - 1) * step + row_bytes, first))


def _walk(one: Operands, n_bytes: Any) -> Span:
    last = (one.outer_count - 1) * one.outer_step + (one.inner_count - 1) * one.inner_step
    some = one.inner_count * one.outer_count > 0
    return Span(Memory.ACTIVATIONS, one.activations, np.where(some, one.activations + last + n_bytes, one.activations))


def _sums(one: Operands) -> Span:
    return Span(Memory.SUMS, one.sums, one.sums + one.inner_count * one.outer_count)


def banks(kind: type[Instruction], one: Operands, machine: Machine) -> Any:
    """The banks that an instruction of a kind takes, a bit each: 2 memory + bank."""
    found: Any = 0
    halves = np.array([machine.size(memory) // 2 for memory in Memory])
    for memory, first, stop in spans(kind, one, machine):
        if memory is not None:
            number = np.asarray(memory, np.int64)
            half = halves[number]
            taken = np.left_shift(1, 2 * number + (first >= half)) | np.left_shift(1, 2 * number + (stop > half))
            found = found | np.where(np.asarray(stop) > first, taken, 0)
    return found


def require_runnable(instructions: Sequence[Instruction], machine: Machine, dram_bytes: int) -> None:
    """Raise InputError unless a program ends once, at its end, and stays inside all memories."""
    ends = [place for place, one in enumerate(instructions) if isinstance(one, End)]
    if ends != [len(instructions) - 1]:
        raise InputError(f"a program has one END, behind all else, got {len(ends)} of them; compile the network again")
    require_inside(instructions, machine, dram_bytes)


def require_inside(instructions: Sequence[Instruction], machine: Machine, dram_bytes: int) -> None:
    """Raise InputError naming the first instruction that reaches beyond a memory, or that no hardware could run."""
    wrong: list[tuple[int, str]] = []
    sizes = np.array([machine.size(memory) for memory in Memory])
    for kind, places, one in alike(instructions):
        for memory, first, stop in spans(kind, one, machine):
            size = np.broadcast_to(dram_bytes if memory is None else sizes[np.asarray(memory, np.int64)], places.shape)
            for at in np.flatnonzero(stop > size)[:1]:
                name, end = _name(memory, at), size[at] - 1
                wrong.append((places[at], f"reaches byte or row {stop[at] - 1:,} of {name}, which ends at {end:,}"))
            for at in np.flatnonzero(stop <= first)[:1]:
                name = _name(memory, at)
                wrong.append((places[at], f"touches nothing of {name}: its counts must be at least 1"))
        wrong += _beyond_the_array(kind, places, one, machine)
    if wrong:
        number, why = min(wrong)
        name = type(instructions[number]).__name__.upper()
        raise InputError(f"instruction {number}, {name}: it {why}; compile the network again")


def _beyond_the_array(
    kind: type[Instruction], places: np.ndarray, one: SimpleNamespace, machine: Machine
) -> list[tuple[int, str]]:
    """Tiles larger than the array, and what would load sums."""
    found = []
    for side, most in (("rows", machine.rows), ("columns", machine.columns)):
        if kind in ON_ARRAY and hasattr(one, side):
            asked = getattr(one, side)
            for at in np.flatnonzero(asked > most)[:1]:
                found.append((places[at], f"asks for {asked[at]} {side}, the array has {most}"))
    if kind in (Load, Pad):
        for at in np.flatnonzero(one.memory == Memory.SUMS)[:1]:
            found.append((places[at], "names the sums, which nothing loads: MAC, MAX and ADD begin them"))
    return found


def _name(memory: Any, at: int) -> str:
    if memory is None:
        return "DRAM"
    return Memory(int(np.ravel(memory)[at if np.ndim(memory) else 0])).name.lower()
