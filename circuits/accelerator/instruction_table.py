"""A program as arrays: the instructions of each kind, a column for each operand, so that counting takes no time.

What is said of an instruction by its operands then holds for all of a kind at once: numbers, or arrays of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from circuits.accelerator.instructions import BY_OPCODE, End, Instruction


class Alike(NamedTuple):
    """All instructions of one kind: their places in the program, and their operands by name, int64 `(instruction,)`."""

    kind: type[Instruction]
    places: np.ndarray
    operands: SimpleNamespace


def alike(instructions: Sequence[Instruction]) -> Iterator[Alike]:
    """The kinds that occur, END left out."""
    places: dict[type[Instruction], list[int]] = {kind: [] for kind in BY_OPCODE.values()}
    for place, one in enumerate(instructions):
        places[type(one)].append(place)
    for kind, found in places.items():
        if found and kind is not End:
            yield Alike(kind, np.array(found), operands([instructions[place] for place in found]))


def operands(same: Sequence[Instruction]) -> SimpleNamespace:
    """The operands of instructions of one kind."""
    names = [field.name for field in fields(same[0])]
    rows = np.array([attrgetter(*names)(one) for one in same], np.int64)
    return SimpleNamespace(**dict(zip(names, rows.T, strict=True)))
