"""Tiny currents, small capacitors: conventional twins of a tunnelling neuron, their area and their energy."""

from dataclasses import replace
from functools import partial

import pytest

from circuits.device.btbt import DEVICES, arrhenius, btbt_current
from circuits.neuron.area import AreaRules, explicit_capacitance, neuron_area
from circuits.neuron.circuit import LIFCircuit, firing_rate, period
from circuits.neuron.conventional import (
    ConventionalSource,
    conventional_neuron,
    conventional_sources,
    source_comparison,
)
from circuits.neuron.design import design_neuron
from circuits.neuron.energy_terms import spike_energy
from circuits.transistor.schematic import NeuronCell
from tests.starved import STARVED

approx = partial(pytest.approx, rel=1e-9, abs=0)

BASE = STARVED
SPEECH = design_neuron(20e-3, 100.0, 0.4, BASE).circuit
WIDE = design_neuron(30e-6, 80e3, 0.3, replace(BASE, v_reset=0.1, width=0.9e-6, c_mem=1e-15)).circuit


@pytest.mark.parametrize("circuit", [BASE, SPEECH, WIDE])
def test_twins_share_time_constant_rate_swing_and_width(circuit):
    neurons = source_comparison(circuit)
    assert [neuron.source for neuron in neurons] == ["band-to-band tunnelling", "sub-threshold", "on-current"]
    for neuron in neurons:
        twin = neuron.circuit
        assert neuron.rate == approx(firing_rate(circuit, circuit.input_current))
        assert period(twin, neuron.input_current) == approx(1 / neuron.rate)
        assert twin.tau_mem == approx(circuit.tau_mem)
        assert (twin.swing, twin.width, twin.i_crowbar) == (circuit.swing, circuit.width, circuit.i_crowbar)


def test_currents_are_those_of_figure_14_times_the_width():
    """135 pA/um at V_GS = 0 and 590 uA/um on, 0.45 um wide."""
    _, subthreshold, on = source_comparison(BASE)
    assert subthreshold.input_current == approx(60.75e-12)
    assert on.input_current == approx(265.5e-6)


def test_the_capacitor_is_the_current_times_the_rise_over_the_swing():
    """Without leak C = I T / dV: 60.75 pA x 9.8 us / 0.4 V = 1.49 fF."""
    source = conventional_sources()[0]
    neuron = conventional_neuron(source, replace(BASE, g_leak=0.0), 100e3)
    assert neuron.circuit.c_mem == approx(60.75e-12 * 9.8e-6 / 0.4)


@pytest.mark.parametrize("circuit", [BASE, SPEECH, WIDE])
def test_capacitors_are_in_the_ratio_of_the_currents(circuit):
    own, *others = source_comparison(circuit)
    for other in others:
        assert other.circuit.c_mem / own.circuit.c_mem == approx(other.input_current / own.input_current)


def test_at_speech_rates_tunnelling_saves_capacitor_area_and_energy():
    """I_off over the weakest fitted tunnelling current is 20 in capacitor, which is most of area and energy."""
    own, subthreshold, on = source_comparison(SPEECH)
    weakest = btbt_current(1.3, BASE.device, 0.45e-6)
    assert subthreshold.circuit.c_mem / own.circuit.c_mem == approx(60.75e-12 / weakest, rel=0.01)
    assert 10 < subthreshold.area() / own.area() < 60.75e-12 / weakest
    assert 10 < subthreshold.energy.dynamic / own.energy.dynamic < 60.75e-12 / weakest
    assert on.circuit.c_mem / own.circuit.c_mem > 1e7


def test_at_the_default_point_the_sub_threshold_source_needs_no_larger_capacitor():
    """88 pA tunnel at -0.57 V, more than the 61 pA of I_off: what saves at speech rates saves nothing at 115 kHz."""
    own, subthreshold, _ = source_comparison(LIFCircuit())
    assert own.input_current > 60.75e-12
    assert subthreshold.circuit.c_mem == own.circuit.c_mem
    assert subthreshold.energy.total == approx(own.energy.total, rel=1e-4)  # but for the leak of the drain


def test_at_half_a_volt_the_sub_threshold_source_is_only_twice_as_large():
    """61 against 29 pA: at 128 kHz the same transistor below threshold needs twice the capacitor, not thousands."""
    own, subthreshold, on = source_comparison(BASE)
    assert subthreshold.circuit.c_mem / own.circuit.c_mem == approx(60.75e-12 / BASE.input_current)
    assert 1 < subthreshold.energy.total / own.energy.total < 1.2
    assert on.circuit.c_mem == approx(0.5e-15 * 265.5e-6 / BASE.input_current)


