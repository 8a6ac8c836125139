"""Front end: waveforms to log-mel features, level and channel removed per clip or as the sound goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.compile import with_cache
from circuits.errors import InputError
from circuits.units import Hertz, Seconds, freeze_si, ms, require
from snn.audio.mel_kernel import SparseBank, filter_frames, sparse_bank
from snn.audio.running import RunningState, normalise_running, running_state
from snn.data.augmentation.augment import Augment
from snn.data.corpora.clip import Clip, load_clip
from snn.memory import check_clip

POWER_FLOOR = 1e-6  # relative to a mean square of 1; log(P + floor) keeps digital silence finite
LEVEL_FLOOR = 1e-8  # root mean square below which a clip counts as silence and keeps its level
CACHED = 2**19  # samples in frames at a time: spectra of about ten clips of a second stay in cache

Normalise = Literal["band", "clip", "running", "none"]


@dataclass(frozen=True)
class LogMel:
    """Settings of the log-mel front end; `n_frames` and `n_fft` follow from them.

    `sample_rate` None stands for that of the recordings, until they are known.
    """

    sample_rate: int | None = None
    duration_s: Seconds = 1.0
    n_mels: int = 40
    window_s: Seconds = 25 * ms
    hop_s: Seconds = 10 * ms
    f_min: Hertz = 50.0
    f_max: Hertz | None = None  # None: half the sample rate
    normalise: Normalise = "clip"  # "running" and "none" need no future, so they stream

    def __post_init__(self):
        freeze_si(self)
        require(self, "n_mels", 1 <= self.n_mels <= 512, "1 to 512")
        for name, most in (("window_s", 1), ("hop_s", 1), ("duration_s", 60)):
            require(self, name, 0 < getattr(self, name) <= most, f"above 0 and at most {most} s")
        check_clip(self.duration_s, self.hop_s, self.n_mels)
        require(self, "f_min", self.f_min >= 0, "zero or positive")
        require(self, "f_max", self.f_max is None or self.f_max > self.f_min, f"above f_min = {self.f_min} Hz")
        if self.sample_rate is not None:
            self._require_rate(self.sample_rate, self.sample_rate / 2)

    def _require_rate(self, rate: int, nyquist: Hertz) -> None:
        require(self, "sample_rate", 1000 <= rate <= 192_000, "1,000 to 192,000 samples per second")
        require(self, "hop_s", 1 <= self.hop_length <= self.win_length, f"above 0 and at most window_s {self.window_s}")
        require(self, "duration_s", self.duration_s >= self.window_s, f"at least window_s = {self.window_s}")
        require(self, "f_max", self.f_max is None or self.f_max <= nyquist, f"f_min to {nyquist} Hz")
        require(self, "f_min", self.f_min < nyquist, f"0 to below {nyquist} Hz")

    @property
    def description(self) -> str:
        """What it makes of clips, in words and numbers."""
        level = "level-normalised " if self.normalise in ("band", "clip") else ""
        rate = "the recordings' rate" if self.sample_rate is None else f"{self.sample_rate} samples/s"
        top = "half the rate" if self.f_max is None else f"{self.f_max:g} Hz"
        return (
            f"{level}clips of {self.duration_s:g} s at {rate}; log-mel, {self.n_mels} bands from {self.f_min:g} Hz to "
            f"{top}, Hann window {self.window_s:g} s, hop {self.hop_s:g} s, normalised by {self.normalise}"
        )

    @property
    def n_signals(self) -> int:
        """Channels of the signals that it takes: none, it takes sound."""
        return 0

    def read(
        self, clip: Clip, augment: Augment | None, copies: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "copy time"], Seconds]:
        """The clip's waveform and altered copies of it; how long the whole recording is stays unread (NaN)."""
        waveform = load_clip(clip, self.sample_rate, self.duration_s)
        altered = [augment(waveform, self.sample_rate, rng) for _ in range(copies)] if augment else []
        return np.stack([waveform, *altered]), np.nan

    def features(self, read: Sequence[np.ndarray]) -> Float[Tensor, "copy clip frame band"]:
        """Features of clips as `read` brings them."""
        waveforms = np.stack(read)
        flat = torch.from_numpy(waveforms.reshape(-1, waveforms.shape[-1]))
        return log_mel(flat, self).unflatten(0, waveforms.shape[:2]).transpose(0, 1)

    @property
    def win_length(self) -> int:
        return self._samples(self.window_s)

    @property
    def hop_length(self) -> int:
        return self._samples(self.hop_s)

    @property
    def n_fft(self) -> int:
        """The window's length rounded up to a power of two."""
        return 1 << (self.win_length - 1).bit_length()

    @property
    def n_samples(self) -> int:
        return self._samples(self.duration_s)

    def _samples(self, duration: Seconds) -> int:
        return round(duration * self.rate)

    @property
    def rate(self) -> int:
        """The sample rate, which somebody has given by now. Raises: InputError if nobody has."""
        if self.sample_rate is None:
            raise InputError("the front end has no sample rate yet; give LogMel(sample_rate=...)")
        return self.sample_rate

    @property
    def n_frames(self) -> int:
        return 1 + self.n_samples // self.hop_length

    @property
    def n_numbers(self) -> int:
        """What a clip becomes."""
        return self.n_frames * self.n_mels


