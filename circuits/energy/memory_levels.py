"""Energy of arithmetic and of memory accesses at 45 nm and 0.9 V, by width and size.

    integer add = 3.125 fJ b,   multiply = 2.9948 fJ b^2 + 1.0417 fJ b                              b bits
    SRAM        = 0.902427321 fJ L^3 - 26.8847858 fJ L^2 + 208.900804 fJ L  per bit read,           L = log2(bits)
    DRAM        = 20.3125 pJ per bit

Source: M. Horowitz, "Computing's energy problem", ISSCC 2014, as Google's QKeras writes the table as laws; component
libraries of others differ by up to 2.8 times for a multiplication. The SRAM law goes through 10, 20 and 100 pJ for 64
bits from 8 kB, 32 kB and 1 MB; outside of that it bends the wrong way, so it is refused there.
"""

import math

from circuits.energy.voltage_laws import EXPONENTS, dynamic_scale
from circuits.errors import InputError
from circuits.units import Joules, Volts

KNOWN_AT: Volts = 0.9
PJ: Joules = 1e-12
FLOAT_ADD: dict[int, Joules] = {16: 0.4 * PJ, 32: 0.9 * PJ}  # by bits
FLOAT_MULTIPLY: dict[int, Joules] = {16: 1.1 * PJ, 32: 3.7 * PJ}
DRAM_BIT: Joules = 20.3125 * PJ
SRAM_BITS = (8 * 2**10 * 8, 2**20 * 8)  # from the smallest to the largest memory of the table
WIDEST = 64  # bits of a number; the laws are fitted to 8 and 32

# One access over one multiplication with its sum: Eyeriss (ISCA 2016, table IV, 65 nm), found in a secondary text.
EYERISS = {"register file": 1.0, "neighbour": 2.0, "global buffer": 6.0, "dram": 200.0}


def integer_add(bits: int) -> Joules:
    """3.125 fJ b: 25 fJ of 8 bits, 100 fJ of 32. Raises: InputError for no or more than 64 bits."""
    return 0.003125 * _width(bits) * PJ


def integer_multiply(bits: int) -> Joules:
    """2.9948 fJ b^2 + 1.0417 fJ b: 0.2 pJ of 8 bits, 3.1 pJ of 32. Raises: as `integer_add`."""
    return (0.0029948 * _width(bits) ** 2 + 0.0010417 * bits) * PJ


def multiply_accumulate(bits: int, sum_bits: int = 32) -> Joules:
    """A product of numbers of `bits`, and a sum of `sum_bits`."""
    return integer_multiply(bits) + integer_add(sum_bits)


def sram_bit(capacity_bits: float) -> Joules:
    """One bit read from a memory of so many bits. Raises: InputError outside 8 kB to 1 MB."""
    least, most = SRAM_BITS
    if not least <= capacity_bits <= most:
        raise InputError(
            f"the law of SRAM is known for {least} to {most} bits (8 kB to 1 MB), got {capacity_bits:g}; split the "
            "memory, or give the energy of an access from its data sheet"
        )
    size = math.log2(capacity_bits)
    return (9.02427321e-4 * size**3 - 2.68847858e-2 * size**2 + 2.08900804e-1 * size) * PJ


def level_access(level: str, mac: Joules) -> Joules:
    """One access to a level of Eyeriss' memories, by what a multiplication with its sum costs there.

    Raises: InputError for an unknown level, or a negative energy.
    """
    if level not in EYERISS:
        raise InputError(f"unknown level of memory {level!r}; known: {', '.join(EYERISS)}")
    if not 0 <= mac < math.inf:
        raise InputError(f"the energy of a multiplication must be zero or positive, got {mac} J")
    return EYERISS[level] * mac


def at_other_supply(energy: Joules, v_dd: Volts, exponent: float = EXPONENTS[0]) -> Joules:
    """A figure of this table at another supply, by (V / 0.9 V)^n; of the same 45 nm. Raises: as `dynamic_scale`."""
    return energy * dynamic_scale(v_dd, KNOWN_AT, exponent)


def _width(bits: int) -> int:
    if not (isinstance(bits, int) and 1 <= bits <= WIDEST):
        raise InputError(f"a number has 1 to {WIDEST} bits, got {bits}")
    return bits
