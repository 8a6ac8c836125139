"""A named device from measured points: least squares in ln I over A, B and V_0.

ln I = ln(W A) + ln u - B / u,   u = V_DG - V_0
"""

from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, least_squares

from circuits.device.btbt import BTBTDevice
from circuits.errors import InputError
from circuits.units import Amperes, Metres, Volts

LEAST_POINTS = 4  # one more than the three constants
LEAST_SPAN = 2.0  # ASSUMED: currents within this factor show no curvature beyond their noise
FLOOR_MARGIN = 2.0  # ASSUMED: within this factor of the floor, leakage is a large part of the current
STARTS = np.linspace(0.1, 3.0, 12)  # starts of V_0 below the least V_DG, in spans of V_DG
# Limits of the search, in spans of V_DG: V_0 further below the points cannot be told from a plain exponential, and
# V_0 just below them, or B of almost nothing, lets one point or a straight line decide
LEAST, FURTHEST = 1e-3, 10.0


def fit_device(
    v_dg: np.ndarray,
    i: np.ndarray,
    width: Metres,
    *,
    name: str,
    i_floor: Amperes | None = None,
    **conditions: Any,
) -> BTBTDevice:
    """The device whose current passes closest to measured points, with its rms error of ln I and its validity range.

    Args: v_dg: drain-gate voltages (V), `(n,)`, any order. i: currents (A) of the whole width, `(n,)`. width: (m).
    i_floor: floor of the measurement or of the device (A); the points within a factor 2 of it, and all at lower
    V_DG, are no tunnelling: they are left out, and `source` says how many. Without one, the least current is the
    device's floor: no lower one was seen. conditions: further fields of `BTBTDevice`, such as v_ds (V; 0.9 V unless
    given), temperature (K) and source.
    Returns: the device; `residual` is over the points that were used, v_gs_min and v_gs_max are their ends.
    Raises: InputError for shapes that differ, values that are not finite, currents that are not positive, voltages
    that repeat, currents that do not rise with v_dg (naming the two points), fewer than 4 points, currents within a
    factor 2, and points that no tunnelling curve passes through. TypeError for a condition that a device has not.
    """
    if not width > 0:
        raise InputError(f"width must be positive, got {width} m")
    v_dg, i = _sorted(v_dg, i)
    used = _above_floor(v_dg, i, i_floor)
    left_out, v_dg, i = int(np.count_nonzero(~used)), v_dg[used], i[used]
    _require_a_curve(v_dg, i, left_out)
    ln_prefactor, v_slope, v_onset, residual = _least_squares(v_dg, np.log(i / width))
    v_ds = conditions.pop("v_ds", BTBTDevice.v_ds)
    source = f"fit of {v_dg.size} points" + (f", {left_out} at the floor left out" if left_out else "")
    given = conditions.pop("source", None)
    return BTBTDevice(
        name, float(np.exp(ln_prefactor)), v_slope, v_onset, residual, (i[0] if i_floor is None else i_floor) / width,
        v_gs_min=v_ds - v_dg[-1], v_gs_max=v_ds - v_dg[0], source=f"{source}: {given}" if given else source,
        v_ds=v_ds, v_ds_fit=v_ds, **conditions,
    )  # fmt: skip


