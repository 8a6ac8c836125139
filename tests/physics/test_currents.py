"""The three currents of the device agree with the neuron that they charge, and age as published."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.device.ageing import aged, current_left
from circuits.device.btbt import DEVICES, btbt_current, drain_leak, validity_notes
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.currents import device_currents

approx = partial(pytest.approx, rel=1e-9, abs=0)

PDSOI = DEVICES["32nm-pdsoi"]
CIRCUIT = LIFCircuit(v_gs=-0.6, v_threshold=0.45, width=0.8e-6)


def test_body_at_rest_gets_the_input_current_and_leaks_nothing():
    currents = device_currents(CIRCUIT, 0.0)
    assert currents.tunnelling == currents.net == CIRCUIT.input_current
    assert currents.body_leak == 0
    assert currents.drain_leak == drain_leak(-0.6, PDSOI, 0.8e-6)


def test_at_threshold_the_leak_is_the_rheobase_and_the_wasted_current_the_static_one():
    currents = device_currents(CIRCUIT, CIRCUIT.v_threshold)
    assert currents.body_leak == approx(CIRCUIT.rheobase)
    assert currents.net == approx(CIRCUIT.input_current - CIRCUIT.rheobase)
    wasted = currents.drain_leak * CIRCUIT.v_ds
    assert CIRCUIT.i_static * CIRCUIT.v_dd + wasted == approx(CIRCUIT.static_power)


def test_a_charged_body_weakens_the_junction_by_the_body_factor():
    """0.3 x 0.2 V = 60 mV less of V_DG."""
    currents = device_currents(replace(CIRCUIT, body_factor=0.3), 0.2)
    assert currents.tunnelling == approx(float(btbt_current(0.9 + 0.6 - 0.06, PDSOI, 0.8e-6)))


def test_an_unpublished_drain_leak_stays_unknown():
    assert device_currents(replace(CIRCUIT, device=DEVICES["22nm-fdx"]), 0.1).drain_leak is None


def test_ten_years_cost_seventeen_percent_at_every_bias():
    v_dg, old = np.linspace(1.3, 2.4, 12), aged(PDSOI, 10)
    np.testing.assert_allclose(btbt_current(v_dg, old, 1e-6) / btbt_current(v_dg, PDSOI, 1e-6), 0.83, rtol=1e-12)
    assert old.age_years == 10


def test_loss_goes_with_a_power_of_time():
    """A new device is whole; the loss of 1/16 of the time is half, n = 1/4, and a tenth for n = 1 in a year."""
    assert (current_left(0), current_left(10)) == (1.0, approx(0.83))
    assert 1 - current_left(0.625) == approx(0.085)
    assert 1 - current_left(1, exponent=1) == approx(0.017)


def test_years_of_use_add_up():
    twice, once = aged(aged(PDSOI, 3), 4), aged(PDSOI, 7)
    assert (twice.age_years, twice.prefactor) == (once.age_years, approx(once.prefactor))
    assert aged(PDSOI, 0) == PDSOI


def test_more_than_ten_years_are_noted_as_extrapolated():
    assert validity_notes(aged(PDSOI, 10), -0.6) == ()
    (note,) = validity_notes(aged(aged(PDSOI, 8), 4), -0.6)
    assert note == "12 years of use, the loss is known at 10: extrapolated"


@pytest.mark.parametrize(
    ("years", "message"),
    [(-1, "zero or more, got -1"), (math.nan, "zero or more"), (math.inf, "zero or more"),
     (1e5, "leaves no current after 100000 years; it is known at 10 years")],
)  # fmt: skip
def test_impossible_years_are_refused(years, message):
    for call in (current_left, lambda years: aged(PDSOI, years)):
        with pytest.raises(ValueError, match=message):
            call(years)
    with pytest.raises(ValueError, match="zero or more, got -1"):
        aged(aged(PDSOI, 5), -1)
