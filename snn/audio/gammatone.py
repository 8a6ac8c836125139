"""Gammatone filters: fourth order, spaced and as wide as the ear's own filters, compiled.

Each is a cascade of four complex one-pole filters, which stays exact where the usual ratio of polynomials of order
eight (`scipy.signal.gammatone`) does not: at low frequencies its poles would have to be nearer to the unit circle
than double precision holds. The magnitude is the same. Source: Hohmann 2002, Acta Acustica 88, 433.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float64

from circuits.compile import jit
from circuits.units import Hertz
from snn.audio.envelope import flush, smooth

ORDER = 4
NARROWEST: Hertz = 24.7  # bandwidth towards zero frequency. Glasberg and Moore 1990
GROWTH = 4.37e-3  # 1/Hz, of the bandwidth relative to the narrowest. Glasberg and Moore 1990
WIDTH = 1.019  # decay of the filter over its rectangular bandwidth. Source: Patterson et al. 1992, order 4


def erb(frequency: Float64[np.ndarray, " channel"]) -> Float64[np.ndarray, " channel"]:
    """Equivalent rectangular bandwidth of the ear at `frequency`, 24.7 (4.37 f / kHz + 1), both in Hz.

    Source: Glasberg and Moore 1990, equation 3.
    """
    return NARROWEST * (GROWTH * frequency + 1)


def erb_spaced(low: Hertz, high: Hertz, n_channels: int) -> Float64[np.ndarray, " channel"]:
    """Frequencies from low to high, one and the same number of rectangular bandwidths apart.

    The number of bandwidths below f grows with ln(erb(f)). Source: Glasberg and Moore 1990, equation 4.
    """
    widths = np.geomspace(*erb(np.array([low, high])), n_channels)
    return (widths / NARROWEST - 1) / GROWTH


def gammatone_envelopes(
    sound: Float64[np.ndarray, "batch time"],
    centres: Float64[np.ndarray, " channel"],
    sample_rate: int,
    share: float,
    ends: np.ndarray,
) -> Float64[np.ndarray, "batch step channel"]:
    """Half-wave rectified, smoothed output of the filters: the amplitude of a tone at a channel's centre.

    With p = exp(2 pi (i f - 1.019 erb(f)) / sample_rate): H(z) = 2 (1 - |p|)^4 / (1 - p / z)^4, of which the real part.
    Args: share: that of the newest sample in the two low-pass poles. ends: the sample after each step.
    """
    poles = np.exp(2 * np.pi * (1j * centres - WIDTH * erb(centres)) / sample_rate)
    # A rectified tone has the mean amplitude / pi.
    gain = np.pi * 2 * (1 - np.abs(poles)) ** ORDER
    out = np.empty((len(sound), len(ends), len(centres)))
    _gammatone_scan(sound, poles.real.copy(), poles.imag.copy(), gain, share, ends, out)
    return out


@no_type_check
@jit
def _gammatone_scan(sound, p_re, p_im, gain, share, ends, out):
    """Four complex poles, rectifier and two low-pass poles over the samples of each clip."""
    n = p_re.shape[0]
    for i in range(sound.shape[0]):
        re, im, low = np.zeros((ORDER + 1, n)), np.zeros((ORDER + 1, n)), np.zeros((2, n))
        begin = 0
        for k in range(ends.shape[0]):
            for t in range(begin, ends[k]):
                re[0, :] = sound[i, t]
                for s in range(1, ORDER + 1):
                    for c in range(n):
                        turned = p_re[c] * re[s, c] - p_im[c] * im[s, c]
                        im[s, c] = p_re[c] * im[s, c] + p_im[c] * re[s, c] + im[s - 1, c]
                        re[s, c] = turned + re[s - 1, c]
                for c in range(n):
                    smooth(low, c, gain[c] * max(re[ORDER, c], 0.0), share)
            begin = ends[k]
            out[i, k] = low[1]
            for state in (re, im, low):
                flush(state)
