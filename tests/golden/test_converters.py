"""Converters of ZigZag and NeuroSim as they print them, and a published macro from the same laws."""

import math
from functools import partial

import pytest

from circuits.energy.converters import (
    adc_area,
    adc_delay,
    adc_energy,
    dac_energy,
    line_energy,
    neurosim_column_power,
)
from circuits.energy.operation_counts import mac_energy
from circuits.errors import InputError

close = partial(pytest.approx, abs=0)


@pytest.mark.parametrize(
    ("joules", "femtojoules"),
    [(adc_energy(8, 0.9), 701.1), (adc_energy(6, 0.8), 386.6), (dac_energy(7, 0.8), 224.0)],
)
def test_converters_of_zigzag(joules, femtojoules):
    assert joules == close(femtojoules * 1e-15, rel=1e-3)


def test_a_published_macro_of_1024_by_512_is_within_15_percent():
    """22 nm, inputs of 7 bits, weights of 2 bits in two cells, one converter of 6 bits a column, 0.8 V: 1050 TOPS/W."""
    rows, columns, v_dd = 1024, 512, 0.8
    drive = rows * dac_energy(7, v_dd)
    read = columns * (adc_energy(6, v_dd) + line_energy(2 * rows, v_dd))
    assert mac_energy(1050e12) == close(1.905e-15, rel=1e-3)
    assert (drive + read) / (rows * columns) == close(mac_energy(1050e12), rel=0.15)


def test_delay_and_area_of_zigzag():
    assert adc_delay(6, 1024) == close(6 * (0.00653 * 1024 + 0.640) * 1e-9, rel=1e-9)
    assert math.log10(adc_area(8) / adc_area(4)) == close(4 * (math.log10(2) - 0.0369), rel=1e-9)
    assert adc_area(1) == close(2 * 10**1.1691 * 1e-12, rel=1e-9)


@pytest.mark.parametrize(("node", "microwatts"), [(45, 29.4054), (22, 9.0745), (14, 5.7209)])
def test_columns_of_neurosim(node, microwatts):
    """256 levels are 8 bits: 8 a + c."""
    assert neurosim_column_power(256, node) == close(microwatts * 1e-6, rel=1e-6)


def test_a_column_of_a_decade_more_draws_less_by_exp_2_296():
    none = neurosim_column_power(256, 45)
    high, low = (neurosim_column_power(256, 45, ohm) - none for ohm in (1e4, 1e5))
    assert high / low == close(math.exp(2.296), rel=1e-6)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: adc_energy(0, 0.9), "1 to 16 bits, got 0"),
        (lambda: adc_energy(8, -1.0), "supply"),
        (lambda: adc_delay(8, 0), "at least 1 cell"),
        (lambda: neurosim_column_power(256, 7), "known at 45, 22, 14 nm"),
        (lambda: neurosim_column_power(1, 45), "levels"),
        (lambda: neurosim_column_power(256, 22, 1e4), "leave the resistance out"),
    ],
)
def test_what_no_law_covers_is_refused(call, told):
    with pytest.raises(InputError, match=told):
        call()