def _sorted(v_dg: np.ndarray, i: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The points as floats in order of v_dg, refused where a value cannot be that of a measurement."""
    v_dg, i = np.asarray(v_dg, dtype=float), np.asarray(i, dtype=float)
    if v_dg.ndim != 1 or v_dg.shape != i.shape:
        raise InputError(f"v_dg and i must be lists of one length, got shapes {v_dg.shape} and {i.shape}")
    for quantity, values, unit in (("v_dg", v_dg, "V"), ("i", i, "A")):
        if not np.isfinite(values).all():
            at = int(np.argmin(np.isfinite(values)))
            raise InputError(f"point {at}: {quantity} = {values[at]} {unit} is not finite; leave it out")
    if (i <= 0).any():
        at = int(np.argmax(i <= 0))
        raise InputError(f"point {at}: i = {i[at]:g} A at v_dg = {v_dg[at]:g} V is not positive; leave it out")
    order = np.argsort(v_dg, kind="stable")
    return v_dg[order], i[order]


def _above_floor(v_dg: np.ndarray, i: np.ndarray, i_floor: Amperes | None) -> np.ndarray:
    """Which points are tunnelling: those at a higher V_DG than the last one near the floor."""
    if i_floor is None:
        return np.ones(i.shape, dtype=bool)
    if not i_floor > 0:
        raise InputError(f"i_floor must be positive, got {i_floor} A; leave it out where there is none")
    near = v_dg[i <= FLOOR_MARGIN * i_floor]
    return v_dg > near.max() if near.size else np.ones(i.shape, dtype=bool)


def _require_a_curve(v_dg: np.ndarray, i: np.ndarray, left_out: int) -> None:
    """Enough points, which rise."""
    if v_dg.size < LEAST_POINTS:
        floor = f", with {left_out} at the floor left out" if left_out else ""
        raise InputError(f"points to fit: {v_dg.size}{floor}; three constants need at least {LEAST_POINTS}")
    for k in np.flatnonzero(np.diff(v_dg) == 0)[:1]:
        raise InputError(
            f"v_dg = {v_dg[k]:g} V is given twice, with {i[k]:g} and {i[k + 1]:g} A; keep one, or their mean"
        )
    for k in np.flatnonzero(np.diff(i) <= 0)[:1]:
        raise InputError(
            f"current does not rise with v_dg: {i[k]:g} A at {v_dg[k]:g} V, then {i[k + 1]:g} A at {v_dg[k + 1]:g} V; "
            "leave out points of sub-threshold leak and noise, or give i_floor"
        )
    if i[-1] < LEAST_SPAN * i[0]:
        raise InputError(
            f"currents span only a factor {i[-1] / i[0]:.3g}, {i[0]:g} to {i[-1]:g} A: too little to fit a curve; "
            f"measure over a factor of at least {LEAST_SPAN:g}"
        )


def _least_squares(v_dg: np.ndarray, ln_i: np.ndarray) -> tuple[float, Volts, Volts, float]:
    """ln A, B, V_0 and the rms error, the best of several starts."""
    span = v_dg[-1] - v_dg[0]
    best = min((_from_start(v_dg, ln_i, v_dg[0] - start * span, span) for start in STARTS), key=lambda fit: fit.cost)
    ln_prefactor, v_slope, v_onset = (float(x) for x in best.x)
    depth = (v_dg[0] - v_onset) / span
    if v_slope < 1.1 * LEAST * span or not 1.1 * LEAST < depth < 0.9 * FURTHEST:
        raise InputError(
            f"no tunnelling curve passes through these points: the best has B = {v_slope:.3g} V and "
            f"V_0 = {v_onset:.3g} V, at their limits; measure over a wider range of v_dg, away from the floor"
        )
    return ln_prefactor, v_slope, v_onset, float(np.sqrt(2 * best.cost / v_dg.size))


def _from_start(v_dg: np.ndarray, ln_i: np.ndarray, v_onset: Volts, span: Volts) -> OptimizeResult:
    """Least squares from one onset, at which ln A and B follow from a straight line in 1 / u."""

    def error(x: np.ndarray) -> np.ndarray:
        u = v_dg - x[2]
        return x[0] + np.log(u) - x[1] / u - ln_i

    def slope(x: np.ndarray) -> np.ndarray:
        u = v_dg - x[2]
        return np.stack((np.ones_like(u), -1 / u, -1 / u - x[1] / u**2), axis=-1)

    low = (-np.inf, LEAST * span, v_dg[0] - FURTHEST * span)
    high = (np.inf, np.inf, v_dg[0] - LEAST * span)
    u = v_dg - v_onset
    minus_b, ln_prefactor = np.polyfit(1 / u, ln_i - np.log(u), 1)
    start = (ln_prefactor, max(-minus_b, 2 * LEAST * span), v_onset)
    return least_squares(error, start, slope, (low, high), x_scale="jac", ftol=1e-15, xtol=1e-15, gtol=1e-15)
