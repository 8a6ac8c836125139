"""What drives a reservoir: rows of a clip at its own length, loudness of a filter bank or a sensor's channels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from circuits.units import Seconds, ms
from snn.audio.cochlea import Ear, envelopes
from snn.audio.loudness import loudness
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip, load_clip, load_signal
from snn.data.recordings.recording_error import of_file
from snn.data.signals.signal_rows import signal_rows
from snn.memory import check_clip
from snn.settings import inline, section


@dataclass(frozen=True)
class EarRows:
    """Loudness of a filter bank before level and gain: amplitude to the `exponent`, one row each `ear.step`."""

    ear: Ear
    exponent: float
    duration_s: Seconds  # longer clips are cut
    n_frames = None  # clips keep their length

    def __post_init__(self) -> None:
        check_clip(self.duration_s, self.hop_s, self.ear.n_channels)

    @property
    def n_numbers(self) -> int:
        """What a clip becomes at most."""
        return round(self.duration_s / self.hop_s) * self.ear.n_channels

    @property
    def hop_s(self) -> Seconds:
        """How long a row lasts."""
        return self.ear.step

    @property
    def n_signals(self) -> int:
        """Channels of the signals that it takes: none, it takes sound."""
        return 0

    def read(
        self, clip: Clip, augment: Augment | None, copies: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "one row channel"], Seconds]:
        """The rows of a clip, no copies; how long the whole recording is."""
        del augment, copies, rng
        length = clip.length(self.duration_s)
        waveform = load_clip(clip, self.ear.sample_rate, max(min(length, self.duration_s), self.ear.step))
        return loudness(envelopes(waveform[None], self.ear), "power", self.exponent, "none"), length

    def features(self, read: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The rows of each clip, `(row, channel)`."""
        return tuple(rows[0] for rows in read)


@dataclass(frozen=True)
class SignalRows:
    """Rows of a sensor's channels, `hop_s` apart."""

    n_signals: int
    hop_s: Seconds
    duration_s: Seconds  # longer clips are cut
    n_frames = None  # clips keep their length

    def __post_init__(self) -> None:
        check_clip(self.duration_s, self.hop_s, self.n_signals)

    @property
    def n_numbers(self) -> int:
        """What a clip becomes at most."""
        return round(self.duration_s / self.hop_s) * self.n_signals

    def read(
        self, clip: Clip, augment: Augment | None, copies: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "one row channel"], Seconds]:
        """The rows of a clip, no copies; how long the whole recording is."""
        del augment, copies, rng
        signal = load_signal(clip, self.n_signals)
        length = len(signal.values) / signal.sample_rate
        n_rows = max(1, round(min(length, self.duration_s) / self.hop_s))
        with of_file(clip.path):
            return signal_rows(signal.values, signal.sample_rate, self.hop_s, n_rows)[None], length

    def features(self, read: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """The rows of each clip, `(row, channel)`."""
        return tuple(rows[0] for rows in read)


@section
class Hearing:
    """Filter bank and loudness: sound to currents. Signals of other kinds need only the last keys, from `row_s` on."""

    ear: Ear = inline(Ear("gammatone", None, step=5 * ms), step="row_s")
    exponent: float = Field(0.5, gt=0, le=4)  # of the amplitude: loudness
    level: Literal["clip", "running", "none"] = "clip"  # the last two need no future, so they stream
    duration_s: float = Field(2.0, gt=0, le=60)

    @property
    def row_s(self) -> Seconds:
        """How long a current is held."""
        return self.ear.step

    @property
    def n_channels(self) -> int:
        return self.ear.n_channels

    def at(self, sample_rate: int | float, n_signals: int) -> EarRows | SignalRows:
        """The front end for recordings of this rate (Hz): sound, or signals of so many channels."""
        if n_signals:
            return SignalRows(n_signals, self.row_s, self.duration_s)
        rate = self.ear.sample_rate or round(sample_rate)
        return EarRows(replace(self.ear, sample_rate=rate), self.exponent, self.duration_s)
