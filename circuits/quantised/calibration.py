"""The unit in which values become whole numbers of 8 bits, from examples of them."""

import math

import numpy as np

from circuits.errors import InputError
from circuits.network.spec import MOST

OCTAVES = 6  # finer units that are tried; ASSUMED: none is best that clips values of a 64th of the largest
AT_ONCE = 2**22  # values that are rounded in one go, 32 MiB


def limits_of(signed: bool) -> tuple[int, int]:
    """The least and the largest whole number of 8 bits."""
    return (-128, 127) if signed else (0, 255)


def power_of_two_unit(values: np.ndarray, signed: bool) -> float:
    """The power of two u of the least mean squared error of u clip(round(values / u)); 0 where all values are 0.

    A finer unit rounds less and clips more.
    """
    low, high = limits_of(signed)
    largest = max(float(values.max()) / high, float(values.min()) / low if signed else 0.0)
    if largest <= 0:
        return 0.0
    parts = np.array_split(values.ravel(), math.ceil(values.size / AT_ONCE))
    first = math.ceil(math.log2(largest))  # the finest unit that clips nothing
    units = [2.0 ** (first - octave) for octave in range(OCTAVES)]
    return min(units, key=lambda unit: sum(_error(part, unit, low, high) for part in parts))


def _error(values: np.ndarray, unit: float, low: int, high: int) -> float:
    return float(np.square(values - unit * np.clip(np.rint(values / unit), low, high)).sum())


def require_calibration(calibration: np.ndarray, shape: tuple[int | None, ...], name: str) -> None:
    """Raise InputError unless it is `(clip, *shape)` of finite numbers, not all 0; None: any size of an axis."""
    axes = calibration.shape[1:]
    fits = calibration.ndim == len(shape) + 1 and calibration.size
    if not fits or any(wanted not in (None, size) for wanted, size in zip(shape, axes, strict=True)):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise InputError(
            f"network {name!r}: the calibration has shape {calibration.shape}, expected (clip, {wanted}), channels "
            "last; give features as the network hears them"
        )
    wrong = ~(np.abs(calibration) <= MOST)
    if wrong.any():
        raise InputError(
            f"network {name!r}: the calibration holds {calibration[wrong][0]:g}, at most {MOST:g} is possible; check "
            "the features"
        )
    if not calibration.any():
        raise InputError(
            f"network {name!r}: the calibration is 0 everywhere, so no unit follows from it; give features of real "
            "examples"
        )
