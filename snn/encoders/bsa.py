"""Ben's Spiker Algorithm: a slow signal as spikes from which a known filter brings it back.

Source: Schrauwen and Van Campenhout 2003, IJCNN, 2825.
"""

from typing import no_type_check

import numpy as np
from jaxtyping import Float, Float64
from scipy.ndimage import convolve1d

from circuits.compile import jit
from circuits.errors import InputError
from circuits.units import Seconds, ms

# Gain below which a spike is not worth it; with a filter of unit sum, 1 would be a perfect fit. Source: the
# software reservoir of Gorad, Saraswat and Ganguly 2019, as the filter's times.
THRESHOLD = 0.955


def bsa_filter(
    step: Seconds = 1 * ms, tau: Seconds = 4 * ms, tau_rise: Seconds = 1 * ms
) -> Float64[np.ndarray, " tap"]:
    """The filter h(t) = exp(-t / tau) - exp(-t / tau_rise) of unit sum, eight tau long: 33 taps of 1 ms.

    Raises: InputError unless 0 < tau_rise < tau and step is at most tau.
    """
    if not (0 < tau_rise < tau and 0 < step <= tau):
        raise InputError(f"bsa_filter needs 0 < tau_rise < tau and 0 < step <= tau, got {tau_rise}, {tau}, {step} s")
    time = np.arange(round(8 * tau / step) + 1) * step
    h = np.exp(-time / tau) - np.exp(-time / tau_rise)
    return h / h.sum()


def bsa_encode(
    signal: Float[np.ndarray, "*batch step channel"],
    fir: Float[np.ndarray, " tap"],
    threshold: float = THRESHOLD,
) -> Float64[np.ndarray, "*batch step channel"]:
    """A spike wherever taking the filter away brings the rest of the signal nearer to zero.

    At step t, with r the signal less the filters of the spikes so far, zero beyond the end:
        spike if sum_k |r_(t+k)| - sum_k |r_(t+k) - h_k| >= threshold, then r_(t+k) -= h_k
    Args: signal: non-negative; with a filter of unit sum, 1 is a spike each step, what is above is lost.
    Returns: spikes, 0 or 1. Raises: InputError for NaN or infinity, or a threshold not in (0, sum |h|].
    """
    reach = np.abs(fir).sum()
    if not 0 < threshold <= reach:
        raise InputError(f"the BSA threshold must be above 0 and at most the filter's sum {reach:g}, got {threshold}")
    if not (np.isfinite(signal).all() and np.isfinite(reach)):
        raise InputError("the signal or filter holds NaN or infinity; replace them, by 0 for example")
    channels = np.moveaxis(signal, -1, -2).reshape(-1, signal.shape[-2])
    rest = np.concatenate([channels, np.zeros((len(channels), len(fir)))], 1)
    spikes = np.zeros(channels.shape)
    _bsa_scan(rest, np.asarray(fir, np.float64), float(threshold), spikes)
    return np.moveaxis(spikes.reshape(*signal.shape[:-2], signal.shape[-1], -1), -1, -2)


def bsa_decode(
    spikes: Float[np.ndarray, "*batch step channel"], fir: Float[np.ndarray, " tap"]
) -> Float[np.ndarray, "*batch step channel"]:
    """The signal that the spikes stand for, their convolution with the filter: s_t = sum_k h_k spike_(t-k)."""
    causal = np.concatenate([np.zeros(len(fir) - 1), fir])  # taps of the future are zero
    return convolve1d(spikes, causal, axis=-2, mode="constant")


@no_type_check
@jit
def _bsa_scan(rest, fir, threshold, spikes):
    """The rule over the steps of each row, in place; rest: the signal and as many zeros as the filter has taps."""
    n = fir.shape[0]
    for i in range(spikes.shape[0]):
        for t in range(spikes.shape[1]):
            window, gain = rest[i, t : t + n], 0.0
            for k in range(n):
                gain += abs(window[k]) - abs(window[k] - fir[k])
            if gain >= threshold:
                spikes[i, t] = 1.0
                for k in range(n):
                    window[k] -= fir[k]
