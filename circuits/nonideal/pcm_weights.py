"""A matrix in phase-change devices: written once, then read at any age, each time with its noise."""

from dataclasses import dataclass

import numpy as np

from circuits.nonideal.pcm_device import PcmDevice
from circuits.nonideal.pcm_noise import (
    drift_exponents,
    drifted,
    reading_moments,
    split_read_sigma,
    written,
)
from circuits.nonideal.silicon_age import require_age
from circuits.nonideal.weight_devices import WeightCoding, column_scales, joined, joined_variance, targets
from circuits.units import Seconds


@dataclass(frozen=True, eq=False)
class WrittenWeights:
    """One piece of silicon; conductances and exponents are `(pair, sign, line, column)`, the scale is `(column,)`."""

    device: PcmDevice
    coding: WeightCoding
    scale: np.ndarray
    wanted: np.ndarray  # (line, column), weights over their scale
    g: np.ndarray
    nu: np.ndarray


@dataclass(frozen=True, eq=False)
class WeightsNow:
    """Weights over their scale at an age: what readings are in the mean, and their variance; `(line, column)`."""

    mean: np.ndarray
    variance: np.ndarray


def write_weights(
    weights: np.ndarray, device: PcmDevice, coding: WeightCoding, rng: np.random.Generator
) -> WrittenWeights:
    """Weights `(line, column)` in devices: programming errors and drift exponents are drawn here, once."""
    scale = column_scales(weights, coding)
    wanted = targets((weights / scale).astype(np.float32), coding)  # seven digits of a thing that holds two
    g = written(wanted, device, rng)
    nu = drift_exponents(wanted, device, rng)
    return WrittenWeights(device, coding, scale, joined(wanted, coding), g, nu)


def weights_at(silicon: WrittenWeights, age: Seconds, window: Seconds, rng: np.random.Generator) -> WeightsNow:
    """The weights at an age. Noise slower than a window of time is drawn here, once; faster noise is their variance.

    Raises: InputError for an age below zero.
    """
    require_age(age)
    device = silicon.device
    now = drifted(silicon.g, silicon.nu, device, age)
    slow, fast = split_read_sigma(silicon.g, device, age + device.t0, window)
    seen = np.maximum(now * (1 + slow * rng.standard_normal(now.shape, now.dtype)), 0.0)
    mean, variance = reading_moments(seen, fast * now)
    return WeightsNow(joined(mean, silicon.coding), joined_variance(variance, silicon.coding))
