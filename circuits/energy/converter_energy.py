"""Converters beside an array, by their bits: energy, area and delay, and what a macro of them costs for a product.

    ADC    E = (100 fF b + 0.001 fF 4^b) V^2,    area = 10^(1.206 - 0.0369 b) 2^b um^2
           delay = b (6.53 ps rows + 0.64 ns)
    DAC    E = 50 fF b V^2
    SAR    P = (2.1843 log2(levels) + 11.931) uW + 97.754 mW exp(-2.296 log10(R / ohm))

Sources: ADC and DAC, ZigZag's model of SRAM arrays, fitted to three designs in 28 nm; SAR, the column of NeuroSim at 45
nm, where most is logic, so that power grows with the bits.
"""

import math

from circuits.energy.memory_levels import integer_add
from circuits.errors import InputError
from circuits.ledger import Entry, Ledger
from circuits.units import Joules, Metres, Seconds, SquareMetres, Volts, Watts, fF, nm, ns, um

MOST_BITS = 16
ZIGZAG = "ZigZag 3.9, imc_array.py, 28 nm"
BIT_LINE_CELL = 0.35 * fF  # what a cell adds to its line: half a NAND gate of 0.7 fF. ASSUMED, as ZigZag does, 28 nm
SAR_LOGIC: dict[Metres, tuple[Watts, Watts]] = {  # of a level's bit, and of all. Source: NeuroSim, SarADC.cpp
    45 * nm: (2.1843e-6, 11.931e-6),
    22 * nm: (0.7213e-6, 3.3041e-6),
    14 * nm: (0.4710e-6, 1.9529e-6),
}


def adc_energy(bits: int, v_dd: Volts) -> Joules:
    """One conversion: 701 fJ of 8 bits at 0.9 V. Raises: InputError for no or more than 16 bits, or no supply."""
    return (100 * fF * _bits(bits) + 0.001 * fF * 4**bits) * _supply(v_dd) ** 2


def dac_energy(bits: int, v_dd: Volts) -> Joules:
    """One conversion: 224 fJ of 7 bits at 0.8 V. Raises: as `adc_energy`."""
    return 50 * fF * _bits(bits) * _supply(v_dd) ** 2


def adc_area(bits: int) -> SquareMetres:
    """It doubles with each bit, nearly. Raises: InputError for no or more than 16 bits."""
    return 10 ** (1.206 - 0.0369 * _bits(bits)) * 2**bits * um**2


def adc_delay(bits: int, rows: int) -> Seconds:
    """Of a conversion at the end of a line of so many rows. Raises: InputError for a bad number of bits or rows."""
    if rows < 1:
        raise InputError(f"a column has at least 1 row, got {rows}")
    return _bits(bits) * (0.00653 * rows + 0.640) * ns


def sar_power(levels: int, node: Metres = 45 * nm, resistance: float | None = None) -> Watts:
    """Of the converter of a column, which tells so many levels apart; its logic alone, or the current of a column too.

    Args:
      resistance: of the column (ohm), known for 45 nm.
    Raises: InputError for an unknown node, less than 2 levels, or a resistance where the law does not hold.
    """
    if node not in SAR_LOGIC or levels < 2:
        nodes = ", ".join(f"{known / nm:g}" for known in SAR_LOGIC)
        raise InputError(f"a SAR converter of {levels} levels at {node / nm:g} nm is unknown; 2 or more at {nodes} nm")
    each, fixed = SAR_LOGIC[node]
    logic = each * math.log2(levels) + fixed
    if resistance is None:
        return logic
    if resistance <= 0 or node != 45 * nm:
        raise InputError(f"a column of {resistance:g} ohm at {node / nm:g} nm: the law is for 45 nm and above 0 ohm")
    return logic + 0.097754 * math.exp(-2.296 * math.log10(resistance))


def macro_ledger(
    rows: int, columns: int, weight_bits: int, input_bits: int, output_bits: int, v_dd: Volts
) -> Ledger[float]:
    """One product of a vector with all weights of an SRAM macro: a line and a converter for each bit of a weight.

    Raises: as `adc_energy`.
    """
    lines, products = weight_bits * columns, rows * columns
    swing = BIT_LINE_CELL * _supply(v_dd) ** 2
    added = (weight_bits - 1) * columns
    return Ledger(
        (
            Entry("dac", rows, dac_energy(input_bits, v_dd), per="conversion", source=ZIGZAG),
            Entry("adc", lines, adc_energy(output_bits, v_dd), per="conversion", source=ZIGZAG),
            Entry("bit_lines", weight_bits * products, swing, per="cell", source="ASSUMED: 0.35 fF a cell, V^2"),
            Entry("digital_additions", added, integer_add(output_bits + 1), per="addition", source="Horowitz 2014"),
        )
    )


def _bits(bits: int) -> int:
    if not (isinstance(bits, int) and 1 <= bits <= MOST_BITS):
        raise InputError(f"a converter has 1 to {MOST_BITS} bits, got {bits}")
    return bits


def _supply(v_dd: Volts) -> Volts:
    if not 0 < v_dd < math.inf:
        raise InputError(f"a supply must be positive and finite, got {v_dd} V")
    return v_dd
