"""The knobs of a chip bring back what they can reach, from what the chip can measure."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.device.btbt import log_slope
from circuits.network.spec import NetworkSpec
from circuits.network.wiring import wire
from circuits.neuron.circuit import firing_rate
from circuits.transient.placed import neurons_of
from circuits.variation.chip_calibration import CALIBRATION, TEST_RISE, Calibration, calibrate, measured_charge
from circuits.variation.chip_spread import (
    TYPICAL,
    Condition,
    Silicon,
    bias_lines,
    draw_silicon,
    perturbed,
)
from circuits.variation.mismatch import Spread
from tests.small_chip import CIRCUIT, DEVICE, NET, charge_factors, overdrive, small_net

approx = partial(pytest.approx, rel=1e-9, abs=0)

CONDITIONS = (
    Condition(temperature=398.15),
    Condition(temperature=233.15),
    Condition(supply=0.9),
    Condition(supply=1.1),
    Condition(years=10.0),
    Condition(398.15, 1.1, 0.0, "FF", "tunnelling"),
    Condition(233.15, 0.9, 10.0, "SS", "tunnelling"),
)


def _slopes(net: NetworkSpec = NET) -> dict:
    return {
        line: float(log_slope(DEVICE.v_onset + overdrive(np.max(devices.current)), DEVICE))
        for line, devices in bias_lines(net).items()
    }


@pytest.mark.parametrize("condition", CONDITIONS)
def test_knobs_bring_currents_to_the_charge_of_a_neuron_within_half_a_step(condition):
    """The chip measures; here the charge C V_th of its circuit is the truth it must have found."""
    knobs = calibrate(NET, condition)
    there, slopes = condition.circuit(CIRCUIT), _slopes()
    charge = there.charge_per_weight / CIRCUIT.charge_per_weight
    assert CALIBRATION.at_limit(knobs) == ()
    for line, values in charge_factors(condition, knobs=knobs).items():
        low = 2.5 if condition.temperature > 350 or condition.process == "FF" else 1.2  # a lower bias is steeper
        np.testing.assert_allclose(np.log(values / charge), 0, atol=low * slopes[line] * CALIBRATION.step / 2 + 0.01)
    if condition.leak == "tunnelling":
        leak = perturbed(NET, condition, knobs=knobs)[1].g_leak / neurons_of(wire(NET)).g_leak
        np.testing.assert_allclose(np.log(leak), 0, atol=2.5 * slopes["core", "leak"] * CALIBRATION.step / 2)
    else:
        assert ("core", "leak") not in knobs


def test_a_finer_dac_comes_nearer():
    """What is left is the leak of the test neurons to second order, 7/24 (g T / C)^2, with T their rise."""
    errors, hot = [], Condition(temperature=398.15).circuit(CIRCUIT)
    for bits, step in ((8, 0.004), (12, 0.00025), (16, 0.000016)):
        knobs = calibrate(NET, Condition(temperature=398.15), calibration=Calibration(bits, step))
        values = np.concatenate(list(charge_factors(Condition(temperature=398.15), knobs=knobs).values()))
        errors.append(np.abs(np.log(values)).max())
    assert errors[0] < 0.08
    assert errors[1] < 0.006
    left = 7 / 24 * (hot.g_leak * TEST_RISE / hot.c_mem) ** 2
    assert 0.5 * left < errors[2] < 1.3 * left < 0.003


def test_the_charge_of_a_neuron_is_measured_without_its_refractory_time():
    """It moves too, and no chip knows it."""
    longer = replace(CIRCUIT, t_refractory=3 * CIRCUIT.t_refractory)
    assert measured_charge(longer) == approx(measured_charge(CIRCUIT))
    assert measured_charge(CIRCUIT) == approx(CIRCUIT.charge_per_weight, rel=1e-5)


def test_a_test_neuron_tells_the_charge():
    for condition in (*CONDITIONS, Condition()):
        circuit = condition.circuit(CIRCUIT)
        assert measured_charge(circuit) == approx(circuit.charge_per_weight, rel=0.004)


def test_calibration_takes_away_what_devices_share_and_leaves_the_rest():
    """A chip whose tunnelling devices all lie 30 mV off comes back; its own mismatch is untouched but for the slope."""
    silicon = draw_silicon(NET, Spread(sigma_threshold=0, sigma_c=0), np.random.default_rng(4), n_replicas=40)
    off = Silicon(
        {line: shift + 0.03 for line, shift in silicon.shifts.items()}, silicon.neurons,
        {line: shift + 0.03 for line, shift in silicon.replicas.items()}, silicon.test_neurons,
    )  # fmt: skip
    fine = Calibration(13, 2e-5)
    own, shifted = (calibrate(NET, Condition(), chip, fine) for chip in (silicon, off))
    for line in own:
        assert shifted[line] - own[line] == pytest.approx(-0.03, abs=2.1e-5)
    factors = charge_factors(Condition(), off, shifted)
    for line, values in charge_factors(Condition(), silicon, own).items():
        np.testing.assert_allclose(factors[line], values, rtol=2e-3)
        assert np.ptp(values) > 0.01


def test_calibration_sees_replicas_and_test_neurons_only():
    """Two chips that differ in what is hidden get the same knobs."""
    one, two = (draw_silicon(NET, Spread(), np.random.default_rng(seed)) for seed in (5, 6))
    hidden = replace(one, shifts=two.shifts, neurons=two.neurons)
    assert calibrate(NET, Condition(), one) == calibrate(NET, Condition(), hidden)
    assert calibrate(NET, Condition(), one) != calibrate(NET, Condition(), two)


def test_trims_draw_the_rates_of_the_input_neurons_together():
    net = small_net(20)
    silicon = draw_silicon(net, Spread(), np.random.default_rng(7))

    def rates(calibration: Calibration) -> np.ndarray:
        there, neurons = perturbed(net, Condition(), silicon, calibrate(net, Condition(), silicon, calibration))
        current = 0.2 * there.network.layers[0].weights.sum(axis=0) * CIRCUIT.charge_per_weight / net.network.dt
        return firing_rate(neurons[:20], current)

    plain, trimmed = rates(Calibration()), rates(Calibration(trim_bits=6))
    assert trimmed.std() < 0.3 * plain.std()


def test_a_dac_at_its_end_is_told():
    short = Calibration(bits=4, step=0.001)
    knobs = calibrate(NET, Condition(temperature=398.15), calibration=short)
    assert set(short.at_limit(knobs)) == {("input", "weights"), ("core", "weights"), ("core", "recurrent")}


def test_trims_aim_at_the_rates_of_the_nominal_chip_wherever_they_are_made():
    """With a leak that stays; one that grows slows a hot neuron about as much as its devices speed it up."""
    net, hot = small_net(20), Condition(temperature=340.0, supply=1.05)
    net = net.on(replace(net.circuit, leak_activation_ev=0.0))

    def rates(condition: Condition, silicon: Silicon, knobs: dict) -> np.ndarray:
        there, neurons = perturbed(net, condition, silicon, knobs)
        current = 0.2 * there.network.layers[0].weights.sum(axis=0) * CIRCUIT.charge_per_weight / net.network.dt
        return firing_rate(neurons[:20], current)

    silicon, nominal = draw_silicon(net, Spread(), np.random.default_rng(7)), rates(Condition(), TYPICAL, {})
    trimmed = rates(hot, silicon, calibrate(net, hot, silicon, Calibration(trim_bits=6)))
    assert np.abs(rates(hot, TYPICAL, {}) / nominal - 1).min() > 0.3  # what a typical chip does there untouched
    assert np.abs(trimmed / nominal - 1).mean() < 0.1
