"""Weights at evenly spaced levels, what a chip that stores so many bits holds."""

import numpy as np


def to_levels(weights: np.ndarray, bits: int, largest: np.ndarray | None = None) -> np.ndarray:
    """To 2^bits - 1 evenly spaced values, zero and both ends among them; one bit: to -1, 0 or 1 of the largest.

    largest: where the ends are, of a shape that broadcasts; by default at the largest of all weights.
    """
    ends = np.abs(weights).max(initial=0.0) if largest is None else largest
    step = np.where(ends > 0, ends, 1.0) / max(2 ** (bits - 1) - 1, 1)
    return np.where(ends > 0, np.rint(weights / step) * step, weights)
