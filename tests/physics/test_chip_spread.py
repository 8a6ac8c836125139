"""A chip away from nominal follows the device equation."""

import math
from dataclasses import fields, replace
from functools import partial

import numpy as np
import pytest

from circuits.device.btbt import btbt_current
from circuits.network.chip_network import BiasDevices, ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.bias import bias_drive
from circuits.neuron.synapse import T_PULSE
from circuits.transient import simulate_network
from circuits.transient.placed import neurons_of
from circuits.units import us
from circuits.variation.chip_calibration import Calibration, calibrate
from circuits.variation.chip_spread import (
    TYPICAL,
    Condition,
    NeuronMismatch,
    Silicon,
    below_floor,
    bias_lines,
    draw_silicon,
    perturbed,
)
from circuits.variation.mismatch import Spread, current_spread
from tests.small_chip import CIRCUIT, DEVICE, NET, charge_factors, overdrive, small_net

approx = partial(pytest.approx, rel=1e-9, abs=0)

SIGNAL = Stimulus(100 * us, signal=np.tile([[1.0, 0.6]], (20, 1)))


def test_the_typical_chip_at_nominal_is_the_network_bit_for_bit():
    there, neurons = perturbed(NET, Condition())
    plain = neurons_of(wire(NET))
    for before, after in zip(NET.network.layers, there.network.layers, strict=True):
        np.testing.assert_array_equal(after.weights, before.weights)
    np.testing.assert_array_equal(there.network.layers[1].recurrent, NET.network.layers[1].recurrent)
    for field in fields(plain):
        np.testing.assert_array_equal(getattr(neurons, field.name), getattr(plain, field.name))
    run, again = simulate_network(NET, SIGNAL), simulate_network(there, SIGNAL, neurons=neurons)
    assert run.counts.sum() > 10
    np.testing.assert_array_equal(run.spike_times, again.spike_times)


def test_lines_carry_the_currents_of_their_charges():
    q, lines = CIRCUIT.charge_per_weight, bias_lines(NET)
    assert lines["input", "weights"].current[0, 0] == approx(10 * q / (5 * us))
    assert lines["core", "weights"].current[0, 0] == approx(0.8 * q / T_PULSE)
    assert lines["core", "recurrent"].current[0, 1] == approx(0.07 * q / T_PULSE)
    assert lines["core", "leak"].current[0] == approx(CIRCUIT.c_mem / (20 * us) * CIRCUIT.v_threshold)
    devices = lines["core", "recurrent"]
    current = btbt_current(DEVICE.v_ds - devices.v_gs[0, 1], DEVICE, CIRCUIT.width)
    assert current == approx(devices.current[0, 1])


def test_temperature_and_age_move_every_current_alike():
    """Arrhenius with 0.16 eV; 17 % less after ten years."""
    kelvin = 398.15
    grown = math.exp(-0.16 / 8.617333262e-5 * (1 / kelvin - 1 / 300))
    for condition, factor in ((Condition(temperature=kelvin), grown), (Condition(years=10.0), 0.83)):
        for values in charge_factors(condition).values():
            np.testing.assert_allclose(values, factor, rtol=1e-8)


@pytest.mark.parametrize("supply", [0.9, 1.1])
def test_supply_moves_low_currents_most(supply):
    """The drain goes with the supply, the gate stays: u' = u + (r - 1) V_DS, I'/I = u'/u exp(B / u - B / u')."""
    shift, factors, b = (supply - 1) * DEVICE.v_ds, charge_factors(Condition(supply=supply)), DEVICE.v_slope
    for line, values in factors.items():
        u = overdrive(float(np.max(bias_lines(NET)[line].current)))
        np.testing.assert_allclose(values, (u + shift) / u * math.exp(b / u - b / (u + shift)), rtol=1e-8)
    moved = {line: abs(math.log(values[0])) for line, values in factors.items()}
    assert moved["core", "recurrent"] > 1.5 * moved["core", "weights"] > 1.5 * moved["input", "weights"]


def test_a_device_that_no_longer_tunnels_carries_nothing():
    knobs = {("core", "recurrent"): -1.0}
    factors = charge_factors(Condition(), knobs=knobs)
    assert factors["core", "recurrent"].max() == 0
    assert factors["core", "weights"].min() == 1


def test_mismatch_spreads_ln_i_by_the_slope_at_each_devices_own_bias():
    net, spread = small_net(100, 200), Spread(sigma_tunnel=0.002)  # small: ln I to first order in the shift
    factors = charge_factors(Condition(), draw_silicon(net, spread, np.random.default_rng(1)), net=net)
    for name in ("weights", "recurrent"):
        v_gs = float(np.nanmin(bias_lines(net)["core", name].v_gs))
        expected = current_spread(replace(CIRCUIT, v_gs=v_gs), spread)
        assert np.log(factors["core", name]).std() == approx(expected, rel=0.03)
        assert abs(np.log(factors["core", name]).mean()) < 0.05 * expected


def test_a_chip_keeps_its_mismatch_at_another_temperature():
    """Arrhenius multiplies every current alike, so what is left of mismatch is that of 300 K."""
    silicon, hot = draw_silicon(NET, Spread(), np.random.default_rng(2)), Condition(temperature=398.15)
    cold, warm, typical = charge_factors(Condition(), silicon), charge_factors(hot, silicon), charge_factors(hot)
    for line, values in cold.items():
        assert np.ptp(values) > 0
        np.testing.assert_allclose(warm[line] / typical[line], values, rtol=1e-9)


