"""Draws have the spread that is stated, are independent of one another, and follow the seed."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.device.btbt import btbt_current, mismatch
from circuits.neuron.circuit import LIFCircuit
from circuits.variation.mismatch import Spread, current_spread, sample, static_spread

approx = partial(pytest.approx, rel=1e-9, abs=0)

CIRCUIT = LIFCircuit(v_gs=-0.8)
SPREAD = Spread(sigma_tunnel=0.012, sigma_subthreshold=0.015, sigma_threshold=0.008, sigma_c=0.03)
N = 20_000  # the standard error of a spread is 1 / sqrt(2 n) = 0.5 %, of a correlation 1 / sqrt(n) = 0.7 %


def _draw(spread: Spread = SPREAD, n: int = N, seed: int = 3) -> dict[str, np.ndarray]:
    return sample(CIRCUIT, spread, n, np.random.default_rng(seed))


def test_each_field_has_its_sigma_around_the_circuit():
    """SS = 91 mV per decade: 15 mV is ln 10 x 15 / 91 = 38 % of sub-threshold current."""
    draw = _draw()
    around = {
        "tunnel_shift": (draw["tunnel_shift"], 0.012),
        "v_threshold": (draw["v_threshold"] - CIRCUIT.v_threshold, 0.008),
        "c_mem": (np.log(draw["c_mem"] / CIRCUIT.c_mem), 0.03),
        "i_static": (np.log(draw["i_static"] / CIRCUIT.i_static), math.log(10) * 15 / 91),
    }
    assert set(draw) == set(around)
    for values, sigma in around.values():
        assert values.shape == (N,)
        assert values.std() == approx(sigma, rel=0.02)
        assert abs(values.mean()) < 4 * sigma / math.sqrt(N)


def test_fields_are_uncorrelated():
    values = np.array(list(_draw().values()))
    assert np.abs(np.corrcoef(values) - np.eye(4)).max() < 4 / math.sqrt(N)


def test_tunnel_shift_gives_the_spread_that_mismatch_draws():
    """ln I of shifted devices, to first order in the shift: sigma_lnI = dlnI/dV sigma_tunnel, as in `mismatch`."""
    spread, v_dg = Spread(sigma_tunnel=0.002), CIRCUIT.device.v_ds - CIRCUIT.v_gs
    shifted = btbt_current(v_dg + _draw(spread)["tunnel_shift"], CIRCUIT.device, CIRCUIT.width)
    factors = mismatch(np.full(N, v_dg), CIRCUIT.device, spread.sigma_tunnel, np.random.default_rng(4))
    expected = current_spread(CIRCUIT, spread)
    assert np.log(shifted / CIRCUIT.input_current).std() == approx(expected, rel=0.02)
    assert np.log(factors).std() == approx(expected, rel=0.02)


def test_published_ratio_of_three_lies_within_the_fitted_range():
    """Sub-threshold over tunnelling spread at one voltage sigma: 1.4 at the onset, over 6 deep, 3 between."""
    ratios = [
        static_spread(circuit, Spread()) / current_spread(circuit, Spread())
        for circuit in (replace(CIRCUIT, v_gs=v_gs) for v_gs in (-0.5, -0.8, -1.4))
    ]
    assert ratios[0] < 1.5
    assert ratios[1] == approx(3.0, rel=0.3)
    assert ratios[2] > 6


@pytest.mark.parametrize("name", ["sigma_tunnel", "sigma_subthreshold", "sigma_threshold", "sigma_c"])
def test_a_field_does_not_depend_on_whether_another_is_drawn(name):
    key = {"sigma_tunnel": "tunnel_shift", "sigma_subthreshold": "i_static", "sigma_threshold": "v_threshold",
           "sigma_c": "c_mem"}[name]  # fmt: skip
    whole, without = _draw(n=50), _draw(replace(SPREAD, **{name: 0.0}), n=50)
    assert np.ptp(without[key]) == 0
    assert np.ptp(whole[key]) > 0
    for other in set(whole) - {key}:
        np.testing.assert_array_equal(whole[other], without[other])


def test_draws_follow_the_seed_and_begin_alike_however_many_there_are():
    for name, values in _draw(n=40).items():
        np.testing.assert_array_equal(values, _draw(n=40)[name])
        np.testing.assert_array_equal(values, _draw(n=4000)[name][:40])
        assert not np.array_equal(values, _draw(n=40, seed=4)[name])


@pytest.mark.parametrize(
    ("make", "message"),
    [(lambda: Spread(sigma_tunnel=-0.01), "Spread.sigma_tunnel must be zero or positive"),
     (lambda: Spread(sigma_c=math.nan), "Spread.sigma_c must be zero or positive"),
     (lambda: _draw(n=0), "at least 1, got 0"),
     (lambda: _draw(Spread(sigma_threshold=0.3)), "thresholds at or below v_reset = 0 V; lower it or raise"),
     (lambda: current_spread(replace(CIRCUIT, v_gs=0.1), SPREAD), "not above the onset"),
     (lambda: static_spread(replace(CIRCUIT, control=replace(CIRCUIT.control, subthreshold_swing=0.0)), SPREAD),
      "set control.subthreshold_swing")],
)  # fmt: skip
def test_impossible_spreads_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
