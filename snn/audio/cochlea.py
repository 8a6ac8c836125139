"""The ear of the chip: waveforms to the envelope of each channel of a cochlea-like filter bank.

Three banks: Lyon's passive ear (`lyon.py`), gammatone filters (`gammatone.py`) and mel bands (`features.py`).
`loudness.py` then compresses the envelopes and removes the level, `bsa.py` and `encode.py` turn them into spikes.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Float64

from circuits.compile import with_cache
from circuits.errors import InputError
from circuits.units import Hertz, Seconds, freeze_si, ms, require
from snn.audio.features import LogMel, check_finite, check_waveform, mel_filters, mel_power
from snn.audio.gammatone import erb_spaced, gammatone_envelopes
from snn.audio.lyon import lyon_design, lyon_envelopes, lyon_lowest

Bank = Literal["gammatone", "lyon", "mel"]

F_MIN: Hertz = 100.0  # lowest channel of gammatone and mel, ASSUMED: the pitch of a low voice
TOP = 0.45  # of the sample rate: the highest channel of gammatone and mel, ASSUMED: room for half its bandwidth
WINDOW: Seconds = 25 * ms  # of the mel bands, as `LogMel`


@dataclass(frozen=True)
class Ear:
    """Settings of a filter bank; channels are numbered from low to high frequency.

    f_min None: 100 Hz, or for lyon where the quality of its cascade falls to 1/2. f_max None: 0.45 of the sample
    rate, or for lyon half of it. ear_q and agc belong to lyon, tau to lyon and gammatone. `sample_rate` None stands for
    that of the recordings.
    """

    bank: Bank
    sample_rate: int | None
    n_channels: int = 20
    f_min: Hertz | None = None
    f_max: Hertz | None = None
    step: Seconds = 1 * ms  # one row of the envelopes
    tau: Seconds = 3 * ms  # each of the two poles of the low-pass that smooths the envelope: 53 Hz
    ear_q: float = 8.0  # centre frequency over bandwidth, at high frequencies
    agc: bool = True  # automatic gain control

    def __post_init__(self):
        freeze_si(self)
        require(self, "bank", self.bank in get_args(Bank), f"one of {', '.join(get_args(Bank))}")
        require(self, "n_channels", 1 <= self.n_channels <= 512, "1 to 512")
        require(self, "step", 0 < self.step <= WINDOW, f"from one sample to {WINDOW} s")
        require(self, "tau", self.tau > 0, "above 0")
        require(self, "ear_q", 1 <= self.ear_q <= 64, "1 to 64")
        if self.sample_rate is not None:
            self._require_rate()

    def _require_rate(self):
        require(
            self,
            "sample_rate",
            1000 <= self.sample_rate <= 192_000,
            "1,000 to 192,000 samples per second",
        )
        require(self, "step", self.step >= 1 / self.sample_rate, f"from one sample to {WINDOW} s")
        low, high = self.span
        nyquist, lowest = self.sample_rate / 2, lyon_lowest(self.ear_q) if self.bank == "lyon" else 0.0
        require(self, "f_max", high <= nyquist, f"at most half the sample rate {self.sample_rate}, {nyquist} Hz")
        require(self, "f_min", low > 0 and low >= lowest, f"above 0 and at least {lowest:.4g} Hz for {self.bank}")
        require(self, "f_min", low < high, f"below f_max = {high} Hz")

    @property
    def span(self) -> tuple[Hertz, Hertz]:
        """Lowest and highest frequency."""
        lyon = self.bank == "lyon"
        low = self.f_min if self.f_min is not None else lyon_lowest(self.ear_q) if lyon else F_MIN
        return low, self.f_max if self.f_max is not None else (0.5 if lyon else TOP) * self.sample_rate

    @property
    def centres(self) -> Float64[np.ndarray, " channel"]:
        """Where each channel answers most (Hz); lyon within a tenth."""
        if self.bank == "lyon":
            return lyon_design(self.sample_rate, self.n_channels, *self.span, self.ear_q).resonances[-2::-1]
        if self.bank == "gammatone":
            return erb_spaced(*self.span, self.n_channels)
        filters = with_cache(lambda: import_module("librosa.filters"))  # takes a second, and compiles
        return filters.mel_frequencies(self.n_channels + 2, fmin=self.span[0], fmax=self.span[1])[1:-1]

    def n_steps(self, n_samples: int) -> int:
        return round(n_samples / (self.sample_rate * self.step))


def envelopes(waveforms: Float[np.ndarray, "batch time"], ear: Ear) -> Float64[np.ndarray, "batch step channel"]:
    """Envelope of each channel, one row each `ear.step`; never negative, zero for digital silence.

    A tone of amplitude 1 in the middle of a channel gives about 1 from gammatone and mel; lyon with gain control is
    in units of the level that its last stage aims at, and onsets exceed 1. Row k of lyon and gammatone hears the
    samples before (k + 1) step, row k of mel a window of 25 ms centred on k step.
    Args: waveforms: clips at `ear.sample_rate`, full scale 1, single or double precision.
    Raises: InputError for clips of another shape or type, shorter than one step, or with NaN or infinity.
    """
    sound = np.array(waveforms, order="C")
    check_waveform(torch.from_numpy(sound))
    check_finite(torch.from_numpy(sound))
    n_steps = ear.n_steps(sound.shape[1])
    if n_steps == 0:
        raise InputError(f"{sound.shape[1]} samples at {ear.sample_rate} Hz are shorter than one step of {ear.step} s")
    sound = sound.astype(np.float64)
    if ear.bank == "mel":
        return _mel_envelopes(sound, n_steps, ear)
    ends = np.rint(np.arange(1, n_steps + 1) * ear.step * ear.sample_rate).astype(np.int64).clip(1, sound.shape[1])
    share = -np.expm1(-1 / (ear.tau * ear.sample_rate))
    if ear.bank == "gammatone":
        return gammatone_envelopes(sound, ear.centres, ear.sample_rate, share, ends)
    design = lyon_design(ear.sample_rate, ear.n_channels, *ear.span, ear.ear_q)
    return lyon_envelopes(sound, design, ear.agc, share, ends)


def _mel_envelopes(
    sound: Float64[np.ndarray, "batch time"], n_steps: int, ear: Ear
) -> Float64[np.ndarray, "batch step channel"]:
    """Amplitude of each mel band, sqrt(P / P of a tone of amplitude 1 at the top of a wide band).

    By Parseval a tone of amplitude 1 under a window w has sum over bins |X|^2 = n_fft sum(w^2) / 4.
    """
    low, high = ear.span
    mel = LogMel(
        ear.sample_rate, n_mels=ear.n_channels, window_s=WINDOW, hop_s=ear.step, f_min=low, f_max=high, normalise="none"
    )
    window = torch.hann_window(mel.win_length, dtype=torch.float64).numpy()
    peak = mel_filters(mel.sample_rate, mel.n_fft, mel.n_mels, mel.f_min, mel.f_max).double().amax(1).numpy()
    tone = np.maximum(peak, np.finfo(float).tiny) * mel.n_fft * np.square(window).sum() / 4
    power = mel_power(torch.from_numpy(sound), mel).numpy()
    # A hop is a whole number of samples, a step need not be.
    frames = np.rint(np.arange(n_steps) * ear.step * ear.sample_rate / mel.hop_length).astype(np.int64)
    return np.sqrt(power[:, frames.clip(max=power.shape[1] - 1)] / tone)
