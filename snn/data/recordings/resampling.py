"""Another sample rate for the same sound, by the SoX resampler."""

import numpy as np
import soxr
from jaxtyping import Float


def change_rate(
    waveform: Float[np.ndarray, " time"], sample_rate: float | int, target_rate: float | int
) -> Float[np.ndarray, " resampled"]:
    """The waveform at `target_rate` (any two rates, same unit), `(round(time * target_rate / sample_rate),)`.

    Linear phase; what the new rate cannot carry is 120 dB down from its half on, the pass band ends at 0.91 of that.
    """
    return soxr.resample(np.ascontiguousarray(waveform), sample_rate, target_rate, quality="HQ")
