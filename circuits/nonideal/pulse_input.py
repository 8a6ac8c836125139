"""Inputs as durations of pulses: the largest value lasts a whole step of the array, all others so many ticks of it.

    width = sign(x) min(round(|x| / largest ticks), ticks) / ticks          the sign chooses which device of a pair adds

A spike is an input of one bit: one pulse, as long as the step. Every pulse ends a little early or late.
"""

import numpy as np

from circuits.errors import InputError
from circuits.nonideal.converter_bits import MOST_BITS


def n_ticks(bits: int, signed: bool) -> int:
    """Steps from 0 to the largest value; one bit is the sign, where there are two. Raises: InputError, 1 to 16 bits."""
    if not 1 <= bits <= MOST_BITS:
        raise InputError(f"a converter has 1 to {MOST_BITS} bits, got {bits}")
    return max(2 ** (bits - int(signed)) - 1, 1)


def pulse_widths(x: np.ndarray, largest: float, ticks: int) -> np.ndarray:
    """Widths over the step, -1 to 1, of inputs; ticks 0: not rounded, nor cut off at the largest."""
    relative = x / largest
    return relative if not ticks else np.clip(np.rint(relative * ticks), -ticks, ticks) / ticks


def jittered(widths: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Widths as they arrive; sigma over the step. What is no pulse has no error."""
    if not sigma:
        return widths
    late = np.asarray(sigma, widths.dtype) * rng.standard_normal(widths.shape, widths.dtype)
    return np.sign(widths) * np.maximum(np.abs(widths) + late, 0)
