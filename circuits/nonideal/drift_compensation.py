"""Global drift compensation: one factor for all columns of a tile, measured through noise and converters.

    factor = mean |reading of the reference inputs when programmed| / mean |the same reading now|

A perfect reference would promise more than a chip can do: its own readings are as noisy as any other.
"""

import numpy as np


def compensation(fresh: np.ndarray, now: np.ndarray) -> float:
    """The factor, of two readings `(row, column)`; 1 where there is nothing to be read."""
    before, after = float(np.abs(fresh).mean()), float(np.abs(now).mean())
    return before / after if before > 0 and after > 0 else 1.0
