"""The fit against points of known constants, and against the digitised curves of the named devices."""

from dataclasses import replace
from functools import partial
from importlib.resources import files

import numpy as np
import pytest

from circuits.device.btbt import DEVICES, btbt_current
from circuits.device.fit import fit_device
from circuits.device.points import read_points

approx = partial(pytest.approx, rel=1e-9, abs=0)

PDSOI = DEVICES["32nm-pdsoi"]
MEASURED = files("circuits.device") / "measured"  # the points that the named devices are fits of
V_DG = np.linspace(1.3, 2.39, 9)
CURRENT = btbt_current(V_DG, PDSOI, 0.45e-6)


def _fit(v_dg=V_DG, i=CURRENT, width=0.45e-6, **given):
    return fit_device(v_dg, i, width, name="mine", **given)


def _of_shipped(name: str):
    device, points = DEVICES[name], read_points(MEASURED / f"{name}.csv")
    return fit_device(
        points.v_dg, points.i, points.width, name=name, i_floor=device.i_floor * points.width, **points.conditions
    )


@pytest.mark.parametrize("name", DEVICES)
def test_each_named_device_is_the_fit_of_its_points(name):
    """To 1e-6, in the range of the points above the floor; the digitisation is good to 5 to 10 %, and so is the fit."""
    device, fitted = DEVICES[name], _of_shipped(name)
    for constant in ("prefactor", "v_slope", "v_onset", "residual", "i_floor"):
        assert getattr(device, constant) == approx(getattr(fitted, constant), rel=1e-6), constant
    for end in ("v_gs_min", "v_gs_max", "v_ds", "v_ds_fit", "temperature"):
        assert getattr(device, end) == approx(getattr(fitted, end)), end
    assert device.residual < 0.07
    assert device.name == name


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("n", [4, 9, 60])
def test_points_of_known_constants_give_them_back(name, n):
    device = DEVICES[name]
    v_dg = device.v_ds - np.linspace(device.v_gs_min, device.v_gs_max, n)
    fitted = _fit(v_dg, btbt_current(v_dg, device, 0.7e-6), 0.7e-6)
    assert fitted.prefactor == approx(device.prefactor, rel=1e-6)
    assert (fitted.v_slope, fitted.v_onset) == (approx(device.v_slope, rel=1e-6), approx(device.v_onset, rel=1e-6))
    assert fitted.residual < 1e-9
    assert (fitted.v_gs_min, fitted.v_gs_max) == (approx(device.v_gs_min), approx(device.v_gs_max))


@pytest.mark.parametrize(("v_slope", "v_onset"), [(0.4, 0.2), (30.0, -0.5), (3.0, 1.22), (8.0, 0.9)])
def test_constants_far_from_the_named_devices_are_found_too(v_slope, v_onset):
    device = replace(PDSOI, v_slope=v_slope, v_onset=v_onset, prefactor=7.0)
    fitted = _fit(i=btbt_current(V_DG, device, 0.45e-6))
    assert (fitted.v_slope, fitted.v_onset) == (approx(v_slope, rel=1e-6), approx(v_onset, rel=1e-6))
    assert fitted.prefactor == approx(7.0, rel=1e-6)


def test_residual_is_the_rms_error_of_ln_i():
    """10 % noise on 400 points leaves 10 %, less the three constants: sigma sqrt(1 - 3/n), standard error 3.5 %."""
    v_dg = np.linspace(1.3, 2.39, 400)
    noise = np.random.default_rng(2).normal(0, 0.1, 400)
    order = np.sort(btbt_current(v_dg, PDSOI, 1e-6) * np.exp(noise))  # sorted: rises, as the fit demands
    fitted = _fit(v_dg, order, 1e-6)
    error = np.log(btbt_current(v_dg, fitted, 1e-6) / order)
    assert fitted.residual == approx(float(np.sqrt(np.mean(error**2))))
    assert abs(error.mean()) < 1e-6  # ln A is free