Work = Callable[[Tensor, LogMel], Tensor]  # waveforms `(batch, time)` to `(batch, frame, band)`


@lru_cache(maxsize=8)
def mel_filters(sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float | None) -> Tensor:
    """librosa's filter bank (Slaney scale, area normalised), `(band, bin)`."""
    filters = with_cache(lambda: import_module("librosa.filters"))  # takes a second, and compiles
    bank = filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=f_min, fmax=f_max)
    return torch.from_numpy(bank)


@lru_cache(maxsize=8)
def _tables(mel: LogMel, dtype: torch.dtype) -> tuple[Tensor, SparseBank]:
    """The window, centred in n_fft zeros, and the filter bank without its zeros."""
    bank = mel_filters(mel.sample_rate, mel.n_fft, mel.n_mels, mel.f_min, mel.f_max).to(dtype)
    missing = mel.n_fft - mel.win_length
    window = torch.hann_window(mel.win_length, dtype=dtype)
    return torch.nn.functional.pad(window, (missing // 2, missing - missing // 2)), sparse_bank(bank.numpy())


def frame_power(frames: Float[Tensor, "batch frame sample"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    """Mel power spectrum of frames of `n_fft` samples, compiled. A frame's numbers do not depend on its neighbours."""
    window, bank = _tables(mel, frames.dtype)
    spectrum = torch.view_as_real(torch.fft.rfft(frames * window))
    power = frames.new_empty(*frames.shape[:2], mel.n_mels)
    filter_frames(spectrum.flatten(0, 1).flatten(1).numpy(), *bank, power.flatten(0, 1).numpy())
    return power


def mel_power(waveform: Float[Tensor, "batch time"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    """Mel power spectrum of centred Hann frames, equal to `librosa.feature.melspectrogram`.

    Compiled on the CPU, in parts that stay in cache; plain PyTorch on other devices and where a gradient is asked for.
    Raises: InputError for a waveform that is not `(batch, time)` in single or double precision, or holds no sample.
    """
    check_waveform(waveform)
    if is_compiled(waveform):
        return in_parts(_centred_power, waveform.detach(), mel)
    window = torch.hann_window(mel.win_length, dtype=waveform.dtype, device=waveform.device)
    spectrum = torch.stft(
        waveform, mel.n_fft, mel.hop_length, mel.win_length, window, pad_mode="constant", return_complex=True
    )
    bank = mel_filters(mel.sample_rate, mel.n_fft, mel.n_mels, mel.f_min, mel.f_max).to(waveform)
    return (bank @ spectrum.abs().square()).transpose(1, 2)


def _centred_power(waveform: Float[Tensor, "batch time"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    padded = torch.nn.functional.pad(waveform, (mel.n_fft // 2, mel.n_fft // 2))
    frames = padded.unfold(1, mel.n_fft, mel.hop_length)
    parts = frames.split(max(1, CACHED // (len(waveform) * mel.n_fft)), 1)  # of one long clip: frames overlap
    return torch.cat([frame_power(part, mel) for part in parts], 1)


def is_compiled(waveform: Tensor) -> bool:
    """Whether the compiled front end can run it: on the CPU, no gradient asked for."""
    return waveform.device.type == "cpu" and not (waveform.requires_grad and torch.is_grad_enabled())


def in_parts(work: Work, waveform: Float[Tensor, "batch time"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    """`work(clips, mel)` over a batch, a few clips at a time, so that what lies between stays in cache."""
    n_frames = 1 + waveform.shape[1] // mel.hop_length
    size = max(1, CACHED // (n_frames * mel.n_fft))
    out = waveform.new_empty(len(waveform), n_frames, mel.n_mels)
    for i in range(0, len(waveform), size):
        out[i : i + size] = work(waveform[i : i + size], mel)
    return out


def check_waveform(waveform: Tensor) -> None:
    """Raises: InputError unless it is `(batch, time)`, float32 or float64, of at least one sample."""
    if waveform.ndim != 2 or waveform.shape[1] == 0:
        raise InputError(f"waveforms are (batch, time) with at least one sample, got shape {tuple(waveform.shape)}")
    if waveform.dtype not in (torch.float32, torch.float64):
        raise InputError(f"waveforms are float32 or float64, got {waveform.dtype}; convert them with .float()")


def normalise_level(waveform: Float[Tensor, "batch time"]) -> Float[Tensor, "batch time"]:
    """Each clip at root mean square 1; digital silence stays silence. Speakers differ 16 times in level."""
    level = waveform.square().mean(-1, keepdim=True).sqrt()
    check_finite(level)
    return torch.where(level > LEVEL_FLOOR, waveform / level.clamp_min(LEVEL_FLOOR), waveform)


def normalise_frames(
    features: Float[Tensor, "batch frame band"], normalise: Normalise
) -> Float[Tensor, "batch frame band"]:
    """Mean 0 and variance 1 per clip: over frames for each band ("band"), or over the whole clip ("clip")."""
    axes = 1 if normalise == "band" else (1, 2)
    centred = features - features.mean(axes, keepdim=True)
    return centred / centred.square().mean(axes, keepdim=True).clamp_min(1e-6).sqrt()  # a third of the time of `std`


def frame_features(
    power: Float[Tensor, "batch frame band"], state: RunningState, mel: LogMel
) -> tuple[Float[Tensor, "batch frame band"], RunningState]:
    """Features of consecutive frames that depend on the past alone: `normalise` "running" or "none"."""
    floor = POWER_FLOOR * mel.n_fft
    if mel.normalise == "none":
        return torch.log(power + floor), state
    return normalise_running(power, state, mel.hop_s, floor)


def log_mel(waveform: Float[Tensor, "batch time"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    """Log-mel features of clips at `mel.sample_rate`: mel power, natural log, normalisation.

    "band" and "clip" set each clip's level, then its mean and deviation; "running" takes level and mean from the past
    (`snn.audio.running`); "none" leaves the level alone. Raises: InputError as `mel_power`, and for NaN or infinity.
    """
    check_waveform(waveform)
    features = in_parts(_log_mel, waveform.detach(), mel) if is_compiled(waveform) else _log_mel(waveform, mel)
    check_finite(features)
    return features


def check_finite(values: Tensor) -> None:
    """Raises: InputError for samples, or features of samples, that are no sound."""
    if not torch.isfinite(values.sum()):
        raise InputError("the audio holds NaN, infinity or samples too large to square; replace them, by 0 for example")


def _log_mel(waveform: Float[Tensor, "batch time"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    if mel.normalise in ("running", "none"):
        start = running_state(len(waveform), waveform.device)
        return frame_features(mel_power(waveform, mel), start, mel)[0]
    power = mel_power(normalise_level(waveform), mel)
    return normalise_frames(torch.log(power + POWER_FLOOR * mel.n_fft), mel.normalise)
