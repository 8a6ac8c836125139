"""What limits an array that averages, over its rows, columns and bits: area of converters, and the voltages left to it.

    share of converters = A_ADC(b) / (A_ADC(b) + rows A_cell)                   of cells and converters
    averages            = s / sqrt(N),   mismatch = sigma s / sqrt(N)           deviations, of full scale; N rows
    step                = 4 s / sqrt(N) / (2^(b-1) - 1)                         where the range follows the averages
    energy of a product = E_DAC / columns + (E_line(rows) + E_ADC(b)) / rows

with inputs spread evenly over the range (root mean square s) and signs by chance. More rows average mismatch better,
but what is to be told apart shrinks alike: over the averages the mismatch stays at sigma, and the step in volts falls
as 1/sqrt(N) until offsets and noise of a converter exceed it. Where the range stays at full scale, rounding costs
sqrt(N).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from circuits.chips.sram_average import SramAverage
from circuits.energy.converters import adc_area, adc_energy, dac_energy, line_energy
from circuits.errors import InputError
from circuits.nonideal.bit_line_average import mismatch_error
from circuits.nonideal.integrating_converter import largest_code
from circuits.units import Joules, SquareMetres

INPUT = math.sqrt(1 / 3)  # root mean square of values spread evenly over the range
REACH = 4.0  # deviations of the averages that the range holds; ASSUMED: 6 in 100,000 lie outside
ROWS, COLUMNS, BITS = (16, 32, 64, 128, 256, 512, 1024), (16, 64, 256), (4, 6, 8)


@dataclass(frozen=True)
class ScalingPoint:
    """One size of array. Voltages are over full scale of the lines, errors over the deviation of the sums."""

    rows: int
    columns: int
    bits: int  # of the converter
    area_m2: SquareMetres
    converter_share: float
    mismatch: float  # voltage
    step: float  # voltage, where the range follows the averages
    error: float  # of mismatch and rounding, where the range follows the averages
    error_of_full_range: float  # where it does not
    product_j: Joules


def scaling_point(chip: SramAverage, rows: int, columns: int, bits: int) -> ScalingPoint:
    """An array of this size out of the parts of a chip. Raises: InputError for an impossible size."""
    if not (isinstance(columns, int) and columns >= 1):
        raise InputError(f"an array has at least 1 column, got {columns}")
    v_dd, converter = chip.supply, adc_area(bits)
    cells, read = rows * chip.array.cell, line_energy(rows, v_dd) + adc_energy(bits, v_dd)
    averages, top, sigma = INPUT / math.sqrt(rows), largest_code(bits), chip.errors.cell
    step = REACH * averages / top
    return ScalingPoint(
        rows=rows,
        columns=columns,
        bits=bits,
        area_m2=columns * (converter + cells),
        converter_share=converter / (converter + cells),
        mismatch=float(mismatch_error(sigma, INPUT, rows)),
        step=step,
        error=math.hypot(sigma, _rounding(step) / averages),
        error_of_full_range=math.hypot(sigma, _rounding(1 / top) / averages),
        product_j=dac_energy(chip.array.driver_bits, v_dd) / columns + read / rows,
    )


def scaling_points(
    chip: SramAverage, rows: Sequence[int] = ROWS, columns: Sequence[int] = COLUMNS, bits: Sequence[int] = BITS
) -> tuple[ScalingPoint, ...]:
    """Every size of array that these make, rows innermost. Raises: as `scaling_point`."""
    return tuple(scaling_point(chip, n, m, b) for b in bits for m in columns for n in rows)


def scaling_rows(points: Sequence[ScalingPoint]) -> list[dict[str, Any]]:
    """One record for each, as tables and JSON show it."""
    return [asdict(point) for point in points]


def _rounding(step: float) -> float:
    """Deviation of what a converter rounds."""
    return step / math.sqrt(12)
