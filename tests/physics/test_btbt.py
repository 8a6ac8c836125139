"""The tunnelling device against the points it was fitted to, its own inverse, and the figures derived from them."""

import math
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from circuits.device.btbt import (
    DEVICES,
    BTBTDevice,
    ExtrapolationWarning,
    arrhenius,
    band_gap_ev,
    bias_for_current,
    boltzmann_factor,
    btbt_current,
    drain_body_factor,
    drain_body_slope,
    drain_leak,
    kane,
    log_slope,
    mismatch,
    validity_notes,
    warn_outside_fit,
)
from circuits.neuron.circuit import LIFCircuit

approx = partial(pytest.approx, rel=1e-9, abs=0)  # the default of abs, 1e-12, is more than many of these

PDSOI = DEVICES["32nm-pdsoi"]
JUNCTION = replace(PDSOI, drain_body=0.5)


def _inside(device: BTBTDevice, n: int = 50) -> np.ndarray:
    """Drain-gate voltages of the fitted range."""
    return device.v_ds - np.linspace(device.v_gs_min, device.v_gs_max, n)


def test_every_named_device_has_its_own_name():
    assert all(name == device.name for name, device in DEVICES.items())


@pytest.mark.parametrize("name", DEVICES)
def test_current_to_bias_to_current_over_twelve_decades(name):
    wanted, width = np.logspace(-18, -6, 49), 0.7e-6
    device = DEVICES[name]
    back = btbt_current(device.v_ds - bias_for_current(wanted, device, width), device, width)
    np.testing.assert_allclose(back, wanted, rtol=1e-11)


@pytest.mark.parametrize("name", DEVICES)
def test_bias_to_current_to_bias(name):
    """The other way round, at a drain voltage away from the default."""
    device = replace(DEVICES[name], v_ds=1.3)
    v_gs = np.linspace(-1.4, -0.5, 19)
    current = btbt_current(device.v_ds - v_gs, device, 2e-6)
    np.testing.assert_allclose(bias_for_current(current, device, 2e-6), v_gs, rtol=1e-12)


