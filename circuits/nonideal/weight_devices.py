"""A weight as two or four conductances: pairs of one that adds and one that subtracts, the first F times the second.

    w / scale = sum_p share_p (g+_p - g-_p),      share = 1, or F / (F + 1) and 1 / (F + 1)

Both pairs have the same target, so that an error of programming is averaged (ASSUMED; a chip may write the error of
the first pair into the second, which is better still). The other one of a pair is at its least, 0.
"""

from dataclasses import dataclass

import numpy as np

from circuits.units import require

LEAST_DEVICES, MOST_DEVICES = 2, 4  # of a weight: one pair, or two


@dataclass(frozen=True)
class WeightCoding:
    """levels: steps from 0 to the largest weight; 0: as fine as programming allows.   column_scales: each column is
    stretched to its own largest weight, else all of a matrix to one."""

    devices: int
    significance: float
    levels: int
    column_scales: bool

    def __post_init__(self):
        known = type(self.devices) is int and self.devices in (LEAST_DEVICES, MOST_DEVICES)
        require(self, "devices", known, f"{LEAST_DEVICES} or {MOST_DEVICES} a weight")
        require(self, "significance", 0 < self.significance <= 1024, "above 0 and at most 1024")
        require(self, "levels", 0 <= self.levels <= 2**16, "0 (not rounded) to 65536")

    @property
    def shares(self) -> np.ndarray:
        """Of each pair in a weight, `(pair,)`."""
        own = [1.0] if self.devices == LEAST_DEVICES else [self.significance, 1.0]
        return np.array(own) / sum(own)


def column_scales(weights: np.ndarray, coding: WeightCoding) -> np.ndarray:
    """The weight that a full conductance stands for, `(column,)`; 1 where all weights are zero."""
    largest = np.abs(weights).max(axis=0 if coding.column_scales else None, initial=0.0)
    return np.broadcast_to(np.where(largest > 0, largest, 1.0), weights.shape[1:])


def targets(relative: np.ndarray, coding: WeightCoding) -> np.ndarray:
    """Conductances to write, `(pair, sign, line, column)`, for weights over their scale, -1 to 1."""
    if coding.levels:
        relative = np.rint(relative * coding.levels) / coding.levels
    signs = np.stack([np.maximum(relative, 0.0), np.maximum(-relative, 0.0)])
    return np.broadcast_to(signs, (len(coding.shares), *signs.shape))


def joined(g: np.ndarray, coding: WeightCoding) -> np.ndarray:
    """Weights over their scale, `(line, column)`, of conductances `(pair, sign, line, column)`."""
    return np.tensordot(coding.shares, g[:, 0] - g[:, 1], axes=1)


def joined_variance(variance: np.ndarray, coding: WeightCoding) -> np.ndarray:
    """Variance of a weight over its scale, of conductances that vary independently of one another."""
    return np.tensordot(coding.shares**2, variance.sum(axis=1), axes=1)
