"""One row of tiles, all columns of a layer over the same lines: products of pulses with its weights, as they are read.

    reading = ramp(uneven(widths W + sqrt(widths^2 V) z))

V is the variance of a weight from one reading to the next. The noises of many weights add to one normal number for each
sum, of which the variance is exact.
"""

from dataclasses import dataclass

import numpy as np

from circuits.nonideal.asymmetry import Asymmetry, balanced, uneven
from circuits.nonideal.pcm_weights import WeightsNow
from circuits.nonideal.pulse_input import jittered
from circuits.nonideal.ramp_readout import ramp_reading

FLOAT = np.float32  # seven digits, where converters have at most five


@dataclass(frozen=True, eq=False)
class TileRow:
    """Tiles side by side; a range and a factor of compensation belong to a tile, here given for each column.

    ticks, jitter: of the read-out.   input_jitter: of the pulses, over the step; ranges in units of a full product.
    """

    lines: slice
    weights: np.ndarray  # (line, column), over their scale
    variance: np.ndarray | None
    ranges: np.ndarray  # (column,)
    columns: Asymmetry
    factor: np.ndarray  # (column,)
    ticks: int
    jitter: float
    input_jitter: float
    balanced: bool

    def reading(self, widths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sums `(row, column)` in units of a full product, for pulses `(row, line)` of all lines of the layer."""
        own = widths[:, self.lines].astype(FLOAT, copy=False)
        sigma = None if self.variance is None else np.sqrt((own * own) @ self.variance)
        read = self._once(own, sigma, 1, rng)
        if self.balanced:
            read = balanced(read, self._once(own, sigma, -1, rng))
        return read * (self.ranges * self.factor)

    def _once(self, widths: np.ndarray, sigma: np.ndarray | None, sign: int, rng: np.random.Generator) -> np.ndarray:
        sums = jittered(widths, self.input_jitter, rng) @ self.weights
        if sigma is not None:
            sums += sigma * rng.standard_normal(sums.shape, FLOAT)
        sums *= sign / self.ranges
        return ramp_reading(uneven(sums, self.columns), self.ticks, self.jitter, rng)


def tile_weights(now: WeightsNow, lines: slice) -> tuple[np.ndarray, np.ndarray | None]:
    """Weights and their variance on these lines; None where no reading differs from the next."""
    variance = now.variance[lines].astype(FLOAT)
    return now.mean[lines].astype(FLOAT), variance if variance.any() else None
