"""The converter of a column: it integrates in equal steps until it has passed the average, and counts them, signed.

    code = round(V (1 + gain) / step + offset + noise N(0, 1)),   -top..top,   top = 2^(b-1) - 1

Gain and offset belong to a column's silicon, the comparator's noise to each conversion; both in steps. The step is one
for all columns of a matrix, so that partial averages add up as whole numbers. Without noise codes never fall as V
rises, and the error within the range is uniform: its variance is step^2 / 12.
"""

from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.nonideal.converter_bits import MOST_BITS

SHARES = np.linspace(0.25, 1.0, 16)  # of the largest average, tried as range


@dataclass(frozen=True, eq=False)
class Converter:
    """Those of some columns."""

    bits: int
    step: float  # of full scale of the lines
    gains: np.ndarray  # (column,)
    offsets: np.ndarray  # (column,), steps
    noise: float = 0.0  # steps

    def __post_init__(self):
        largest_code(self.bits)

    def codes(self, averages: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Whole numbers of averages `(row, column)`, as floats."""
        counted = averages * ((1 + self.gains) / self.step) + self.offsets
        if self.noise:
            counted = counted + self.noise * rng.standard_normal(counted.shape)
        top = largest_code(self.bits)
        return np.clip(np.rint(counted), -top, top)


def largest_code(bits: int) -> int:
    """2^(b-1) - 1: one bit is the sign. Raises: InputError for less than 2 or more than 16 bits."""
    if not (isinstance(bits, int) and 2 <= bits <= MOST_BITS):
        raise InputError(f"a converter with a sign has 2 to {MOST_BITS} bits, got {bits}")
    return 2 ** (bits - 1) - 1


def least_error_step(averages: np.ndarray, natural: float, bits: int) -> float:
    """The step of least squared error for such averages, a multiple of the finest difference that they can have.

    natural: that difference; so a converter of enough bits loses nothing.
    """
    top, largest = largest_code(bits), float(np.abs(averages).max(initial=0.0))
    multiples = np.unique(np.maximum(1, np.ceil(SHARES * largest / (top * natural) - 1e-9)))
    return float(natural * min(multiples[::-1], key=lambda m: _error(averages, m * natural, top)))


def _error(averages: np.ndarray, step: float, top: int) -> float:
    return float(np.square(averages - step * np.clip(np.rint(averages / step), -top, top)).sum())