@pytest.mark.parametrize("current", [0.0, -1e-12, math.nan, math.inf, [1e-12, 0.0]])
def test_bias_for_an_impossible_current_is_refused(current):
    with pytest.raises(ValueError, match="must be positive and finite"):
        bias_for_current(current, PDSOI, 1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_current_and_its_gradient_are_zero_below_onset_and_finite_everywhere(dtype):
    v_dg = torch.linspace(-2, 2.5, 401, dtype=dtype)
    beside = torch.tensor(PDSOI.v_onset, dtype=dtype)
    v_dg = torch.cat((v_dg, torch.stack((beside, torch.nextafter(beside, beside + 1)))), 0).requires_grad_()
    current = btbt_current(v_dg, PDSOI, 0.45e-6)
    (gradient,) = torch.autograd.grad(current.sum(), v_dg)
    below = v_dg <= PDSOI.v_onset
    assert torch.isfinite(gradient).all()
    assert torch.isfinite(current).all()
    assert (current[below] == 0).all()
    assert (gradient[below] == 0).all()
    assert (gradient[v_dg > PDSOI.v_onset + 0.2] > 0).all()


def test_gradient_is_current_times_log_slope():
    v_dg = torch.tensor(_inside(PDSOI), requires_grad=True)
    current = btbt_current(v_dg, PDSOI, 0.45e-6)
    (gradient,) = torch.autograd.grad(current.sum(), v_dg)
    torch.testing.assert_close(gradient, (current * log_slope(v_dg, PDSOI)).detach(), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", DEVICES)
def test_log_slope_is_the_derivative_of_ln_i(name):
    """Central difference, its error of second order in h = 10 uV."""
    device, h = DEVICES[name], 1e-5
    v_dg = _inside(device)
    ln = [np.log(btbt_current(v_dg + shift, device, 1e-6)) for shift in (h, -h)]
    np.testing.assert_allclose(log_slope(v_dg, device), (ln[0] - ln[1]) / (2 * h), rtol=1e-6)


@pytest.mark.parametrize("name", DEVICES)
def test_numpy_torch_and_float_give_the_same_current(name):
    device, v_dg = DEVICES[name], np.linspace(-1, 3, 97)
    current = btbt_current(v_dg, device, 0.3e-6)
    np.testing.assert_allclose(btbt_current(torch.tensor(v_dg), device, 0.3e-6).numpy(), current, rtol=1e-12)
    np.testing.assert_allclose([float(btbt_current(float(v), device, 0.3e-6)) for v in v_dg], current, rtol=1e-12)


def test_current_is_proportional_to_width_and_rises_with_bias():
    v_dg = _inside(PDSOI)
    current = btbt_current(v_dg, PDSOI, 0.2e-6)
    np.testing.assert_allclose(btbt_current(v_dg, PDSOI, 0.7e-6), 3.5 * current, rtol=1e-14)
    assert (np.diff(current) < 0).all()  # `_inside` goes from strong to weak bias


def test_drain_body_factor_is_that_of_bsim_relative_to_the_fit():
    """V_db^3 / (0.5 + V_db^3): 0.2 at 0.5 V over 0.729 / 1.229 at the 0.9 V of the fit; at another supply not 1."""
    v_dg = _inside(PDSOI)
    at_fit = btbt_current(v_dg, JUNCTION, 0.45e-6)
    assert np.array_equal(at_fit, btbt_current(v_dg, PDSOI, 0.45e-6))
    assert np.array_equal(btbt_current(v_dg, PDSOI, 0.45e-6, 0.4), at_fit)  # C = 0: no factor
    assert btbt_current(v_dg, JUNCTION, 0.45e-6, 0.4) / at_fit == approx(np.full(v_dg.shape, 0.2 * 1.229 / 0.729))
    assert drain_body_factor(0.0, replace(JUNCTION, v_ds=0.5)) == approx(0.2 * 1.229 / 0.729)
    assert (btbt_current(v_dg, JUNCTION, 0.45e-6, 1.2) < 1e-15 * at_fit).all()  # a body above the drain


def test_drain_body_slope_is_the_derivative_of_the_factor():
    v_body, h = np.linspace(-0.3, 0.8, 12), 1e-5
    ln = [np.log(drain_body_factor(v_body + shift, JUNCTION)) for shift in (h, -h)]
    np.testing.assert_allclose(drain_body_slope(v_body, JUNCTION), (ln[1] - ln[0]) / (2 * h), rtol=1e-6)
    assert (drain_body_slope(v_body, PDSOI) == 0).all()


def test_a_bias_can_be_asked_for_at_a_potential_of_the_body():
    v_gs = bias_for_current(np.logspace(-13, -9, 9), JUNCTION, 0.45e-6, 0.4)
    np.testing.assert_allclose(btbt_current(0.9 - v_gs, JUNCTION, 0.45e-6, 0.4), np.logspace(-13, -9, 9), rtol=1e-11)


@pytest.mark.parametrize(("temperature", "ratio"), [(358, 2.7), (398, 4.6), (300, 1.0)])
def test_arrhenius_gives_the_growth_of_the_tcad_curve(temperature, ratio):
    """Figure 14 at V_GS = -1 V."""
    grown, v_dg = arrhenius(PDSOI, temperature), np.array(1.9)
    measured = btbt_current(v_dg, grown, 1e-6) / btbt_current(v_dg, PDSOI, 1e-6)
    assert measured == approx(ratio, rel=0.1)


def test_arrhenius_of_the_fdx_device_grows_thirteenfold():
    device, v_dg = DEVICES["22nm-fdx"], np.array(1.9)
    ratio = btbt_current(v_dg, arrhenius(device, 398), 1e-6) / btbt_current(v_dg, device, 1e-6)
    assert ratio == approx(13.6, rel=0.1)


@pytest.mark.parametrize(("temperature", "ratio"), [(358, 18.6), (398, 86)])
def test_off_and_floor_currents_grow_with_the_subthreshold_activation(temperature, ratio):
    """Figure 14 at V_GS = 0."""
    for law in (arrhenius, kane):
        hot = law(PDSOI, temperature)
        assert hot.i_off / PDSOI.i_off == approx(ratio, rel=0.1)
        assert hot.i_floor / PDSOI.i_floor == approx(hot.i_off / PDSOI.i_off)
        assert hot.subthreshold_swing / PDSOI.subthreshold_swing == approx(temperature / 300)


@pytest.mark.parametrize(("field_mv_cm", "ratio"), [(3.0, 1.4), (1.0, 2.6), (0.5, 6.9)])
def test_kane_gap_ratio_falls_with_the_field(field_mv_cm, ratio):
    """300 to 398 K in G = A E^2 / sqrt(Eg) exp(-B Eg^1.5 / E), B = 22.5 MV/cm/eV^1.5 (GSS TCAD); u stands for E."""
    cold_gap, hot_gap = band_gap_ev(300), band_gap_ev(398)
    slope = 22.5 * cold_gap**1.5
    exact = math.sqrt(cold_gap / hot_gap) * math.exp(22.5 * (cold_gap**1.5 - hot_gap**1.5) / field_mv_cm)
    cold = BTBTDevice("kane", 1.0, slope, 0.0, 0.0, 0.0, -1.0, 0.0, "test")
    field = np.array(field_mv_cm)
    measured = btbt_current(field, kane(cold, 398), 1.0) / btbt_current(field, cold, 1.0)
    assert measured == approx(exact)
    assert exact == pytest.approx(ratio, rel=0.03)


def test_band_gap_of_silicon_at_room_temperature():
    assert band_gap_ev(300) == approx(1.1245, abs=1e-3)


@pytest.mark.parametrize("temperature", [0, -10, 199.9, 450.1, math.nan])
def test_temperature_outside_the_law_is_refused(temperature):
    with pytest.raises(ValueError, match=r"200\.\.450 K"):
        boltzmann_factor(0.16, temperature)


@pytest.mark.parametrize(("v_gs", "slope", "spread"), [(-1.0, 4.9, 0.10), (-0.5, 19.0, 0.47)])
def test_a_20_mv_shift_costs_ten_percent_deep_and_half_at_onset(v_gs, slope, spread):
    """The TCAD curve itself, against which the fit is 2 to 6 % off in slope."""
    fitted = float(log_slope(np.array(0.9 - v_gs), PDSOI))
    assert fitted == approx(slope, rel=0.07)
    assert math.exp(fitted * 0.020) - 1 == approx(spread, rel=0.1)


@pytest.mark.parametrize("v_gs", [-1.3, -1.0, -0.5])
def test_sample_spread_of_ln_i_is_log_slope_times_sigma_v(v_gs):
    """20,000 devices: the standard error of a spread is 1 / sqrt(2 n) = 0.5 %, of the mean sigma / 141."""
    v_dg = np.full(20_000, 0.9 - v_gs)
    ln = np.log(mismatch(v_dg, PDSOI, 0.013, np.random.default_rng(5)))
    expected = float(log_slope(v_dg[0], PDSOI)) * 0.013
    assert ln.std() == approx(expected, rel=0.02)
    assert abs(ln.mean()) < 4 * expected / math.sqrt(v_dg.size)


def test_mismatch_follows_the_seed_and_the_shape():
    v_dg = np.full((3, 4), 1.5)
    first, again, other = (mismatch(v_dg, PDSOI, 0.02, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (3, 4)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (mismatch(v_dg, PDSOI, 0.0, np.random.default_rng(1)) == 1).all()
    with pytest.raises(ValueError, match=r"v_dg = 0\.9 V is not above the onset 0\.92\d* V"):
        mismatch(np.array([1.5, 0.9]), PDSOI, 0.02, np.random.default_rng(1))
    with pytest.raises(ValueError, match="must not be negative"):
        mismatch(v_dg, PDSOI, -0.02, np.random.default_rng(1))


def test_drain_leak_falls_a_decade_per_swing_and_is_unknown_without_data():
    """135 pA/um at V_GS = 0 and 91 mV per decade."""
    assert drain_leak(0.0, PDSOI, 2e-6) == approx(270e-12)
    assert drain_leak(-0.182, PDSOI, 2e-6) == approx(2.7e-12)
    assert drain_leak(0.0, DEVICES["22nm-fdx"], 2e-6) is None


def test_bias_outside_the_fit_is_noted_and_inside_is_not():
    assert validity_notes(PDSOI, np.array([-1.49, -0.4])) == ()
    for v_gs in (-1.5, -0.39, np.array([-1.0, -0.3])):
        (note,) = validity_notes(PDSOI, v_gs)
        assert "32nm-pdsoi" in note
        assert "extrapolated" in note


def _new_device(name: str) -> BTBTDevice:
    """A device that nobody has been warned of."""
    return replace(PDSOI, name=name, v_gs_min=-1.2, v_gs_max=-0.6)


def test_outside_its_range_a_device_warns_once_and_names_the_range():
    """At construction of a circuit, then no more; another device warns for itself, from the search for a bias."""
    said = "gate bias -1.3 V leaves the fitted range of one, -1.2 to -0.6 V: extrapolated"
    with pytest.warns(ExtrapolationWarning, match=said):
        LIFCircuit(device=_new_device("one"), v_gs=-1.3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LIFCircuit(device=_new_device("one"), v_gs=-0.2)
        bias_for_current(1e-15, _new_device("one"), 1e-6)
    with pytest.warns(ExtrapolationWarning, match="fitted range of two") as caught:
        bias_for_current(np.array([1e-9, 1e-15]), _new_device("two"), 1e-6)
    assert len(caught) == 1
    assert Path(caught[0].filename) == Path(__file__)


@pytest.mark.parametrize("v_gs", [-1.2, -0.6, -1.2 - 1e-12, -0.9])
def test_inside_its_range_and_at_its_ends_a_device_is_silent(v_gs):
    device = _new_device("silent")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_outside_fit(device, v_gs)
        LIFCircuit(device=device, v_gs=v_gs)
        btbt_current(device.v_ds + 3.0, device, 1e-6)  # the formula itself never warns
    assert validity_notes(device, v_gs) == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"prefactor": 0}, "prefactor"), ({"v_slope": -1}, "v_slope"), ({"v_gs_min": 0.0}, "v_gs_min"),
     ({"i_off": math.nan}, "i_off"), ({"v_onset": math.inf}, "v_onset"), ({"temperature": 0}, "temperature"),
     ({"drain_body": -0.5}, "drain_body"), ({"age_years": -1}, "age_years"), ({"age_years": math.nan}, "age_years")],
)  # fmt: skip
def test_impossible_device_is_refused_by_field(change, field):
    with pytest.raises(ValueError, match=rf"BTBTDevice\.{field}"):
        replace(PDSOI, **change)
