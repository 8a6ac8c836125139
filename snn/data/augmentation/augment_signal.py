"""Altered copies of multichannel signals: tempo, shift and noise, all channels together."""

import numpy as np
from jaxtyping import Float

from snn.data.augmentation.augment import Augment


def augment_signal(
    values: Float[np.ndarray, "time channel"], sample_rate: float | int, augment: Augment, rng: np.random.Generator
) -> Float[np.ndarray, "new_time channel"]:
    """One copy at another tempo, moved in time and with noise, drawn from the ranges of `augment`.

    y(t) = x(speed t - shift) + n(t), on straight lines between samples, the ends held; n is white and Gaussian, of the
    variance of each channel divided by 10^(snr_db / 10).

    Args:  values: `(time, channel)`.  sample_rate: theirs (Hz).   Returns:  `(round(time / speed), channel)`.
    """
    speed, shift = rng.uniform(*augment.speed), rng.uniform(-1.0, 1.0) * augment.shift_s * sample_rate
    times = np.arange(max(1, round(len(values) / speed))) * speed - shift  # in samples
    moved = np.stack([np.interp(times, np.arange(len(values)), channel) for channel in values.T], 1)
    deviation = values.std(0) * 10 ** (-rng.uniform(*augment.snr_db) / 20)
    return moved + deviation * rng.standard_normal(moved.shape)