def test_neurons_of_a_chip():
    silicon = draw_silicon(NET, Spread(), np.random.default_rng(3))
    plain, own = perturbed(NET, Condition())[1], perturbed(NET, Condition(), silicon)[1]
    hot_plain, hot = (perturbed(NET, Condition(temperature=398.15), chip)[1] for chip in (TYPICAL, silicon))
    np.testing.assert_allclose(own.v_threshold - plain.v_threshold, silicon.neurons.threshold, atol=1e-15)
    np.testing.assert_allclose(own.c_mem / plain.c_mem, silicon.neurons.c_mem, rtol=1e-12)
    np.testing.assert_allclose(own.g_leak, plain.g_leak, rtol=0)  # a leak is a conductance, whatever the capacitor
    logs = np.log(own.i_static / plain.i_static)
    assert np.ptp(logs) > 0.05
    np.testing.assert_allclose(np.log(hot.i_static / hot_plain.i_static), logs * 300 / 398.15, rtol=1e-9)  # SS ~ T


def test_capacitors_of_a_process_leave_the_leak_conductance():
    fast, nominal = perturbed(NET, Condition(process="FF"))[1], perturbed(NET, Condition())[1]
    np.testing.assert_allclose(fast.c_mem, 0.95 * nominal.c_mem)
    np.testing.assert_allclose(fast.g_leak, nominal.g_leak, rtol=1e-12)


def test_leaks_are_activated_or_follow_the_other_currents():
    hot = Condition(temperature=398.15)
    grown = next(iter(charge_factors(hot).values()))[0]
    nominal = neurons_of(wire(NET)).g_leak
    active = replace(NET, circuit=replace(CIRCUIT, leak_activation_ev=0.16))
    as_off = hot.circuit(CIRCUIT).device.i_off / CIRCUIT.device.i_off
    np.testing.assert_allclose(perturbed(NET, hot)[1].g_leak, as_off * nominal, rtol=1e-9)
    np.testing.assert_allclose(perturbed(NET, replace(hot, leak="tunnelling"))[1].g_leak, grown * nominal, rtol=1e-9)
    np.testing.assert_allclose(perturbed(active, hot)[1].g_leak, grown * nominal, rtol=1e-9)


@pytest.mark.parametrize("supply", [0.9, 1.1])
def test_gates_of_a_spike_cost_c_v_squared(supply):
    def per_spike(condition: Condition) -> float:
        knobs = calibrate(NET, condition)
        net, neurons = perturbed(NET, condition, knobs=knobs)
        run = simulate_network(net, SIGNAL, neurons=neurons)
        return float((run.energy["control"] + run.energy["reset"]).sum() / run.counts.sum())

    assert per_spike(Condition(supply=supply)) / per_spike(Condition()) == approx(supply**2, rel=1e-6)


def test_currents_below_the_floor_are_counted():
    """86 times the floor at 398 K, 15 pA, lies above the six recurrent currents of 14 pA."""
    hot = Condition(temperature=398.15)
    assert below_floor(perturbed(NET, hot)[0], hot) == 0  # 64 pA
    assert below_floor(perturbed(NET, hot, knobs=calibrate(NET, hot))[0], hot) == 6
    assert below_floor(NET, Condition()) == 0


def test_a_chip_follows_its_seed():
    one, same, other = (draw_silicon(NET, Spread(), np.random.default_rng(seed)) for seed in (8, 8, 9))
    for line, shift in one.shifts.items():
        np.testing.assert_array_equal(shift, same.shifts[line])
        assert not np.array_equal(shift, other.shifts[line])
    np.testing.assert_array_equal(one.neurons.c_mem, same.neurons.c_mem)
    longer = draw_silicon(NET, Spread(), np.random.default_rng(8), n_replicas=40)
    for line, shift in one.shifts.items():  # more test devices leave the devices alone
        np.testing.assert_array_equal(shift, longer.shifts[line])


def _with_bias_devices() -> ChipNetwork:
    (first, core), devices = NET.network.layers, BiasDevices(np.full(3, -0.6), np.full(3, 1e-6), 1.0)
    drive = bias_drive(devices.v_gs, devices.width, core.tau_mem, CIRCUIT, 1.0)
    core = replace(core, bias=-np.expm1(-NET.network.dt / core.tau_mem) * drive)
    return ChipNetwork(NetworkSpec("net", NET.network.dt, (first, core)), CIRCUIT, {core.name: devices})


@pytest.mark.parametrize(
    ("make", "message"),
    [(lambda: Condition(supply=0.0), "Condition.supply must be positive"),
     (lambda: Condition(years=-1.0), "Condition.years must be zero or positive"),
     (lambda: Condition(process="XX"), "Condition.process must be one of TT, FF"),
     (lambda: Condition(leak="tracking"), "Condition.leak must be one of body, tunnelling"),
     (lambda: perturbed(NET, Condition(temperature=500.0)), r"200..450 K"),
     (lambda: perturbed(NET, Condition(), Silicon(neurons=NeuronMismatch(threshold=-0.5))), "above v_reset"),
     (lambda: perturbed(_with_bias_devices(), Condition()), "bias devices, whose spread is not modelled"),
     (lambda: Calibration(bits=0), "Calibration.bits must be 1 to 16"),
     (lambda: Calibration(step=0.0), "Calibration.step must be positive")],
)  # fmt: skip
def test_impossible_chips_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