@pytest.mark.parametrize("circuit", [BASE, SPEECH, WIDE])
def test_power_is_static_plus_marginal_energy_times_rate(circuit):
    for neuron in source_comparison(circuit):
        power = neuron.circuit.static_power + neuron.energy.dynamic * neuron.rate
        assert neuron.energy.total * neuron.rate == approx(power)


def test_the_drain_current_of_a_conventional_source_is_input_and_not_loss():
    own, *others = source_comparison(BASE)
    assert own.circuit.static_power > 0.9 * BASE.i_static
    assert [other.circuit.static_power for other in others] == [approx(0.9 * BASE.i_static)] * 2
    assert others[0].energy["membrane_charge"] == approx(others[0].circuit.c_mem * 0.4 * 0.9)


def test_no_capacitor_is_smaller_than_a_body():
    """At 4 MHz the sub-threshold current must rise above its least one instead: body and load are the 0.5 fF."""
    neuron = conventional_neuron(conventional_sources()[0], BASE, 4e6)
    assert neuron.circuit.c_mem == approx(0.5e-15)
    assert neuron.input_current > 60.75e-12
    assert neuron.rate == approx(4e6)


def test_heat_raises_the_least_current_of_a_sub_threshold_source():
    hot = conventional_sources(arrhenius(DEVICES["32nm-pdsoi"], 358))
    assert hot[0].i_least / conventional_sources()[0].i_least == approx(18.6, rel=0.05)


def test_a_transistor_without_a_published_off_current_is_refused():
    with pytest.raises(ValueError, match="22nm-fdx publishes no current at V_GS = 0; take one that does: 32nm-pdsoi"):
        conventional_sources(DEVICES["22nm-fdx"])
    with pytest.raises(ValueError, match="i_least must be positive"):
        ConventionalSource("none", 0.0, "")


def test_a_silent_circuit_has_no_twins():
    with pytest.raises(ValueError, match="does not exceed the rheobase"):
        source_comparison(replace(BASE, v_gs=-0.1))


def test_the_published_cell_is_six_gates_and_their_surroundings():
    """0.8 um^2 = 20 times a gate of 40 x 450 nm and five of 50 x 90 nm; the body needs no capacitor."""
    default = LIFCircuit()
    assert neuron_area(default) == approx(0.8e-12)
    assert AreaRules().layout_factor == approx(0.8 / (0.04 * 0.45 + 5 * 0.05 * 0.09))
    assert explicit_capacitance(default) == 0


def test_the_published_cell_is_as_large_as_the_simulated_one():
    """0.8 um^2 of silicon, 0.87 um^2 by the drawn rules of the transistors that were simulated."""
    assert NeuronCell().area == approx(neuron_area(LIFCircuit()), rel=0.1)


def test_the_capacitor_is_a_gate_oxide_of_one_nanometre():
    """3.9 eps0 / 1 nm = 34.5 fF/um^2, so 10 fF beside body and load take 0.29 um^2."""
    base = LIFCircuit()
    large = replace(base, c_mem=base.c_mem + 10e-15)
    assert AreaRules().capacitance_density == approx(34.53e-3, rel=1e-3)
    larger = neuron_area(large) - neuron_area(base)
    assert larger == approx(10e-15 / 34.53e-3, rel=1e-3)
    drawn = neuron_area(large, floating_body=False) - neuron_area(base)
    assert drawn == approx((large.c_mem - base.control.c_membrane) / 34.53e-3, rel=1e-3)


def test_area_grows_with_the_source_and_its_gates():
    """Twice the width is one gate more; twice that of the control transistors five of theirs."""
    factor, wider = AreaRules().layout_factor, replace(BASE.control, width=120e-9, i_starve=4e-9)
    assert neuron_area(replace(BASE, width=0.9e-6)) - neuron_area(BASE) == approx(factor * 40e-9 * 0.45e-6)
    wide = replace(BASE, control=wider, c_mem=BASE.c_body + wider.c_membrane)
    assert neuron_area(wide) - neuron_area(BASE) == approx(factor * 5 * 40e-9 * 60e-9)


def test_energy_is_that_of_the_shared_formula():
    neuron = source_comparison(SPEECH)[1]
    assert neuron.energy == spike_energy(neuron.circuit, neuron.input_current)
