"""Cells and silicon of a memory: one cell a bit, six transistors a cell.

    cells = values x bits,   transistors = 6 cells,   area = cells x area of one

62 million weights of 8 bits, those of AlexNet, are 496 million cells and 2.976 billion transistors. The area is of the
cells alone: rows, columns and sense amplifiers come on top.
"""

import math
from dataclasses import dataclass

from circuits.errors import InputError
from circuits.units import SquareMetres

TRANSISTORS = 6
UM2: SquareMetres = 1e-12
CELLS: dict[str, SquareMetres] = {  # by process, with the source of each
    "intel-65nm": 0.57 * UM2,  # Bai et al., IEDM 2004, in its title
    "ibm-22nm": 0.1 * UM2,  # Haran et al., IEDM 2008, in its title
    "neurosim-22nm": 0.448 * UM2,  # NeuroSim Param.cpp: 10 F x 28 F, F = 40 nm; a cell laid out for computing in memory
    "neurosim-14nm": 0.334 * UM2,  # NeuroSim Param.cpp: 10.6 F x 30.8 F, F = 32 nm
}


@dataclass(frozen=True)
class MemoryArea:
    """What a memory is made of."""

    cells: int
    transistors: int
    area: SquareMetres


def memory_area(values: int, bits: int, cell: SquareMetres, transistors: int = TRANSISTORS) -> MemoryArea:
    """Cells, transistors and area (m^2) of so many values; `cell`: area of one bit, from `CELLS` or a data sheet.

    Raises: InputError for a memory without values or bits, or a cell without area.
    """
    for name, count in {"values": values, "bits of a value": bits, "transistors of a cell": transistors}.items():
        if not (isinstance(count, int) and count >= 1):
            raise InputError(f"{name} of a memory must be a whole number of at least 1, got {count}")
    if not 0 < cell < math.inf:
        known = ", ".join(f"{name} {area / UM2:g} um^2" for name, area in CELLS.items())
        raise InputError(f"the area of a cell must be positive and finite, got {cell} m^2; known: {known}")
    return MemoryArea(values * bits, transistors * values * bits, values * bits * cell)
