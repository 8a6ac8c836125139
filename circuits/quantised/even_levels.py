"""Weights at evenly spaced levels, what a chip that stores so many bits holds."""

import numpy as np


def to_levels(weights: np.ndarray, bits: int) -> np.ndarray:
    """To 2^bits - 1 evenly spaced values, zero and both ends among them; one bit: to -1, 0 or 1 of the largest."""
    step = np.abs(weights).max(initial=0.0) / max(2 ** (bits - 1) - 1, 1)
    return np.rint(weights / step) * step if step else weights
