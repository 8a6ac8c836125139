"""Converters and lines of a memory that computes: energy, delay and area of what stands around an analog array.

    ADC:  energy = (100 fF b + 0.001 fF 4^b) V^2,   delay = b (6.53 ps rows + 640 ps),
          area = 10^(1.206 - 0.0369 b) 2^b um^2                                              b bits, V the supply
    DAC:  energy = 50 fF b V^2, its area and delay neglected
    line: energy = 0.35 fF V^2 a cell on it, and as much again where the cell multiplies

Source: ZigZag (KU Leuven, MICAS), imc_array.py: a successive-approximation or flash converter at 28 nm, its area fitted
to three published arrays; a line's capacitance is half that of a NAND2 gate of 0.7 fF. ZigZag counts no DAC for inputs
of one bit; here such a line costs as one bit does. Two published macros it misses by 1.5 and 11 %.

    column of NeuroSim:  power = (a log2(levels) + c) uW,   at 45 nm with 0.097754 W exp(-2.296 log10(R / ohm)) on top

Source: DNN+NeuroSim, SarADC.cpp, successive approximation; its maintainer: its logic dominates, so linear in bits.
"""

import math

from circuits.errors import InputError
from circuits.nonideal.converter_bits import MOST_BITS
from circuits.units import Farads, Joules, Seconds, SquareMetres, Volts, Watts, fF, ns

HIGHEST: Volts = 10.0  # supply; more is a slip of the pen
ADC_BIT: Farads = 100 * fF
ADC_LEVEL: Farads = 0.001 * fF  # for each of 4^b
DAC_BIT: Farads = 50 * fF
CELL_LINE: Farads = 0.35 * fF  # of one cell on a bit or word line
CELL_PRODUCT: Farads = 0.35 * fF  # of the gate in a cell: half of its 0.7 fF, since the weight stays
UM2: SquareMetres = 1e-12
NEUROSIM: dict[int, tuple[Watts, Watts]] = {  # by node in nm: for each bit of its levels, and whatever their number
    45: (2.1843e-6, 11.931e-6),
    22: (0.7213e-6, 3.3041e-6),
    14: (0.4710e-6, 1.9529e-6),
}


def adc_energy(bits: int, v_dd: Volts) -> Joules:
    """One conversion to a number: (100 fF b + 0.001 fF 4^b) V^2, 701.1 fJ of 8 bits at 0.9 V. Raises: InputError."""
    return (ADC_BIT * _bits(bits) + ADC_LEVEL * 4**bits) * _supply(v_dd) ** 2


def adc_delay(bits: int, rows: int) -> Seconds:
    """One conversion behind a line of so many cells: b (6.53 ps rows + 640 ps). Raises: InputError."""
    return _bits(bits) * (0.00653 * ns * _rows(rows) + 0.640 * ns)


def adc_area(bits: int) -> SquareMetres:
    """10^(1.206 - 0.0369 b) 2^b um^2, 2,085 um^2 of 8 bits. Raises: InputError."""
    return 10 ** (1.206 - 0.0369 * _bits(bits)) * 2**bits * UM2


def dac_energy(bits: int, v_dd: Volts) -> Joules:
    """One number to a voltage: 50 fF b V^2, 224 fJ of 7 bits at 0.8 V. Raises: InputError."""
    return DAC_BIT * _bits(bits) * _supply(v_dd) ** 2


def line_energy(cells: int, v_dd: Volts) -> Joules:
    """One evaluation of a line of so many cells that multiply: 0.7 fF V^2 a cell. Raises: InputError."""
    return (CELL_LINE + CELL_PRODUCT) * _rows(cells) * _supply(v_dd) ** 2


def neurosim_column_power(levels: int, node_nm: int, resistance: float | None = None) -> Watts:
    """Of a successive-approximation converter to so many levels, as NeuroSim has it; while it converts.

    resistance: of its column (ohm), whose current comes on top; known at 45 nm alone.
    Raises: InputError for less than two levels, a node without figures, or a resistance that is not positive.
    """
    if node_nm not in NEUROSIM:
        raise InputError(f"NeuroSim's converter is known at {', '.join(map(str, NEUROSIM))} nm, got {node_nm} nm")
    if not (isinstance(levels, int) and 2 <= levels <= 2**MOST_BITS):
        raise InputError(f"a converter has 2 to {2**MOST_BITS} levels, got {levels}")
    per_bit, fixed = NEUROSIM[node_nm]
    return per_bit * math.log2(levels) + fixed + _of_column(node_nm, resistance)


def _of_column(node_nm: int, resistance: float | None) -> Watts:
    if resistance is None:
        return 0.0
    if node_nm != 45 or not 0 < resistance < math.inf:
        raise InputError(
            f"a column's current is known at 45 nm for a positive resistance, got {resistance} ohm at {node_nm} nm; "
            "leave the resistance out"
        )
    return 0.097754 * math.exp(-2.296 * math.log10(resistance))


def _bits(bits: int) -> int:
    if not (isinstance(bits, int) and 1 <= bits <= MOST_BITS):
        raise InputError(f"a converter has 1 to {MOST_BITS} bits, got {bits}")
    return bits


def _rows(rows: int) -> int:
    if not (isinstance(rows, int) and rows >= 1):
        raise InputError(f"a line has at least 1 cell, got {rows}")
    return rows


def _supply(v_dd: Volts) -> Volts:
    if not 0 < v_dd <= HIGHEST:
        raise InputError(f"a supply is above 0 and at most {HIGHEST:g} V, got {v_dd}")
    return v_dd
