"""Augmentation of waveforms: pure functions; randomness comes in as a NumPy generator."""

import math
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.fft import irfft  # which keeps single precision
from scipy.signal import fftconvolve

from circuits.errors import InputError
from snn.data.recordings.resampling import change_rate

Waveform = Float[np.ndarray, " time"]
Colour = Literal["white", "pink"]
Range = tuple[float | int, float | int]  # low, high


def change_speed(waveform: Waveform, factor: float) -> Float[np.ndarray, " new_time"]:
    """Play faster (factor > 1) or slower: y(t) = x(factor t), `(time / factor,)`; pitch moves along with tempo.

    With factor = rate_in / rate_out this is the change of a sample rate. The factor is met to 1 in 2,000, by a ratio
    of small numbers: filters of others take twice the time.
    Raises:  InputError for a factor outside 0.1..10.
    """
    if not 0.1 <= factor <= 10:
        raise InputError(f"speed factor {factor} is outside 0.1..10; 0.85..1.15 is usual for speech")
    ratio = Fraction(factor).limit_denominator(400)
    return change_rate(waveform, ratio.numerator, ratio.denominator)


def fit_length(waveform: Waveform, n_samples: int) -> Float[np.ndarray, " n_samples"]:
    """Cut or zero-pad both ends equally to `(n_samples,)`; an odd sample is cut or padded at the end."""
    missing = n_samples - len(waveform)
    if missing > 0:
        return np.pad(waveform, (missing // 2, missing - missing // 2))
    start = -missing // 2
    return waveform[start : start + n_samples].copy()


def shift(waveform: Waveform, n_samples: int) -> Waveform:
    """Move later (n_samples > 0) or earlier, same length, zeros moving in: y[i] = x[i - n_samples]."""
    n = min(abs(n_samples), len(waveform))
    zeros = np.zeros(n, waveform.dtype)
    return np.concatenate([zeros, waveform[: len(waveform) - n]] if n_samples >= 0 else [waveform[n:], zeros])


def noise(n_samples: int, rng: np.random.Generator, colour: Colour = "white") -> Waveform:
    """Gaussian noise of unit power, float32 `(n_samples,)`: density constant (white) or proportional to 1/f (pink)."""
    if colour == "white":
        return rng.standard_normal(n_samples, np.float32)
    if colour != "pink":
        raise InputError(f"noise colour {colour!r} is unknown; choose white or pink")
    if n_samples < 2:
        return np.zeros(n_samples, np.float32)
    bins = n_samples // 2
    spectrum = rng.standard_normal(2 * bins, np.float32).view(np.complex64) / np.sqrt(
        np.arange(1, bins + 1, dtype="f4")
    )
    pink = irfft(np.concatenate([np.zeros(1, np.complex64), spectrum]), n_samples)
    return pink / np.float32(math.sqrt(np.mean(pink**2, dtype=np.float64)))


def mix(waveform: Waveform, masker: Waveform, snr_db: float) -> Waveform:
    """Add a masker, scaled so that 10 log10(P_signal / P_masker) = snr_db; P is the mean square of the whole clip.

    Silence has no signal-to-noise ratio: where either is all zeros the waveform comes back as it is.
    """
    p_signal, p_masker = np.mean(waveform**2, dtype=np.float64), np.mean(masker**2, dtype=np.float64)
    if not (p_signal > 0 and p_masker > 0):
        return waveform.copy()
    return waveform + (masker_gain(p_signal, p_masker, snr_db) * masker).astype(waveform.dtype)


def masker_gain(p_signal: float, p_masker: float, snr_db: float) -> float:
    """The factor on a masker's samples that makes 10 log10(P_signal / P_masker) = snr_db."""
    return math.sqrt(p_signal / p_masker * 10 ** (-snr_db / 10))


def add_noise(waveform: Waveform, snr_db: float, rng: np.random.Generator, colour: Colour = "white") -> Waveform:
    """Add Gaussian noise at the signal-to-noise ratio `snr_db` (see `mix`), same shape."""
    return mix(waveform, noise(len(waveform), rng, colour), snr_db)


def impulse_response(
    sample_rate: int, rt60_s: float, rng: np.random.Generator, direct_to_reverb_db: float = 6.0
) -> Waveform:
    """A synthetic room: a unit direct path, then white noise whose energy falls by 60 dB in rt60_s.

    h[0] = 1, h(t) = g n(t) 10^(-3 t / rt60_s); g sets the energy ratio of direct path to tail.
    Returns: `(sample_rate * rt60_s,)`.   Source: Moorer 1979, "About this reverberation business", the noise model;
    RT60: ISO 3382. The default ratio is ASSUMED: a talker about a metre away in a furnished room.
    """
    if not 0 < rt60_s <= 10:
        raise InputError(f"reverberation time {rt60_s} s is outside 0..10 s; rooms have 0.1..1 s")
    t = np.arange(1, max(2, round(sample_rate * rt60_s))) / sample_rate
    tail = rng.standard_normal(len(t)) * 10 ** (-3 * t / rt60_s)
    tail *= math.sqrt(10 ** (-direct_to_reverb_db / 10) / np.sum(tail**2))
    return np.concatenate([[1.0], tail])


def reverberate(
    waveform: Waveform, sample_rate: int, rt60_s: float, rng: np.random.Generator, direct_to_reverb_db: float = 6.0
) -> Waveform:
    """Convolve with a synthetic room (`impulse_response`), same length: a tail past the end is lost."""
    room = impulse_response(sample_rate, rt60_s, rng, direct_to_reverb_db)
    return fftconvolve(waveform, room)[: len(waveform)].astype(waveform.dtype)


def set_gain(waveform: Waveform, gain_db: float) -> Waveform:
    """Scale the amplitude: y = x 10^(gain_db / 20). Nothing is clipped."""
    return waveform * waveform.dtype.type(10 ** (gain_db / 20))


@dataclass(frozen=True)
class Augment:
    """Random speed, shift, room, noise and gain, drawn uniformly from the ranges for each clip.

    Source of the ranges: speed, shift and noise are those that helped published spoken-digit systems most;
    gain and room are ASSUMED, and off by default: a front end that removes the level hears no gain.
    """

    speed: Range = (0.85, 1.15)  # factor
    shift_s: float | int = 0.05  # either way
    snr_db: Range = (10.0, 40.0)
    gain_db: Range = (0.0, 0.0)
    reverb_probability: float | int = 0.0
    rt60_s: Range = (0.1, 0.4)

    def __post_init__(self) -> None:
        limits = {"speed": (0.1, 10), "snr_db": (-60, 120), "gain_db": (-120, 60), "rt60_s": (0.01, 10)}
        spans = {"shift_s": (0, 10), "reverb_probability": (0, 1)}
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            low, high = (value, value) if name in spans else value
            least, most = limits.get(name) or spans[name]
            if not least <= low <= high <= most:  # false for NaN as well
                raise InputError(f"Augment.{name} = {value} must rise and lie within {least}..{most}")

    def __call__(self, waveform: Waveform, sample_rate: int, rng: np.random.Generator) -> Waveform:
        """Augment one clip (time,), same length and dtype. Give the whole window: a tightly cut word loses its ends."""
        n_samples, reach = len(waveform), round(self.shift_s * sample_rate)
        out = fit_length(change_speed(waveform, rng.uniform(*self.speed)), n_samples)
        out = shift(out, int(rng.integers(-reach, reach + 1)))
        if rng.random() < self.reverb_probability:
            out = reverberate(out, sample_rate, rng.uniform(*self.rt60_s), rng)
        out = add_noise(out, rng.uniform(*self.snr_db), rng, "pink" if rng.random() < 0.5 else "white")
        return set_gain(out, rng.uniform(*self.gain_db))
