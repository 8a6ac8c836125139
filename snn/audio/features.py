"""Front end: waveforms to log-mel features, level and channel removed per clip."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.units import Hertz, Seconds, freeze_si, ms, require

POWER_FLOOR = 1e-6  # relative to the clip's mean-square level; log(P + floor) keeps digital silence finite
LEVEL_FLOOR = 1e-8  # root mean square below which a clip counts as silence and keeps its level


@dataclass(frozen=True)
class LogMel:
    """Settings of the log-mel front end; `n_frames` and `n_fft` follow from them."""

    sample_rate: int = 16_000
    duration_s: Seconds = 1.0
    n_mels: int = 40
    window_s: Seconds = 25 * ms
    hop_s: Seconds = 10 * ms
    f_min: Hertz = 50.0
    f_max: Hertz | None = None  # None: half the sample rate
    normalise: Literal["band", "clip", "none"] = "clip"

    def __post_init__(self):
        freeze_si(self)
        nyquist = self.sample_rate / 2
        require(self, "sample_rate", self.sample_rate >= 1000, "at least 1000 samples per second")
        require(self, "n_mels", 1 <= self.n_mels <= 512, "1 to 512")
        require(self, "hop_s", 1 <= self.hop_length <= self.win_length, f"above 0 and at most window_s {self.window_s}")
        require(self, "duration_s", self.duration_s >= self.window_s, f"at least window_s = {self.window_s}")
        require(self, "f_max", self.f_max is None or self.f_min < self.f_max <= nyquist, f"f_min to {nyquist} Hz")
        require(self, "f_min", 0 <= self.f_min < nyquist, f"0 to below {nyquist} Hz")

    @property
    def win_length(self) -> int:
        return round(self.window_s * self.sample_rate)

    @property
    def hop_length(self) -> int:
        return round(self.hop_s * self.sample_rate)

    @property
    def n_fft(self) -> int:
        """The window's length rounded up to a power of two."""
        return 1 << (self.win_length - 1).bit_length()

    @property
    def n_samples(self) -> int:
        return round(self.duration_s * self.sample_rate)

    @property
    def n_frames(self) -> int:
        return 1 + self.n_samples // self.hop_length


@lru_cache(maxsize=8)
def mel_filters(sample_rate: int, n_fft: int, n_mels: int, f_min: float, f_max: float | None) -> Tensor:
    """librosa's filter bank (Slaney scale, area normalised), `(band, bin)`."""
    from librosa.filters import mel  # its first call costs a second

    bank = mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=f_min, fmax=f_max)
    return torch.from_numpy(bank)


def mel_power(waveform: Float[Tensor, "batch time"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    """Mel power spectrum of centred Hann frames, equal to `librosa.feature.melspectrogram`."""
    window = torch.hann_window(mel.win_length, dtype=waveform.dtype, device=waveform.device)
    spectrum = torch.stft(
        waveform, mel.n_fft, mel.hop_length, mel.win_length, window, pad_mode="constant", return_complex=True
    )
    bank = mel_filters(mel.sample_rate, mel.n_fft, mel.n_mels, mel.f_min, mel.f_max).to(waveform)
    return (bank @ spectrum.abs().square()).transpose(1, 2)


def normalise_level(waveform: Float[Tensor, "batch time"]) -> Float[Tensor, "batch time"]:
    """Each clip at root mean square 1; digital silence stays silence. Speakers differ 16 times in level."""
    level = waveform.square().mean(-1, keepdim=True).sqrt()
    return torch.where(level > LEVEL_FLOOR, waveform / level.clamp_min(LEVEL_FLOOR), waveform)


def normalise_frames(features: Float[Tensor, "batch frame band"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    """Mean 0 and variance 1 per clip: over frames for each band ("band"), or over the whole clip ("clip")."""
    if mel.normalise == "none":
        return features
    axes = 1 if mel.normalise == "band" else (1, 2)
    deviation = features.std(axes, keepdim=True, correction=0)
    return (features - features.mean(axes, keepdim=True)) / deviation.clamp_min(1e-3)


def log_mel(waveform: Float[Tensor, "batch time"], mel: LogMel) -> Float[Tensor, "batch frame band"]:
    """Log-mel features of clips at `mel.sample_rate`: level, mel power, natural log, per-clip normalisation."""
    power = mel_power(normalise_level(waveform), mel)
    return normalise_frames(torch.log(power + POWER_FLOOR * mel.n_fft), mel)
