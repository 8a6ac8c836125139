"""The levels that a synapse on silicon can hold."""

import math
from dataclasses import dataclass

import numpy as np

from circuits.units import require

MOST_LEVELS = 2**24  # that single precision tells apart
LEVELS = f"an integer of at least 2, at most {MOST_LEVELS}"


@dataclass(frozen=True)
class LevelGrid:
    """`n_levels` equidistant weights from -w_max (or 0, where not `signed`) to w_max; 2 of them are a binary synapse.

    Weights are in units of the neuron's swing: a weight of 1 fires a neuron at rest.
    """

    w_max: float
    n_levels: int
    signed: bool = True

    def __post_init__(self):
        require(self, "w_max", 0 < self.w_max < math.inf, "positive and finite")
        require(self, "n_levels", isinstance(self.n_levels, int) and 2 <= self.n_levels <= MOST_LEVELS, LEVELS)

    @property
    def w_min(self) -> float:
        return -self.w_max if self.signed else 0.0

    @property
    def step(self) -> float:
        """Distance of two levels, (w_max - w_min) / (n_levels - 1)."""
        return (self.w_max - self.w_min) / (self.n_levels - 1)

    @property
    def bits(self) -> int:
        """Memory cells of one synapse, ceil(log2(n_levels))."""
        return math.ceil(math.log2(self.n_levels))

    def index(self, weights: np.ndarray) -> np.ndarray:
        """The nearest level of each weight, 0 .. n_levels - 1, any shape; weights outside are clipped."""
        return np.rint(
            (np.clip(np.asarray(weights, dtype=float), self.w_min, self.w_max) - self.w_min) / self.step
        ).astype(np.int64)

    def value(self, index: np.ndarray) -> np.ndarray:
        """The weight of each level, any shape."""
        return self.w_min + self.step * np.asarray(index, dtype=float)

    def round(self, weights: np.ndarray) -> np.ndarray:
        """Each weight moved to its nearest level, any shape."""
        return self.value(self.index(weights))
