"""Periphery that treats positive and negative sums differently, and how to balance it.

    read(s) = (1 + a) s where s > 0, (1 - a) s elsewhere, + offset
    balanced(s) = (read(s) - read(-s)) / 2 = s

The second reading is of x on W with the sign of the sum turned round at the converter; it costs a second product.
Gain and offset of a column cancel exactly; noise does not, but is averaged over the two.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Asymmetry:
    """Of each column: a, and the offset over the range of its converter; `(column,)`."""

    gain: np.ndarray
    offset: np.ndarray


def drawn_asymmetry(n_columns: int, gain: float, offset: float, rng: np.random.Generator) -> Asymmetry:
    """The columns of one piece of silicon; gain, offset: sigma from column to column."""
    return Asymmetry(gain * rng.standard_normal(n_columns), offset * rng.standard_normal(n_columns))


def uneven(sums: np.ndarray, columns: Asymmetry) -> np.ndarray:
    """Sums `(row, column)` over the range of the converters, as the periphery passes them on."""
    return sums + columns.gain * np.abs(sums) + columns.offset


def balanced(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """The sum of two readings, the second of the sum with its sign turned round."""
    return (forward - backward) / 2
