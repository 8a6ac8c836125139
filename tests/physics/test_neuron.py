"""The LIF circuit: period, rate and energy against integration, limits, conservation and the published point."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from circuits.device.btbt import DEVICES, btbt_current, kane
from circuits.neuron.circuit import (
    LIFCircuit,
    at_temperature,
    circuit_for_device,
    circuit_for_tau,
    firing_rate,
    period,
    rise_time,
)
from circuits.neuron.control import ControlTransistors
from circuits.neuron.energy_terms import spike_energy, unknown_laws, unknown_of_neuron
from tests.starved import STARVED

approx = partial(pytest.approx, rel=1e-9, abs=0)  # the default of abs, 1e-12, is more than many of these

ELSEWHERE = LIFCircuit(
    device=DEVICES["32nm-pdsoi-nsd5e19"], width=0.8e-6, v_gs=-0.7, c_mem=1.7e-15, v_threshold=0.55, v_reset=-0.12,
    v_sink=-0.2, g_leak=40e-12, t_refractory=3.1e-6, v_dd=1.2,
    control=ControlTransistors(
        width=0.2e-6, length=50e-9, oxide=2e-9, c_wire=0.1e-15, c_feedback=0.0, i_off=4e-12 / 0.2e-6, i_on=200.0,
        subthreshold_swing=0.05 * math.log(10), i_starve=0.7e-9, simulated=None,
    ),
)  # fmt: skip
GATE = 3.9 * 8.8541878128e-12 * 50e-9 * 0.2e-6 / 2e-9  # F, of one of its control transistors
IDEAL = ControlTransistors(i_off=0.0)  # a reset switch that leaks nothing beside the least leak
CIRCUITS = {
    "default": LIFCircuit(),
    "no leak": LIFCircuit(g_leak=0.0),
    "almost no leak": LIFCircuit(g_leak=1e-22, control=IDEAL),
    "strong leak": LIFCircuit(g_leak=70e-12),
    "reset below ground": LIFCircuit(v_reset=-0.2, v_sink=-0.2, t_refractory=0.0),
    "reset above ground": replace(ELSEWHERE, v_reset=0.2),
    "elsewhere": ELSEWHERE,
}


def _integrate(circuit: LIFCircuit, i_in: float, v_from: float, v_to: float) -> tuple[float, float]:
    """C dV/dt = I - g V from v_from until v_to, stepped in units of C dV / I: time taken (s) and charge leaked (C)."""
    swing = v_to - v_from
    unit, gain = circuit.c_mem * swing / i_in, circuit.g_leak / i_in

    def slope(_, state):
        leak = gain * state[0]  # over I
        return [swing * (1 - leak), leak]

    def reached(_, state):
        return state[0] - v_to

    reached.terminal = True
    result = solve_ivp(slope, (0, 100), [v_from, 0.0], method="DOP853", events=reached, rtol=1e-11, atol=1e-13)
    return result.t_events[0][0] * unit, result.y_events[0][0][1] * i_in * unit


@pytest.mark.parametrize("times_rheobase", [1.03, 2.0, 30.0])
@pytest.mark.parametrize("name", CIRCUITS)
def test_period_matches_numerical_integration(name, times_rheobase):
    circuit = CIRCUITS[name]
    i_in = times_rheobase * (circuit.rheobase if circuit.g_leak > 1e-20 else 5e-12)
    rise, _ = _integrate(circuit, i_in, circuit.v_reset, circuit.v_threshold)
    assert period(circuit, i_in) == approx(circuit.t_refractory + rise, rel=1e-8)


def test_period_is_tau_times_the_textbook_logarithm():
    """T = t_ref + tau ln((RI - V_reset) / (RI - V_th)), Gerstner et al. 2014, section 1.3."""
    i_in = 1.7 * ELSEWHERE.rheobase
    v_inf = i_in / ELSEWHERE.g_leak
    logarithm = math.log((v_inf - ELSEWHERE.v_reset) / (v_inf - ELSEWHERE.v_threshold))
    assert period(ELSEWHERE, i_in) == approx(3.1e-6 + 1.7e-15 / 40e-12 * logarithm, rel=1e-12)


def test_without_leak_the_period_is_charge_over_current():
    """0.5 fF x 0.4 V / 10 pA = 20 us, and 0.2 us refractory."""
    assert period(replace(STARVED, g_leak=0.0), 10e-12) == approx(20.2e-6, rel=1e-12)
    assert LIFCircuit(g_leak=0.0).tau_mem == math.inf


def test_leak_vanishes_smoothly():
    """To first order the leak lengthens the rise by C dV / I times g (V_th + V_reset) / 2 I."""
    i_in, g_leak = 10e-12, 1e-16
    ideal = replace(STARVED, g_leak=0.0, control=replace(STARVED.control, i_off=0.0))
    longer = period(replace(ideal, g_leak=g_leak), i_in) - period(ideal, i_in)
    assert longer == approx(20e-6 * g_leak * 0.2 / i_in, rel=1e-4)


@pytest.mark.parametrize("fraction", [1.0, 0.5, 0.0, -1.0])
def test_at_and_below_rheobase_the_neuron_is_silent(fraction):
    i_in = fraction * ELSEWHERE.rheobase
    assert period(ELSEWHERE, i_in) == math.inf
    assert firing_rate(ELSEWHERE, i_in) == 0
    with pytest.raises(ValueError, match="does not exceed the rheobase"):
        spike_energy(ELSEWHERE, i_in)


def test_just_above_rheobase_it_fires_slowly():
    """At (1 + e) I_rh the period is tau ln((1 + e - r) / e), r = V_reset / V_th, without bound as e falls."""
    e, r = 1e-9, ELSEWHERE.v_reset / ELSEWHERE.v_threshold
    expected = ELSEWHERE.t_refractory + ELSEWHERE.tau_mem * math.log((1 + e - r) / e)
    assert period(ELSEWHERE, (1 + e) * ELSEWHERE.rheobase) == approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", CIRCUITS)
def test_rate_rises_with_current_up_to_the_refractory_limit(name):
    circuit = CIRCUITS[name]
    rates = np.array([firing_rate(circuit, i_in) for i_in in np.logspace(-14, -6, 200)])
    firing = rates > 0
    assert (np.diff(rates) >= 0).all()
    assert (np.diff(rates[firing]) > 0).all()
    assert firing.any()
    if circuit.t_refractory:
        assert rates[-1] == approx(1 / circuit.t_refractory, rel=0.02)
        assert rates[-1] < 1 / circuit.t_refractory


def test_rise_is_additive_in_voltage():
    parts = [rise_time(ELSEWHERE, 40e-12, *span) for span in ((-0.12, 0.1), (0.1, 0.4), (0.4, 0.55))]
    assert sum(parts) == approx(rise_time(ELSEWHERE, 40e-12, -0.12, 0.55), rel=1e-12)


def test_default_point_fires_as_chavans_neuron():
    """150 kHz, 100 kHz for the chip of 2022: with the membrane of its transistors that takes 88 pA, at -0.57 V."""
    circuit = LIFCircuit()
    assert circuit.v_gs == -0.57
    assert 110e3 < firing_rate(circuit, circuit.input_current) < 120e3
    u = 1.47 - circuit.device.v_onset
    by_hand = 0.45e-6 * circuit.device.prefactor * u * math.exp(-circuit.device.v_slope / u)
    assert circuit.input_current == approx(by_hand) == approx(88.04e-12, rel=1e-3)
    assert circuit.tau_mem == approx(40e-6)


def test_default_spike_costs_less_than_the_published_one_and_most_of_it_is_control():
    """1.84 fF x 0.361 V x 0.9 V = 0.60 fJ of 2.03 fJ; Chavan 2020 has 3.22 fJ."""
    energy = spike_energy(LIFCircuit())
    assert energy["membrane_charge"] == approx(0.5989e-15, rel=1e-3)
    assert energy.total == approx(2.03e-15, rel=0.01)
    assert energy.total < 3.22e-15
    assert energy["control"] + energy["crowbar"] + energy["reset"] > energy.total / 2


def test_input_current_is_the_devices_at_its_bias():
    """0.81 um at V_DG = 1.6 V, away from the defaults."""
    circuit = replace(ELSEWHERE, width=0.81e-6)
    assert circuit.input_current == float(btbt_current(np.array(1.6), circuit.device, 0.81e-6))
    assert spike_energy(circuit) == spike_energy(circuit, circuit.input_current)


def test_each_part_of_the_energy_is_what_it_says():
    """Every part written out again, from capacitances, currents and an integrated crowbar window."""
    c, i_in = ELSEWHERE, 60e-12
    energy, interval = spike_energy(c, i_in), period(c, i_in)
    window, _ = _integrate(c, i_in, 0.50, 0.55)
    assert energy["membrane_charge"] == approx(1.7e-15 * 0.67 * 0.9)
    assert energy["control"] == approx((2 * GATE + 0.1e-15) * 1.44)
    assert energy["reset"] == approx((GATE + 0.1e-15) * 1.44)
    assert energy["crowbar"] == approx(0.7e-9 * 1.2 * window, rel=1e-8)
    assert energy.static == approx(8e-12 * 1.2 * interval)  # this device publishes no drain leak
    assert energy.total == approx(math.fsum(energy.parts.values()), rel=1e-14)
    assert list(energy.parts) == ["membrane_charge", "membrane_leak", "control", "crowbar", "reset", "static"]


@pytest.mark.parametrize("name", CIRCUITS)
def test_input_charge_is_conserved(name):
    """Stored, leaked while rising (integrated), and drained while refractory: together I T."""
    circuit = CIRCUITS[name]
    i_in = circuit.rheobase * 1.5 + 3e-12
    energy, v_ds = spike_energy(circuit, i_in), circuit.device.v_ds
    _, leaked = _integrate(circuit, i_in, circuit.v_reset, circuit.v_threshold)
    delivered = i_in * period(circuit, i_in) * v_ds
    assert energy["membrane_charge"] + energy["membrane_leak"] == approx(delivered, rel=1e-12)
    tiny = 1e-9 * energy["membrane_charge"]  # without leak and refractory time there is nothing but rounding
    assert energy["membrane_leak"] == approx((leaked + i_in * circuit.t_refractory) * v_ds, rel=1e-6, abs=tiny)


def test_crowbar_window_never_reaches_below_reset():
    whole = replace(ELSEWHERE, control=replace(ELSEWHERE.control, subthreshold_swing=10.0))
    rise = period(whole, 60e-12) - whole.t_refractory
    assert spike_energy(whole, 60e-12)["crowbar"] == approx(0.7e-9 * 1.2 * rise)


def test_energy_is_marginal_plus_static_power_times_interval():
    for i_in in (30e-12, 60e-12, 1e-9):
        energy = spike_energy(ELSEWHERE, i_in)
        static = ELSEWHERE.static_power * period(ELSEWHERE, i_in)
        assert energy.total == approx(energy.dynamic + static, rel=1e-14)
        quiet = spike_energy(replace(ELSEWHERE, control=replace(ELSEWHERE.control, i_off=0.0)), i_in)
        assert quiet.static == 0
        assert quiet.total == approx(energy.dynamic, rel=1e-14)


def test_static_power_counts_the_drain_leak_where_it_is_known():
    """Two transistors of 60 nm x 1.35 pA/um, and 0.45 um x 135 pA/um 0.5 V below zero: 91 mV per decade."""
    leak = 0.45e-6 * 135e-6 * 10 ** (-0.5 / 0.091)
    assert STARVED.static_power == approx((2 * 60e-9 * 1.35e-6 + leak) * 0.9, rel=1e-12)
    assert replace(STARVED, v_dd=0.5).static_power == approx(2 * 60e-9 * 1.35e-6 * 0.5 + leak * 0.9, rel=1e-12)
    assert ELSEWHERE.static_power == approx(8e-12 * 1.2)
    assert "drain-source leak of 32nm-pdsoi-nsd5e19" in unknown_laws(ELSEWHERE).not_modelled
    assert not any("drain-source" in line for line in unknown_of_neuron(LIFCircuit()).not_modelled)


def test_an_inverter_without_a_known_current_is_unknown_and_not_free():
    first, second = (f"short-circuit current of the {which} inverter" for which in ("first", "second"))
    gates = replace(LIFCircuit(), control=replace(LIFCircuit().control, simulated=None))
    told = {name: unknown_of_neuron(c).not_modelled for name, c in (("simulated", LIFCircuit()), ("gates", gates))}
    assert {first, second}.isdisjoint(told["simulated"])
    assert {first, second} <= set(told["gates"])
    assert first not in unknown_laws(STARVED).not_modelled


def test_circuit_for_tau_starves_the_inverter_as_it_slows_the_membrane():
    """So a spike at the same multiple of rheobase has the same crowbar charge; all else stays."""
    circuit = circuit_for_tau(20e-3, ELSEWHERE)
    assert circuit.tau_mem == approx(20e-3)
    assert circuit.i_crowbar == approx(0.7e-9 * (1.7e-15 / 40e-12) / 20e-3)
    assert replace(circuit, g_leak=ELSEWHERE.g_leak, control=ELSEWHERE.control) == ELSEWHERE
    energies = [spike_energy(c, 3 * c.rheobase)["crowbar"] for c in (circuit, ELSEWHERE)]
    assert energies[0] == approx(energies[1])


def test_without_leak_there_is_no_speed_to_scale_by():
    assert circuit_for_tau(math.inf, ELSEWHERE) == replace(ELSEWHERE, g_leak=0.0)
    back = circuit_for_tau(20e-3, replace(ELSEWHERE, g_leak=0.0))
    assert (back.tau_mem, back.i_crowbar) == (approx(20e-3), ELSEWHERE.i_crowbar)


def test_impossible_time_constants_are_refused():
    for tau in (0, -1e-3, math.nan):
        with pytest.raises(ValueError, match="tau_mem must be positive"):
            circuit_for_tau(tau)


def test_circuit_for_device_keeps_the_point_on_the_f_i_curve():
    """Scaled leak and current: the same I / rheobase, so the rise is longer by the ratio of the currents."""
    moved = circuit_for_device(DEVICES["22nm-fdx"], -1.0, ELSEWHERE)
    ratio = moved.input_current / ELSEWHERE.input_current
    assert moved.input_current / moved.rheobase == approx(ELSEWHERE.input_current / ELSEWHERE.rheobase)
    rises = [period(c, c.input_current) - c.t_refractory for c in (moved, ELSEWHERE)]
    assert rises[0] / rises[1] == approx(1 / ratio, rel=1e-9)
    assert spike_energy(moved)["crowbar"] == approx(spike_energy(ELSEWHERE)["crowbar"], rel=1e-9)


def test_heat_raises_tunnelling_and_leaks_each_by_its_own_activation():
    """0.16 eV of tunnelling, 0.47 eV of each leak: x4.6 and x86 at 398 K, and neither at 300 K."""
    circuit = STARVED
    hot = at_temperature(circuit, 398)
    assert at_temperature(circuit, 300) is circuit
    assert hot.input_current / circuit.input_current == approx(4.6, rel=0.1)
    assert hot.i_static / circuit.i_static == approx(86, rel=0.1)
    cool = replace(circuit, control=replace(circuit.control, off_activation_ev=0.1), leak_activation_ev=0.2)
    cool = at_temperature(replace(cool, device=replace(cool.device, off_activation_ev=0.05)), 398)
    per_ev = math.log(hot.i_static / circuit.i_static) / 0.47
    assert math.log(cool.i_static / circuit.i_static) == approx(0.1 * per_ev)
    assert math.log(cool.g_leak / circuit.g_leak) == approx(0.2 * per_ev)
    assert math.log(cool.device.i_off / circuit.device.i_off) == approx(0.05 * per_ev)
    assert hot.g_leak / circuit.g_leak == approx(86, rel=0.1)
    assert hot.v_crowbar == approx(hot.device.subthreshold_swing / math.log(10))
    assert at_temperature(circuit, 398, kane).input_current != hot.input_current