def test_order_width_and_conditions():
    """Twice the width at the same current is half the prefactor; the rest of the device is as given."""
    shuffled = np.random.default_rng(0).permutation(V_DG.size)
    fitted = _fit(V_DG[shuffled], CURRENT[shuffled], 0.9e-6, v_ds=1.1, temperature=358.0, source="wafer 3")
    assert fitted.prefactor == approx(PDSOI.prefactor / 2, rel=1e-6)
    assert (fitted.v_gs_min, fitted.v_gs_max) == (approx(1.1 - 2.39), approx(1.1 - 1.3))
    assert (fitted.v_ds, fitted.v_ds_fit, fitted.temperature) == (1.1, 1.1, 358.0)
    assert fitted.source == "fit of 9 points: wafer 3"
    assert fitted.i_floor == approx(CURRENT[0] / 0.9e-6)


def test_points_at_the_floor_and_below_its_bias_are_left_out_and_counted():
    """A floor of 1.2 pA, and a sub-threshold branch that rises again at lower V_DG: 3 of 12 points."""
    v_dg = np.concatenate(([1.0, 1.1, 1.2], V_DG))
    i = np.concatenate(([5e-10, 3e-11, 2.3e-12], CURRENT))
    fitted = _fit(v_dg, i, i_floor=1.2e-12)
    assert fitted.source == "fit of 9 points, 3 at the floor left out"
    assert fitted.v_onset == approx(PDSOI.v_onset, rel=1e-6)
    assert fitted.v_gs_max == approx(0.9 - 1.3)
    assert fitted.i_floor == approx(1.2e-12 / 0.45e-6)
    with pytest.raises(ValueError, match=r"5e-10 A at 1 V, then 3e-11 A at 1\.1 V.*give i_floor"):
        _fit(v_dg, i)


def _changed(values: np.ndarray, at: int, value: float) -> np.ndarray:
    return np.where(np.arange(values.size) == at, value, values)


@pytest.mark.parametrize(
    ("given", "message"),
    [({"v_dg": V_DG[:3], "i": CURRENT[:3]}, "points to fit: 3; three constants need at least 4"),
     ({"v_dg": [], "i": []}, "points to fit: 0"),
     ({"i": CURRENT[:5]}, r"got shapes \(9,\) and \(5,\)"),
     ({"v_dg": V_DG[None], "i": CURRENT[None]}, r"lists of one length"),
     ({"i": _changed(CURRENT, 4, np.nan)}, "point 4: i = nan A is not finite; leave it out"),
     ({"v_dg": _changed(V_DG, 2, np.inf)}, "point 2: v_dg = inf V is not finite"),
     ({"i": _changed(CURRENT, 1, 0.0)}, r"point 1: i = 0 A at v_dg = 1\.43625 V is not positive"),
     ({"i": -CURRENT}, "point 0: i = -"),
     ({"v_dg": _changed(V_DG, 3, V_DG[2])}, r"v_dg = 1\.5725 V is given twice"),
     ({"i": _changed(CURRENT, 5, CURRENT[3])}, r"does not rise with v_dg: .* A at 1\.845 V, then .* A at 1\.98125 V"),
     ({"i": 1e-10 * np.linspace(1, 1.5, 9)}, r"span only a factor 1\.5, 1e-10 to 1\.5e-10 A"),
     ({"i": 1e-12 * np.exp(8 * V_DG)}, "no tunnelling curve passes through these points"),
     ({"i": 1e-12 * (V_DG - 1)}, "no tunnelling curve passes through these points"),
     ({"i_floor": CURRENT[6]}, "points to fit: 1, with 8 at the floor left out"),
     ({"i_floor": 0.0}, "i_floor must be positive"),
     ({"i_floor": np.nan}, "i_floor must be positive"),
     ({"width": 0.0}, "width must be positive"),
     ({"width": np.nan}, "width must be positive"),
     ({"temperature": -3.0}, "BTBTDevice.temperature must be positive")],
)  # fmt: skip
def test_points_that_are_no_measurement_of_tunnelling_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        _fit(**given)


def test_a_condition_that_a_device_has_not_is_refused():
    with pytest.raises(TypeError, match="temprature"):
        _fit(temprature=300)
