"""A multichannel recording in memory, checked: motion, biomedical or any other signals sampled together."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float64

from circuits.errors import InputError

MAX_VALUES = 8_000_000  # samples of all channels; ASSUMED: 64 MB, 26 minutes of ten channels at 500 Hz
MAX_CHANNELS = 512  # the bands that a network takes at most
MAX_NAME = 200  # letters of a channel's name; ASSUMED
SIGNAL_RATE_RANGE = (0.01, 1e6)  # Hz; ASSUMED: from a weather station to an ultrasonic probe


@dataclass(frozen=True, eq=False)
class Signal:
    """`values` `(time, channel)` in whatever unit each channel has, `sample_rate` (Hz), the names of the channels.

    Raises:  InputError for values that are not finite, no values or too many, a rate outside 0.01 Hz to 1 MHz, and
        names that are empty, double or not one for each channel.
    """

    values: Float64[np.ndarray, "time channel"]
    sample_rate: Annotated[float, "Hz"]
    channels: tuple[str, ...]

    def __post_init__(self) -> None:
        refuse_size(*self.values.shape)
        low, high = SIGNAL_RATE_RANGE
        if not low <= self.sample_rate <= high:
            raise InputError(f"has a sample rate of {self.sample_rate:g} Hz, outside {low:g} to {high:g} Hz")
        if len(self.channels) != self.values.shape[1]:
            raise InputError(f"names {len(self.channels)} channels, but holds {self.values.shape[1]}")
        refuse_names(self.channels)
        bad = np.argwhere(~np.isfinite(self.values))
        if len(bad):
            time, channel = bad[0]
            value, name = self.values[time, channel], self.channels[channel]
            raise InputError(f"holds {value} at sample {time}, channel {name!r}, and {len(bad) - 1} more not finite")

    @property
    def duration_s(self) -> float:
        """Length (s): the number of samples over their rate."""
        return len(self.values) / self.sample_rate


def refuse_size(n_samples: int, n_channels: int) -> None:
    """Raises:  InputError for no samples or channels, or more than a clip can sensibly have."""
    if n_samples < 1 or n_channels < 1:
        raise InputError(f"holds no samples ({n_samples} of {n_channels} channels)")
    if n_channels > MAX_CHANNELS:
        raise InputError(f"has {n_channels} channels, more than {MAX_CHANNELS} (values are one row per sample)")
    if n_samples * n_channels > MAX_VALUES:
        raise InputError(f"holds {n_samples} samples of {n_channels} channels, more than {MAX_VALUES} values")


def refuse_names(names: tuple[str, ...]) -> None:
    """Raises:  InputError for a channel without a name or with a very long one, or two of one name."""
    seen = set()
    for k, name in enumerate(names, 1):
        if not name:
            raise InputError(f"has no name for column {k}")
        if len(name) > MAX_NAME:
            raise InputError(f"has a name of {len(name)} letters for column {k}, more than {MAX_NAME}")
        if name in seen:
            raise InputError(f"names two columns {name!r}")
        seen.add(name)
