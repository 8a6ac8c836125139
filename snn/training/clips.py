"""Clips as rows of the chip's clock, each at its own length: loudness of a filter bank, or a sensor's channels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from snn.audio.cochlea import Ear, envelopes
from snn.audio.loudness import loudness
from snn.data.corpora.clip import Clip, load_clip, load_signal
from snn.data.corpora.layouts import Media
from snn.data.recordings.audio_file import audio_info
from snn.data.recordings.recording_error import RecordingError
from snn.data.signals.signal_rows import signal_rows
from snn.recipes.reservoir_recipe import EarConfig

Read = Callable[[Clip], tuple[np.ndarray, float]]  # rows, and how long the whole recording is (s)
OnClip = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, eq=False)
class Clips:
    """Rows of every clip, `(row, channel)` each, before gain and level; labels `(clip,)`.

    `snr_db` `(clip,)` is NaN where no noise was added.   `lengths` `(clip,)`: of the whole recordings (s).
    """

    rows: tuple[np.ndarray, ...]
    labels: np.ndarray
    snr_db: np.ndarray
    lengths: np.ndarray
    skipped: tuple[str, ...] = ()  # one line for each file that could not be used

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Source:
    """What the clips of a corpus are: sound of a sample rate (Hz), or signals of so many channels."""

    media: Media
    sample_rate: float | int
    n_channels: int = 1


def load_clips(
    clips: Sequence[Clip], config: EarConfig, source: Source, bad_files: str = "error", on_clip: OnClip | None = None
) -> Clips:
    """Read clips, each at its own length up to `config.duration_s`.

    Raises: RecordingError at the first unusable file, unless `bad_files` is "skip".
    """
    read = _signal_reader(config, source) if source.media == "signals" else _sound_reader(config, source)
    read_clips, used, skipped = [], [], []
    for i, clip in enumerate(clips, 1):
        try:
            read_clips.append(read(clip))
            used.append(clip)
        except RecordingError as error:
            if bad_files != "skip":
                raise
            skipped.append(str(error))
        if on_clip:
            on_clip(i, len(clips))
    if not used:
        raise InputError(f"none of the {len(clips)} clips can be used: {skipped[0] if skipped else 'there are none'}")
    snr_db = np.array([math.nan if clip.snr_db is None else clip.snr_db for clip in used])
    rows, lengths = zip(*read_clips, strict=True)
    return Clips(rows, np.array([clip.label for clip in used]), snr_db, np.array(lengths), tuple(skipped))


def _sound_reader(config: EarConfig, source: Source) -> Read:
    ear = ear_of(config, source.sample_rate)

    def read(clip: Clip) -> tuple[np.ndarray, float]:
        length = _length(clip, config)
        seconds = max(min(length, config.duration_s), config.row_s)
        return hear(load_clip(clip, ear.sample_rate, seconds), ear, config.exponent), length

    return read


def _signal_reader(config: EarConfig, source: Source) -> Read:
    def read(clip: Clip) -> tuple[np.ndarray, float]:
        signal = load_signal(clip, source.n_channels)
        length = len(signal.values) / signal.sample_rate
        n_rows = max(1, round(min(length, config.duration_s) / config.row_s))
        return signal_rows(signal.values, signal.sample_rate, config.row_s, n_rows), length

    return read


def ear_of(config: EarConfig, sample_rate: float | int) -> Ear:
    """The filter bank, at its own sample rate or at that of the recordings."""
    rate = config.sample_rate or round(sample_rate)
    return Ear(config.bank, rate, config.n_channels, config.f_min_hz, config.f_max_hz, step=config.row_s)


def hear(waveform: np.ndarray, ear: Ear, exponent: float) -> np.ndarray:
    """Loudness of a waveform before level and gain, amplitude to the `exponent`, `(row, channel)`."""
    return loudness(envelopes(waveform[None], ear), "power", exponent, "none")[0]


def _length(clip: Clip, config: EarConfig) -> float:
    """Length of a clip (s), however long the ear listens."""
    if clip.path is None:
        return clip.duration_s or config.duration_s
    whole = audio_info(clip.path).duration_s - clip.start_s
    return min(whole, clip.duration_s or whole)
