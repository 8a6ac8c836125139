"""Loudness: envelopes without the level of the clip, compressed as the ear does."""

from typing import Literal

import numpy as np
from jaxtyping import Float

from circuits.errors import InputError
from circuits.units import Seconds, ms

Compression = Literal["power", "log", "none"]
Level = Literal["clip", "running", "none"]

QUIET = 1e-3  # 60 dB below the loudest: the knee of the logarithm, and the least running peak, ASSUMED


def loudness(
    envelopes: Float[np.ndarray, "batch step channel"],
    compression: Compression = "power",
    exponent: float = 0.33,
    level: Level = "clip",
    step: Seconds = 1 * ms,
    tau: Seconds = 1.0,
) -> Float[np.ndarray, "batch step channel"]:
    """Envelopes over the loudest channel, then compressed; in 0..1 unless level is "none".

    level: "clip" divides by the peak of the clip, which needs its future; "running" by the loudest so far,
    forgotten with `tau`, so it streams; "none" keeps the level. compression: "power" is x^exponent (0.33 is Stevens'
    law), "log" is ln(1 + x / 0.001) / ln(1001), "none" keeps x. Silence stays 0.
    Raises: InputError for negative or NaN envelopes, an unknown name, or an exponent, step or tau not above 0.
    """
    if not (np.asarray(envelopes) >= 0).all():
        raise InputError("envelopes hold a negative number or NaN; they are amplitudes, take them from envelopes()")
    if not (exponent > 0 and step > 0 and tau > 0):
        raise InputError(f"exponent, step and tau must be above 0, got {exponent}, {step}, {tau}")
    x = envelopes / np.maximum(_peak(envelopes, level, np.exp(-step / tau)), np.finfo(envelopes.dtype).tiny)
    if compression == "power":
        return x**exponent
    if compression == "log":
        return np.log1p(x / QUIET) / np.log1p(1 / QUIET)
    if compression == "none":
        return x
    raise InputError(f"compression must be power, log or none, got {compression!r}")


def _peak(envelopes: np.ndarray, level: str, keep: float) -> np.ndarray:
    """What a clip is divided by, `(batch, step or 1, 1)`."""
    if level == "none":
        return np.ones((1, 1, 1))
    if level == "clip":
        return envelopes.max((1, 2), keepdims=True)
    if level != "running":
        raise InputError(f"level must be clip, running or none, got {level!r}")
    loudest = envelopes.max(2, keepdims=True)
    peak = np.full_like(loudest[:, 0], QUIET)
    for t in range(loudest.shape[1]):
        peak = np.maximum(np.maximum(loudest[:, t], peak * keep), QUIET)
        loudest[:, t] = peak
    return loudest
