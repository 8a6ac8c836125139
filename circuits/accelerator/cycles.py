"""When each instruction begins and ends: two units side by side, and instructions that begin in order.

    begin = first cycle behind the last begin at which its unit is idle and its banks are free;   end = begin + work

    LOAD, STORE   dram_latency + rows ceil(row_bytes / dram_width)        PAD   rows ceil(row_bytes / columns)
    MAC   rows + (rows + T + columns - 2): a tile goes into the array, then T inputs through it, each a cycle later in
          the next row and column;   MAX, ADD   T + 1;   ACT   T + 3;   LIF   2 T + 10: the vector unit reads
          parameters a word a column and a cycle, 2 words for ACT, 8 for LIF, and LIF writes 2 of state at its end

rows and columns are the array's, however little of it a tile fills. A unit is free for an instruction that begins
after `end`. Source of a MAC's cycles: SCALE-Sim, weight-stationary (Samajdar et al., arXiv 1811.02883).
"""

from dataclasses import dataclass

import numpy as np

from circuits.accelerator.accesses import banks
from circuits.accelerator.instructions import (
    PARAMETERS_OF_ACT,
    PARAMETERS_OF_LIF,
    STATE_WORDS,
    Act,
    Add,
    End,
    Instruction,
    Lif,
    Load,
    Mac,
    Max,
    Pad,
    Store,
)
from circuits.accelerator.machine import Machine
from circuits.accelerator.program import Program

MOVES = (Load, Store, Pad)


@dataclass(frozen=True, eq=False)
class Schedule:
    """Cycles of each instruction, `(instruction,)`; `moves` says which of the two units runs it.

    `begin` of END is the length of the program.
    """

    begin: np.ndarray
    end: np.ndarray
    moves: np.ndarray

    @property
    def cycles(self) -> int:
        """Of the whole program."""
        return int(self.begin[-1])


def work_of(one: Instruction, machine: Machine) -> int:
    """Cycles that an instruction takes behind the one in which it begins."""
    match one:
        case Load() | Store():
            return machine.dram_latency + one.rows * -(-one.row_bytes // machine.dram_width)
        case Pad():
            return one.rows * -(-one.row_bytes // machine.columns)
        case Mac():
            return mac_cycles(machine.rows, machine.columns, one.inner_count * one.outer_count)
        case Max() | Add():
            return one.inner_count * one.outer_count + 1
        case Act():
            return one.inner_count * one.outer_count + 1 + PARAMETERS_OF_ACT
        case Lif():
            return 2 * one.step_count + PARAMETERS_OF_LIF + STATE_WORDS
    return 0


def mac_cycles(rows: int, columns: int, n_inputs: int) -> int:
    """Of one tile: the weights go in, then the inputs go through."""
    return rows + rows + n_inputs + columns - 2


def schedule(program: Program) -> Schedule:
    """The schedule of a program; data change nothing of it."""
    machine, instructions = program.machine, program.instructions
    begins, ends, moves = [], [], []
    free, held = [0, 0], [0, 0]  # of the mover and of the computer: when it is idle again, and the banks it takes
    now = -1
    for one in instructions:
        unit = 0 if isinstance(one, MOVES) else 1
        now += 1
        if isinstance(one, End):
            now = max(now, *free)
            unit, work, taken = 1, 0, 0
        else:
            work, taken = work_of(one, machine), banks(one, machine)
            now = max(now, free[unit])
            if taken & held[1 - unit]:
                now = max(now, free[1 - unit])
        free[unit], held[unit] = now + work + 1, taken
        begins.append(now)
        ends.append(now + work)
        moves.append(unit == 0)
    return Schedule(np.array(begins), np.array(ends), np.array(moves))
