"""What becomes of a conductance: written with an error, drifting, and read with 1/f noise. All of it relative to G_max.

    written  g = max(target + sigma(target) z, 0)
    drifted  g ((age + t0) / t0)^-nu,              nu = |mean(target) + sigma(target) z|, one for each device
    read     max(g (1 + s z), 0),                  s = Q(g) sqrt(ln((t + t_r) / (2 t_r))),   t since programming

Source: as of the device tables; z is a standard normal number. A negative conductance does not exist.
"""

import math

import numpy as np
from scipy.special import ndtr

from circuits.errors import InputError
from circuits.nonideal.pcm_device import PcmDevice
from circuits.nonideal.silicon_age import require_age
from circuits.units import Seconds

FAR = 6.0  # sigmas above zero from which on nothing of a normal number is cut off that floats would show


def programming_sigma(target: np.ndarray, device: PcmDevice) -> np.ndarray:
    """Sigma of what is written in place of a target."""
    return device.programming(target)


def written(target: np.ndarray, device: PcmDevice, rng: np.random.Generator) -> np.ndarray:
    """Conductances as programming leaves them."""
    return np.maximum(target + programming_sigma(target, device) * _normal(target, rng), 0.0)


def drift_exponents(target: np.ndarray, device: PcmDevice, rng: np.random.Generator) -> np.ndarray:
    """nu of each device, drawn once in its life."""
    return np.abs(device.drift_mean(target) + device.drift_sigma(target) * _normal(target, rng))


def drifted(g: np.ndarray, nu: np.ndarray, device: PcmDevice, age: Seconds) -> np.ndarray:
    """Conductances `age` after they were written. Raises: InputError for an age below zero."""
    require_age(age)
    return g * ((age + device.t0) / device.t0) ** -np.asarray(nu)


def read_sigma(written: np.ndarray, device: PcmDevice, since: Seconds) -> np.ndarray:
    """s of one reading, over the conductance: all noise since programming. Raises: InputError for less than t_read."""
    return device.read(written) * math.sqrt(_decades(device, since))


def split_read_sigma(
    written: np.ndarray, device: PcmDevice, since: Seconds, window: Seconds
) -> tuple[np.ndarray, np.ndarray]:
    """s of what stays the same within a window of time, and of what differs in it; squared they add to `read_sigma`.

    Noise of 1/f has as much variance in each decade of time: that which is slower than a batch of readings does not
    average out over them.
    """
    every, fast = _decades(device, since), _decades(device, min(window, since))
    q = device.read(written)
    return q * math.sqrt(every - fast), q * math.sqrt(fast)


def reading(g: np.ndarray, sigma: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Conductances as read once; sigma over the conductance."""
    return np.maximum(g * (1 + sigma * _normal(g, rng)), 0.0)


def reading_moments(g: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of what is read, max(g + sigma z, 0): of a sum of many, all that matters. sigma: absolute.

    E = g Phi(u) + sigma phi(u),   E^2 = (g^2 + sigma^2) Phi(u) + g sigma phi(u),   u = g / sigma
    """
    u = np.minimum(g / np.maximum(sigma, np.finfo(np.float32).tiny), FAR)
    below, density = ndtr(u), np.exp(-u * u / 2) / math.sqrt(2 * math.pi)
    mean = g * below + sigma * density
    square = (g * g + sigma * sigma) * below + g * sigma * density
    far = u >= FAR
    return np.where(far, g, mean), np.where(far, sigma * sigma, np.maximum(square - mean * mean, 0.0))


def _normal(like: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Standard normal numbers of the same shape and precision."""
    kind = np.float32 if getattr(like, "dtype", None) == np.float32 else np.float64
    return rng.standard_normal(np.shape(like), kind)


def _decades(device: PcmDevice, since: Seconds) -> float:
    """ln((t + t_r) / (2 t_r)): the e-folds of time over which noise has gathered."""
    if not device.t_read <= since < math.inf:
        raise InputError(
            f"a reading of {device.name} comes {device.t_read:g} s after programming or later, got {since:g} s"
        )
    return math.log((since + device.t_read) / (2 * device.t_read))
