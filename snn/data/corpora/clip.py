"""One labelled example of a corpus, and the one way to turn it into samples of a fixed duration."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from circuits.errors import InputError
from snn.data.augmentation.augment import masker_gain
from snn.data.corpora.splits import Split
from snn.data.recordings.audio_file import Waveform, audio_info, fit_duration, read_audio, resample
from snn.data.recordings.mixture import active_power, babble
from snn.data.recordings.recording_error import refusal
from snn.data.signals.signal import Signal
from snn.data.signals.signal_file import read_signal

MAX_READ_S = 60.0  # s; ASSUMED: a keyword is sought in the first minute of a recording, however long that is


@dataclass(frozen=True)
class Mix:
    """Noise for a clip: background or the babble of several voices, `snr_db` (dB) below the clip's active speech.

    `seed` draws where the repeated voices begin.  Without `speech` the noise is left alone, as loud as it would be.
    """

    snr_db: float
    noise: tuple["Clip", ...]
    seed: int = 0
    speech: bool = True

    def __post_init__(self) -> None:
        if not self.noise or not -100 <= self.snr_db <= 100:  # false for NaN as well
            raise InputError(f"mix at {self.snr_db} dB of {len(self.noise)} noises: want -100 to 100 dB, at least one")


@dataclass(frozen=True)
class Clip:
    """A recording, an excerpt of one, or synthetic background where `path` is None.

    `start_s`, `duration_s`: the excerpt (s), None to the end.  `gain`: factor on the samples; for synthetic background,
    whose noise is drawn from `noise_seed`, its RMS level.  `mix`: noise under the recording.
    """

    path: str | Path | None
    label: int
    speaker: str
    split: Split
    start_s: float = 0.0
    gain: float = 1.0
    noise_seed: int | None = None
    duration_s: float | None = None
    mix: Mix | None = None

    @property
    def snr_db(self) -> float | None:
        """Active speech over noise (dB), None where no noise was added."""
        return self.mix.snr_db if self.mix else None

    def length(self, wanted: float) -> float:
        """How long it is (s), however much of it will be read; synthetic background is as long as is wanted."""
        if self.path is None:
            return self.duration_s or wanted
        whole = audio_info(self.path).duration_s - self.start_s
        return min(whole, self.duration_s or whole)

    def __post_init__(self) -> None:
        if isinstance(self.path, str):
            object.__setattr__(self, "path", Path(self.path))
        if (self.path is None) == (self.noise_seed is None):
            raise InputError(f"clip with path {self.path} and noise_seed {self.noise_seed}: give exactly one of them")
        if not (0 <= self.gain < math.inf and 0 <= self.start_s < math.inf and self.label >= 0):
            raise InputError(f"clip {self}: gain, start_s and label must be finite and not negative")
        if self.mix and self.path is None:
            raise InputError("a mix needs a recording under which the noise lies, got synthetic background")


def load_clip(clip: Clip, sample_rate: int, duration_s: float) -> Waveform:
    """Read a clip, resample it, cut out or pad to `duration_s`, apply its gain, and add its noise.

    Args:  sample_rate: wanted rate (Hz).  duration_s: wanted length (s).
    Returns:  float32 `(round(duration_s * sample_rate),)`.
    Raises:  AudioFileError if the recording cannot be used.
    """
    n_samples = round(duration_s * sample_rate)
    if clip.path is None:
        return clip.gain * background_noise(n_samples, np.random.default_rng(clip.noise_seed))
    waveform = np.float32(clip.gain) * fit_duration(_read(clip, sample_rate), n_samples)
    return waveform if clip.mix is None else _mixed(waveform, clip, sample_rate)


def _read(clip: Clip, sample_rate: int) -> Waveform:
    waveform, native_rate = read_audio(clip.path, clip.start_s, min(clip.duration_s or MAX_READ_S, MAX_READ_S))
    return resample(waveform, native_rate, sample_rate)


def _mixed(waveform: Waveform, clip: Clip, sample_rate: int) -> Waveform:
    """The recording with its noise: 10 log10(active power of speech / mean square of noise) = snr_db."""
    power = active_power(waveform, sample_rate)
    if power == 0.0:
        raise refusal(clip.path, "is silent: no noise can be so much weaker", "remove it")
    n = waveform.size
    voices = [
        load_clip(c, sample_rate, n / sample_rate) if c.path is None else _read(c, sample_rate) for c in clip.mix.noise
    ]
    try:
        noise = babble(voices, n, np.random.default_rng(clip.mix.seed))
    except ValueError as error:
        raise refusal(clip.path, f"cannot be mixed: {error}", "remove silent recordings") from error
    noise *= masker_gain(power, float(np.mean(noise**2)), clip.mix.snr_db)
    return (waveform * clip.mix.speech + noise).astype(np.float32)


def load_signal(clip: Clip, n_channels: int) -> Signal:
    """Read a clip of a corpus of signals, all of it, and apply its gain.

    Raises:  RecordingError if the recording cannot be used, or has another number of channels.
    """
    signal = read_signal(clip.path)
    if len(signal.channels) != n_channels:
        has = f"has {len(signal.channels)} channels, not {n_channels}"
        raise refusal(clip.path, has, "give all clips the same channels")
    return replace(signal, values=clip.gain * signal.values)


def background_noise(n_samples: int, rng: np.random.Generator) -> Waveform:
    """Draw noise of RMS 1 whose power falls as 1/f**a, a uniform in 0 (white) to 2 (brown).  Returns `(n_samples,)`."""
    if n_samples < 1:
        raise InputError(f"n_samples is {n_samples}; want at least 1")
    slope = rng.uniform(0.0, 2.0)
    n_bins = n_samples // 2 + 1
    spectrum = rng.standard_normal(n_bins) + 1j * rng.standard_normal(n_bins)
    waveform = np.fft.irfft(spectrum / np.maximum(np.arange(n_bins), 1) ** (slope / 2), n_samples)
    rms = np.sqrt(np.mean(np.square(waveform)))
    return (waveform / (rms or 1.0)).astype(np.float32)
