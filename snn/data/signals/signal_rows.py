"""Multichannel signals as rows of a time grid, for front ends."""

import math

import numpy as np
from jaxtyping import Float

from circuits.errors import InputError
from snn.data.recordings.audio_file import strongest_window
from snn.data.signals.signal import MAX_VALUES


def signal_rows(
    values: Float[np.ndarray, "time channel"], sample_rate: float | int, dt: float | int, n_steps: int
) -> Float[np.ndarray, "step channel"]:
    """Bring a signal to `n_steps` rows `dt` (s) apart, on straight lines between its samples.

    A longer signal is cut to the window that moves most (the greatest sum of squares about each channel's mean), a
    shorter one is centred and holds its first and last values: a sensor at rest does not read zero.

    Args:  values: `(time, channel)`.  sample_rate: theirs (Hz).
    Returns:  `(step, channel)`.
    Raises:  InputError for an empty signal, a rate or interval not above 0, and less than one step.
    """
    if not (len(values) and 0 < sample_rate < np.inf and 0 < dt < np.inf and n_steps >= 1):
        raise InputError(
            f"{len(values)} samples at {sample_rate} Hz to {n_steps} steps of {dt} s: want at least 1, all above 0"
        )
    n_rows = max(1, round(len(values) / (sample_rate * dt)))
    if (most := max(n_rows, n_steps) * values.shape[1]) > MAX_VALUES:
        raise InputError(
            f"{len(values)} samples at {sample_rate} Hz in steps of {dt:g} s are {most:.3g} values, more than "
            f"{MAX_VALUES}; lengthen the step or resample the signal"
        )
    times = np.arange(n_rows) * dt * sample_rate  # in samples
    rows = np.stack([np.interp(times, np.arange(len(values)), channel) for channel in values.T], 1)
    n_missing = n_steps - n_rows
    if n_missing >= 0:
        return np.pad(rows, ((n_missing // 2, n_missing - n_missing // 2), (0, 0)), mode="edge")
    start = strongest_window(np.square(rows - rows.mean(0)).sum(1), n_steps)
    return rows[start : start + n_steps]


def hop_means(
    values: Float[np.ndarray, "time channel"], sample_rate: float | int, hop_s: float | int, n_frames: int
) -> Float[np.ndarray, "frame channel"]:
    """The mean of a signal over each of `n_frames` hops (s), from at least one row per sample (`signal_rows`)."""
    n_rows = max(1, math.ceil(sample_rate * hop_s))
    rows = signal_rows(values, sample_rate, hop_s / n_rows, n_rows * n_frames)
    return rows.reshape(n_frames, n_rows, -1).mean(1)
