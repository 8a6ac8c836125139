"""Lyon's passive ear: a cascade of notches and resonances, half-wave rectifiers and coupled gain control, compiled.

Source: Lyon 1982, ICASSP, 1282; equations and constants as in Slaney 1988, Apple Technical Report 13, and
Slaney 1998, Auditory Toolbox version 2, Interval Technical Report 1998-010.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float64
from scipy.optimize import brentq

from circuits.compile import jit
from circuits.units import Hertz
from snn.audio.envelope import flush, smooth

BREAK: Hertz = 1000.0  # below, channels are equally wide; above, equally sharp. Slaney 1988
ZERO_OFFSET = 1.5  # of a notch above its resonance, in steps of the cascade. Slaney 1988
SHARPNESS = 5.0  # quality of a notch over that of its resonance. Slaney 1988
PREEMPHASIS: Hertz = 300.0  # corner of the outer and middle ear. Slaney 1988
AGC_TARGETS = np.array([0.0032, 0.0016, 0.0008, 0.0004])  # of the four stages of gain control. Slaney 1998
AGC_LIMIT = 0.9  # of what a stage can take away, so that its output never ends. Slaney 1998
AGC_TAUS = np.array([0.64, 0.16, 0.04, 0.01])  # s. Slaney 1998


class LyonDesign(NamedTuple):
    """The cascade, from high to low frequency: two sections of the outer ear, then one for each channel.

    A channel is what the section above hears and its own does not, so it answers most near the resonance above.
    """

    sample_rate: int
    resonances: Float64[np.ndarray, " channel_and_top"]  # of the outer ear's second section, then of each channel
    sections: Float64[np.ndarray, "section 6"]  # as in scipy.signal.sosfilt


def lyon_lowest(ear_q: float) -> Hertz:
    """Where the quality of the cascade falls to 1/2, below which nothing resonates: 1 kHz / sqrt(4 ear_q^2 - 1)."""
    return BREAK / np.sqrt(4 * ear_q**2 - 1)


def _width(frequency, ear_q: float):
    """Bandwidth of a section: sqrt(f^2 + 1 kHz^2) / ear_q."""
    return np.hypot(frequency, BREAK) / ear_q


def _below(high: Hertz, ear_q: float, step_factor: float) -> Hertz:
    """Where the cascade starts, so that the notch of its first section lies at `high` or below."""
    return high - (ZERO_OFFSET - 1) * step_factor * _width(high, ear_q)


def lyon_channels(low: Hertz, high: Hertz, ear_q: float, step_factor: float) -> float:
    """Channels between low and high, `step_factor` bandwidths apart: the integral of df / (step_factor width(f)).

    A cascade has the whole part of it.
    """
    top = _below(high, ear_q, step_factor)
    return ear_q * (np.arcsinh(top / BREAK) - np.arcsinh(low / BREAK)) / step_factor


def lyon_design(sample_rate: int, n_channels: int, low: Hertz, high: Hertz, ear_q: float) -> LyonDesign:
    """The cascade of exactly `n_channels` channels whose lowest is at `low`; the step factor follows from it."""
    widest = (high - low) / ((ZERO_OFFSET - 1) * _width(high, ear_q))  # leaves no channel
    step_factor = brentq(lambda s: lyon_channels(low, high, ear_q, s) - n_channels, 1e-9 * widest, widest)
    top = np.arcsinh(_below(high, ear_q, step_factor) / BREAK)
    resonances = BREAK * np.sinh(top - np.arange(n_channels + 1) * step_factor / ear_q)
    width = _width(resonances, ear_q)
    quality = resonances / width
    quality[0] = quality[1]  # the outer ear is as sharp as the first channel
    poles = _polynomials(resonances / sample_rate, quality)
    notches = (resonances + ZERO_OFFSET * step_factor * width)[1:]
    zeros = _polynomials(notches / sample_rate, SHARPNESS * notches / width[1:])
    ratio = resonances[1:-1] / resonances[2:]  # gain of a section at zero frequency, that of the first as the second
    gain = np.concatenate([ratio[:1], ratio]) if n_channels > 1 else np.ones(1)
    cascade = _with_gain(np.hstack([zeros, poles[1:]]), gain, 0.0)
    emphasis = [0.0, 1.0, -np.exp(-2 * np.pi * PREEMPHASIS / sample_rate), 1.0, 0.0, 0.0]
    outer = _with_gain(np.array([emphasis, [1.0, 0.0, -1.0, *poles[0]]]), np.ones(2), 0.25)
    return LyonDesign(sample_rate, resonances, np.vstack([outer, cascade]))


def _polynomials(f: Float64[np.ndarray, " n"], q: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 3"]:
    """Polynomials in 1/z whose roots ring at f, in units of the sample rate, with quality q."""
    rho = np.exp(-np.pi * f / q)
    theta = 2 * np.pi * f * np.sqrt(np.maximum(1 - 1 / (4 * q**2), 0))
    return np.stack([np.ones_like(f), -2 * rho * np.cos(theta), rho**2], 1)


def _with_gain(sections: Float64[np.ndarray, "n 6"], gain: Float64[np.ndarray, " n"], f: float):
    """The sections scaled to that magnitude at f, in units of the sample rate."""
    z = np.exp(-2j * np.pi * f * np.arange(3))
    now = np.abs(sections[:, :3] @ z) / np.abs(sections[:, 3:] @ z)
    return np.hstack([sections[:, :3] * (gain / now)[:, None], sections[:, 3:]])


def lyon_envelopes(
    sound: Float64[np.ndarray, "batch time"], design: LyonDesign, agc: bool, share: float, ends: np.ndarray
) -> Float64[np.ndarray, "batch step channel"]:
    """What each channel hears and its upper neighbour does not: rectified, gain controlled, smoothed; low to high.

    Each stage of gain control divides down what passes, and its gain leaks to the neighbours (target T, share e):
        y_c  = x_c (1 - g_c)
        g_c' = min(y_c e / T + (1 - e) (g_(c-1) + g_c + g_(c+1)) / 3, 0.9)
    With gain control the result is in units of the last stage's target; onsets exceed 1.
    Args: share: that of the newest sample in the two low-pass poles. ends: the sample after each step.
    """
    agc_share = -np.expm1(-1 / (AGC_TAUS * design.sample_rate)) if agc else np.empty(0)
    out = np.empty((len(sound), len(ends), len(design.sections) - 2))
    _lyon_scan(sound, design.sections[:, [0, 1, 2, 4, 5]].copy(), agc_share, AGC_TARGETS, share, ends, out)
    return out[:, :, ::-1] / (AGC_TARGETS[-1] if agc else 1.0)


@no_type_check
@jit
def _lyon_scan(sound, sections, agc_share, targets, share, ends, out):
    """Cascade, rectifiers, gain control, difference of neighbours and two low-pass poles over each clip's samples."""
    n, n_outer = sections.shape[0], sections.shape[0] - out.shape[2]
    for i in range(sound.shape[0]):
        memory, gain, low = np.zeros((2, n)), np.zeros((agc_share.shape[0], n + 2)), np.zeros((2, n - n_outer))
        x, begin = np.zeros(n), 0
        for k in range(ends.shape[0]):
            for t in range(begin, ends[k]):
                _cascade(sound[i, t], sections, memory, x)
                for s in range(agc_share.shape[0]):
                    _gain_control(x, gain[s], agc_share[s], targets[s])
                for c in range(n - n_outer):
                    smooth(low, c, max(x[c + n_outer - 1] - x[c + n_outer], 0.0), share)
            begin = ends[k]
            out[i, k] = low[1]
            for state in (memory, gain, low):
                flush(state)


@no_type_check
@jit
def _cascade(v, sections, memory, x):
    """One sample through the cascade; x: the rectified output of each section."""
    for c in range(sections.shape[0]):
        b0, b1, b2, a1, a2 = sections[c]
        y = b0 * v + memory[0, c]
        memory[0, c] = b1 * v - a1 * y + memory[1, c]
        memory[1, c] = b2 * v - a2 * y
        v = y
        x[c] = max(y, 0.0)


@no_type_check
@jit
def _gain_control(x, gain, share, target):
    """One stage, in place; the first and last channel are their own neighbours beyond the edge."""
    n = x.shape[0]
    gain[0], gain[n + 1] = gain[1], gain[n]
    before = gain[0]
    for c in range(n):
        x[c] *= 1 - gain[c + 1]
        g = x[c] * share / target + (1 - share) * (before + gain[c + 1] + gain[c + 2]) / 3
        before = gain[c + 1]
        gain[c + 1] = min(g, AGC_LIMIT)
