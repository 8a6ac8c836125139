"""Logic over its supply: limits of the laws, the supply of least energy in closed form, spread, standby."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.special import lambertw
from scipy.stats import norm

from circuits.energy.standby import break_even, gated_leak, mean_power
from circuits.energy.voltage_laws import (
    LogicBlock,
    LogicProcess,
    at_temperature,
    delay,
    dynamic_scale,
    inversion,
    leak,
    leak_power,
    least_energy_supply,
    operation_energy,
    operation_time,
    strong_inversion_delay,
    thermal_voltage,
)
from circuits.energy.voltage_spread import (
    READ_DISTURBED,
    UNDISTURBED,
    FailingGates,
    delay_corners,
    delay_sensitivity,
    delay_spread,
    lowest_supply,
    threshold_sigma,
)
from circuits.errors import InputError

close = partial(pytest.approx, abs=0)
PROCESS = LogicProcess(0.4, slope=1.4, dibl=0.08, temperature=300.0, threshold_drift=-0.8e-3, mobility_exponent=1.5)
BLOCK = LogicBlock(PROCESS, known_at=0.46, dynamic=1e-12, leak=1e-7, time=2e-7)


def test_thermal_voltage_at_300_k():
    assert thermal_voltage(300) == close(25.85e-3, rel=1e-3)


@pytest.mark.parametrize("v_dd", [0.7, 0.8, 1.0, 1.2])
def test_far_above_threshold_the_delay_is_the_alpha_power_law(v_dd):
    assert delay(v_dd, PROCESS) == close(strong_inversion_delay(v_dd, PROCESS), rel=0.1)
    plain = replace(PROCESS, dibl=0.0)
    assert delay(v_dd, plain) / v_dd * (v_dd - 0.4) ** 2 == close((2 * plain.n_phi) ** 2, rel=0.1)


def test_below_threshold_the_delay_grows_e_fold_with_n_kt_over_q():
    plain = replace(PROCESS, dibl=0.0)
    grown = delay(0.15 - plain.n_phi, plain) / (0.15 - plain.n_phi) / (delay(0.15, plain) / 0.15)
    assert grown == close(math.e, rel=0.02)
    assert inversion(0.4, plain) == close(math.log(2) ** 2, rel=1e-9)


def test_a_closed_transistor_leaks_as_an_open_one_below_threshold():
    """At a gate of 0 V the current is the one whose gate lies a supply lower."""
    plain = replace(PROCESS, dibl=0.0)
    lower = replace(plain, v_threshold=PROCESS.v_threshold + 0.3)  # 0.3 V seen from a gate at 0
    assert leak(0.3, plain) == close(inversion(0.3, lower), rel=0.02)


def test_delay_and_leak_are_smooth_and_monotone_through_threshold():
    supplies = np.linspace(0.1, 1.2, 500)
    delays = np.array([delay(v, PROCESS) for v in supplies])
    leaks = np.array([leak(v, PROCESS) for v in supplies])
    assert (np.diff(delays) < 0).all()
    assert (np.diff(leaks) > 0).all()
    assert np.abs(np.diff(np.log(delays), 2)).max() < 1e-3  # no kink


def test_least_energy_lies_below_threshold_for_high_and_near_it_for_low_activity():
    found = [least_energy_supply(replace(BLOCK, dynamic=scale * 1e-12), 0.1, 1.2) for scale in (100, 10, 1, 0.1)]
    assert (np.diff(found) > 0).all()  # Zhai et al.: less activity, a higher supply
    assert found[0] < PROCESS.v_threshold - 0.1
    assert found[-1] == close(PROCESS.v_threshold, rel=0.2)


def test_least_energy_is_that_of_calhoun_deep_below_threshold():
    """V = n phi (2 - W(-2 e^2 a / b)) of E = V^2 (a + b e^(-V / n phi)), b W the leak of a chain (JSSC 2005)."""
    process = replace(PROCESS, v_threshold=1.0, dibl=0.0)  # so high that all happens far below it
    block = LogicBlock(process, known_at=0.3, dynamic=1e-12, leak=1e-8, time=1e-5)
    n_phi = process.n_phi
    a = block.dynamic / 0.3**2
    b = block.leak * block.time / 0.3**2 * math.exp(0.3 / n_phi)
    expected = n_phi * (2 - lambertw(-2 * a * math.exp(2) / b, -1).real)
    # the drain's factor 1 - e^(-V/phi) is 1 within 0.1 % there
    assert least_energy_supply(block, 0.1, 0.6) == close(expected, rel=2e-3)


def test_a_search_that_ends_at_a_bound_says_so():
    assert least_energy_supply(BLOCK, 0.5, 1.2) == 0.5
    energy = operation_energy(BLOCK, 0.5)
    assert energy == close(1e-12 * (0.5 / 0.46) ** 2 + leak_power(BLOCK, 0.5) * operation_time(BLOCK, 0.5), rel=1e-12)
    assert operation_energy(BLOCK, 0.46) == close(1e-12 + 1e-7 * 2e-7, rel=1e-12)


def test_heat_makes_logic_faster_below_threshold_and_slower_far_above():
    hot = at_temperature(PROCESS, 390)
    assert delay(0.35, hot) < 0.6 * delay(0.35, PROCESS)
    slower = delay(1.2, replace(hot, v_threshold=0.4)) / delay(1.2, PROCESS)
    assert slower == close((390 / 300) ** 1.5, rel=0.02)  # mobility alone, where a square of the overdrive flows
    assert leak(0.46, hot) > 20 * leak(0.46, PROCESS)


@pytest.mark.parametrize("v_dd", [0.2, 0.4, 0.6, 1.0])
def test_sensitivity_of_a_delay_is_its_derivative(v_dd):
    step = 1e-5
    up, down = (math.log(delay(v_dd, replace(PROCESS, v_threshold=0.4 + s))) for s in (step, -step))
    assert delay_sensitivity(v_dd, PROCESS) == close((up - down) / (2 * step), rel=1e-6)


def test_spread_of_paths_averages_and_is_largest_below_threshold():
    sigma = threshold_sigma(3e-9, 0.2e-6, 80e-9)
    assert sigma == close(3e-9 / math.sqrt(0.2e-6 * 80e-9), rel=1e-12)
    assert delay_spread(0.46, PROCESS, sigma, 25) == close(delay_spread(0.46, PROCESS, sigma) / 5, rel=1e-12)
    assert delay_spread(0.25, PROCESS, sigma) > 2 * delay_spread(0.8, PROCESS, sigma)
    draws = np.random.default_rng(0).normal(0, sigma, 4000)
    drawn = np.std([math.log(delay(0.6, replace(PROCESS, v_threshold=0.4 + d))) for d in draws])
    assert delay_spread(0.6, PROCESS, sigma) == close(drawn, rel=0.05)


def test_lowest_supply_of_a_memory_is_that_of_its_worst_cell():
    cells = FailingGates(1000, 3e-9, 0.2e-6, 80e-9, UNDISTURBED)
    v_dd = lowest_supply(cells, 0.9)
    survives = norm.cdf((v_dd - cells.floor) * cells.margin_slope / cells.sigma) ** 1000
    assert survives == close(0.9, rel=1e-9)


def test_memory_fails_before_logic_and_near_what_is_published():
    verma = FailingGates(2**18, 3e-9, 0.2e-6, 80e-9, UNDISTURBED)  # 256 kbit of 8T cells, 65 nm: 0.35 V
    assert lowest_supply(verma) == close(0.35, rel=0.05)
    six = replace(verma, margin_slope=READ_DISTURBED)  # 6T cells: unreliable below about 0.7 V
    assert lowest_supply(six) == close(0.7, rel=0.15)
    logic = FailingGates(10**6, 3e-9, 0.5e-6, 60e-9, UNDISTURBED)
    assert lowest_supply(logic) < lowest_supply(verma) < lowest_supply(replace(verma, n=2**22))


def test_corners_change_sides_with_the_supply():
    def slowest(v_dd):
        return max(delay_corners(v_dd, PROCESS), key=lambda corner: corner.delay_ratio)

    assert (slowest(0.4).name, slowest(0.4).temperature) == ("slow", 233.15)
    typical = {c.temperature: c.delay_ratio for c in delay_corners(0.4, PROCESS) if c.name == "typical"}
    for heat in (233.15, 300.0, 398.15):
        slow, usual, fast = (c.delay_ratio for c in delay_corners(0.4, PROCESS) if c.temperature == heat)
        assert slow > usual > fast
    assert typical[300.0] == 1
    assert typical[398.15] < 1 < typical[233.15]


def test_standby_by_hand():
    assert mean_power(1e-3, 1e-6, 0.1, 5e-9, 10) == close(1e-4 + 0.9e-6 + 5e-8, rel=1e-12)
    assert mean_power(1e-3, 1e-6, 1.0) == 1e-3
    assert gated_leak(2e-6, 0.95) == close(1e-7, rel=1e-9)
    t = break_even(3e-12, 1e-12, 2e-9)
    assert t == close(2e-3, rel=1e-12)
    assert 2e-9 * t == close(4e-12, rel=1e-12)  # asleep for so long costs what storing does
    assert break_even(1e-12, 0, 0) == math.inf


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: replace(PROCESS, v_threshold=math.nan), "finite"),
        (lambda: replace(PROCESS, v_threshold=-0.1), "above 0"),
        (lambda: replace(PROCESS, slope=0.5), "1 \\(ideal\\)"),
        (lambda: replace(PROCESS, temperature=500), "398.15"),
        (lambda: delay(0, PROCESS), "positive"),
        (lambda: delay(math.nan, PROCESS), "positive"),
        (lambda: strong_inversion_delay(0.45, PROCESS), "alpha-power law"),
        (lambda: dynamic_scale(0.5, 0.0), "positive"),
        (lambda: dynamic_scale(0.5, 1.0, 3.0), "2 to 2.3"),
        (lambda: least_energy_supply(BLOCK, 0.6, 0.5), "low < high"),
        (lambda: replace(BLOCK, leak=-1.0), "zero or positive"),
        (lambda: mean_power(1, 1, 1.5), "0 to 1"),
        (lambda: mean_power(-1, 1, 0.5), "active power"),
        (lambda: gated_leak(1, 2), "gated"),
        (lambda: break_even(-1, 0, 1), "store"),
        (lambda: threshold_sigma(3e-9, 0, 1e-7), "width"),
        (lambda: lowest_supply(FailingGates(10, 3e-9, 1e-7, 1e-7, 0.5), 1.0), "between 0 and 1"),
        (lambda: FailingGates(0, 3e-9, 1e-7, 1e-7, 0.5), "1 to"),
        (lambda: delay_spread(0.4, PROCESS, -0.1), "spread"),
    ],
)
def test_what_no_transistor_has_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()
