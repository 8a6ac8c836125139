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
from typing import Any

import numpy as np

from circuits.accelerator.accesses import Operands, banks
from circuits.accelerator.instruction_table import alike
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


def work_of(kind: type[Instruction], one: Operands, machine: Machine) -> Any:
    """Cycles that an instruction of a kind takes behind the one in which it begins."""
    if kind in (Load, Store):
        return machine.dram_latency + one.rows * -(-one.row_bytes // machine.dram_width)
    if kind is Pad:
        return one.rows * -(-one.row_bytes // machine.columns)
    if kind is Mac:
        return mac_cycles(machine.rows, machine.columns, one.inner_count * one.outer_count)
    if kind in (Max, Add):
        return one.inner_count * one.outer_count + 1
    if kind is Act:
        return one.inner_count * one.outer_count + 1 + PARAMETERS_OF_ACT
    if kind is Lif:
        return 2 * one.step_count + PARAMETERS_OF_LIF + STATE_WORDS
    return 0


def mac_cycles(rows: int, columns: int, n_inputs: int) -> int:
    """Of one tile: the weights go in, then the inputs go through."""
    return rows + rows + n_inputs + columns - 2


def schedule(program: Program) -> Schedule:
    """The schedule of a program; data change nothing of it."""
    n = len(program.instructions)
    work, taken, unit = np.zeros(n, np.int64), np.zeros(n, np.int64), np.ones(n, np.int64)
    for kind, places, one in alike(program.instructions):
        work[places] = work_of(kind, one, program.machine)
        taken[places] = banks(kind, one, program.machine)
        unit[places] = kind not in MOVES
    begins = _begins(work.tolist(), taken.tolist(), unit.tolist())
    return Schedule(begins, begins + work, unit == 0)


def _begins(work: list[int], taken: list[int], unit: list[int]) -> np.ndarray:
    """The cycle in which each begins; the last, END, when both units are idle."""
    begins = []
    free, held = [0, 0], [0, 0]  # of the mover and of the computer: when it is idle again, and the banks it takes
    now = -1
    for cycles, banks_taken, own in zip(work[:-1], taken[:-1], unit[:-1], strict=True):
        now = max(now + 1, free[own])
        if banks_taken & held[1 - own]:
            now = max(now, free[1 - own])
        free[own], held[own] = now + cycles + 1, banks_taken
        begins.append(now)
    return np.array([*begins, max(now + 1, *free)], np.int64)
