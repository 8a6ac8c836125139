"""What an instruction touches: the span of bytes in each memory, and with it the banks that it takes."""

from typing import NamedTuple

from circuits.accelerator.instructions import Act, Add, Instruction, Lif, Load, Mac, Max, Pad, Store
from circuits.accelerator.machine import Machine, Memory
from circuits.errors import InputError


class Span(NamedTuple):
    """From `first` to before `stop`; bytes, of sums rows. `memory` None: DRAM."""

    memory: Memory | None
    first: int
    stop: int


def spans(one: Instruction, machine: Machine) -> list[Span]:
    """All that an instruction reads or writes, one span a memory; both ends of each are touched."""
    match one:
        case Load():
            return [_rows(one.memory, one.address, one.rows, one.step, one.row_bytes),
                    _rows(None, one.dram, one.rows, one.dram_step, one.row_bytes)]  # fmt: skip
        case Store():
            return [_rows(Memory.ACTIVATIONS, one.address, one.rows, one.step, one.row_bytes),
                    _rows(None, one.dram, one.rows, one.dram_step, one.row_bytes)]  # fmt: skip
        case Pad():
            return [_rows(one.memory, one.address, one.rows, one.step, one.row_bytes)]
        case Mac():
            tile = Span(Memory.WEIGHTS, one.weights, one.weights + one.rows * machine.columns)
            return [tile, _walk(one, one.rows), _sums(one)]
        case Max() | Add():
            return [_walk(one, one.columns), _sums(one)]
        case Act():
            about = Span(Memory.PARAMETERS, one.parameters, one.parameters + 8 * one.columns)
            return [_sums(one), about, _walk(one, one.columns)]
        case Lif():
            row = one.columns * (4 if one.potential else 1)
            return [Span(Memory.SUMS, one.sums, one.sums + one.step_count),
                    Span(Memory.PARAMETERS, one.parameters, one.parameters + 32 * one.columns),
                    Span(Memory.STATE, one.state, one.state + 8 * one.columns),
                    _rows(Memory.ACTIVATIONS, one.activations, one.step_count, one.step, row)]  # fmt: skip
    return []


def _rows(memory: Memory | None, first: int, rows: int, step: int, row_bytes: int) -> Span:
    return Span(memory, first, first + max(rows - 1, 0) * step + row_bytes if rows else first)


def _walk(one: Mac | Max | Add | Act, n_bytes: int) -> Span:
    last = (one.outer_count - 1) * one.outer_step + (one.inner_count - 1) * one.inner_step
    return Span(Memory.ACTIVATIONS, one.activations, one.activations + last + n_bytes)


def _sums(one: Mac | Max | Add | Act) -> Span:
    return Span(Memory.SUMS, one.sums, one.sums + one.inner_count * one.outer_count)


def banks(one: Instruction, machine: Machine) -> int:
    """The banks that an instruction takes, a bit each: 2 memory + bank."""
    found = 0
    for memory, first, stop in spans(one, machine):
        if memory is not None and stop > first:
            half = machine.size(memory) // 2
            found |= 1 << 2 * memory + (first >= half) | 1 << 2 * memory + (stop > half)
    return found


def require_inside(instructions: tuple[Instruction, ...], machine: Machine, dram_bytes: int) -> None:
    """Raise InputError naming the first instruction that reaches beyond a memory, or that no hardware could run."""
    for number, one in enumerate(instructions):
        for memory, first, stop in spans(one, machine):
            name = "DRAM" if memory is None else memory.name.lower()
            size = dram_bytes if memory is None else machine.size(memory)
            if stop > size:
                _refuse(number, one, f"reaches byte or row {stop - 1:,} of {name}, which ends at {size - 1:,}")
            if stop <= first:
                _refuse(number, one, f"touches nothing of {name}: its counts must be at least 1")
        for side, most in (("rows", machine.rows), ("columns", machine.columns)):
            if isinstance(one, Mac | Max | Add | Act | Lif) and getattr(one, side, 1) > most:
                _refuse(number, one, f"asks for {getattr(one, side)} {side}, the array has {most}")
        if isinstance(one, Load | Pad) and one.memory == Memory.SUMS:
            _refuse(number, one, "names the sums, which nothing loads: MAC, MAX and ADD begin them")


def _refuse(number: int, one: Instruction, why: str) -> None:
    raise InputError(f"instruction {number}, {type(one).__name__.upper()}: it {why}; compile the network again")
