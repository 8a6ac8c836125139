"""Brian2, an independent simulator with units, fires the same circuit at the period of the closed form."""

import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from circuits.device.btbt import DEVICES, bias_for_current, btbt_current
from circuits.neuron.circuit import LIFCircuit, period
from circuits.transient import population
from circuits.variation.mismatch import Spread, sample
from snn.reference import brian2_neuron
from snn.reference.brian import code_for, load_brian2, run

DT = 20e-9  # s
EXCESS = np.array([4e-12, 8e-12, 16e-12, 31e-12, 50e-12])  # A above rheobase


def biased(circuit, currents):
    """The circuit at the gate biases whose tunnelling currents (A) these are."""
    v_gs = bias_for_current(currents, circuit.device, circuit.width)
    return [replace(circuit, v_gs=float(v)) for v in v_gs]


def trains(group, duration):
    """Spike times (s) of each neuron."""
    b2 = load_brian2()
    monitor = b2.SpikeMonitor(group)
    run(b2.Network(group, monitor), duration)
    return [np.asarray(train / b2.second) for train in monitor.spike_trains().values()]


@pytest.mark.parametrize(
    "circuit",
    [
        LIFCircuit(),
        LIFCircuit(c_mem=0.9e-15, v_threshold=0.35, v_reset=0.05, g_leak=30e-12, t_refractory=1e-6, width=0.8e-6),
        LIFCircuit(DEVICES["32nm-pdsoi-nsd3e19"], g_leak=2e-12, v_reset=-0.1, v_sink=-0.3, t_refractory=0.0),
    ],
    ids=["default", "leaky", "reset below ground"],
)
def test_periods_at_five_gate_biases_agree_within_one_step(circuit):
    """The crossing is seen at the next step of the grid, so every interval is longer by less than DT.

    Brian2 holds a neuron for the whole steps within its refractory time.
    """
    currents, held = circuit.rheobase + EXCESS, np.floor(circuit.t_refractory / DT + 1e-6) * DT
    expected = np.array([period(replace(circuit, t_refractory=held, drawn=False), i_in) for i_in in currents])
    fired = trains(brian2_neuron(biased(circuit, currents), dt=DT), 3.1 * expected.max())
    late = np.array([np.diff(train)[:2] for train in fired]) - expected[:, None]
    assert (late > -1e-12).all()
    assert (late < DT + 1e-12).all()


def test_the_default_grid_is_finer_than_a_thousandth_of_the_period():
    """Of the default neuron; other currents stand in the table of periods."""
    circuit = LIFCircuit()
    expected = period(circuit, circuit.input_current)
    (fired,) = trains(brian2_neuron(circuit), 2.5 * expected)
    assert np.diff(fired) == pytest.approx(expected, rel=1e-3, abs=0)


def test_the_current_follows_the_body_where_its_factor_says_so():
    """The rise takes the integral of C dv / (I(v) - g_leak v), without and with a body factor or a junction's."""
    junction = replace(DEVICES["32nm-pdsoi"], drain_body=0.5)
    circuits = [LIFCircuit(v_gs=-0.6), LIFCircuit(v_gs=-0.6, body_factor=0.3), LIFCircuit(junction, v_gs=-0.6)]

    def slowness(v, c):
        i_tunnel = btbt_current(c.device.v_ds - c.v_gs - c.body_factor * v, c.device, c.width, v)
        return c.c_mem / (i_tunnel - c.g_leak * v)

    expected = np.array([c.t_refractory + quad(slowness, c.v_reset, c.v_threshold, (c,))[0] for c in circuits])
    assert (expected[1:] > 1.3 * expected[0]).all()
    fired = trains(brian2_neuron(circuits, dt=1e-9), 3.1 * expected.max())
    np.testing.assert_allclose([np.diff(train)[0] for train in fired], expected, rtol=0, atol=1e-9)


def test_below_rheobase_it_is_silent_in_brian2_too():
    """For 6 time constants at 1 % below; at 1 % above it fires after ln(101) = 4.6 of them."""
    circuit = LIFCircuit(v_gs=2.0)  # no tunnelling: u < 0
    i_in = circuit.rheobase * np.array([0.99, 1.01])
    silent, firing = trains(brian2_neuron(circuit, 2, i_in=i_in, dt=DT), 6 * circuit.tau_mem)
    assert period(circuit, i_in[0]) == np.inf
    assert silent.size == 0
    assert firing.size > 0
    assert firing[0] == pytest.approx(circuit.tau_mem * np.log(101), abs=2 * DT)


def test_a_sink_holds_the_potential_at_its_rail():
    """Without it a current of twice the leak at the rail would end at twice its depth."""
    circuit = LIFCircuit(v_gs=2.0, v_sink=-0.15)
    group = brian2_neuron(circuit, i_in=2 * circuit.g_leak * circuit.v_sink, dt=DT)
    run(load_brian2().Network(group), 2 * circuit.tau_mem)
    assert group.v_[0] == circuit.v_sink


def test_parameters_are_variables_of_the_group_with_units():
    """Twice the capacitor of every second neuron, twice its rise."""
    circuit = LIFCircuit(g_leak=0.0)
    group = brian2_neuron(circuit, 2, dt=DT)
    group.c_mem *= np.array([1.0, 2.0])
    first, second = (train[0] + DT for train in trains(group, 3 * period(circuit, circuit.input_current)))
    assert second == pytest.approx(2 * first, abs=2 * DT)
    with pytest.raises(load_brian2().DimensionMismatchError):
        group.c_mem = 1 * load_brian2().volt


def test_a_population_with_mismatch_fires_at_the_periods_of_its_neurons():
    """Each neuron its own capacitor, threshold and tunnelling shift."""
    spread = sample(LIFCircuit(), Spread(sigma_tunnel=5e-3, sigma_threshold=10e-3), 6, np.random.default_rng(1))
    neurons = population(LIFCircuit(), 6, **spread)
    expected = np.array([period(neurons[[j]], neurons[[j]].input_current) for j in range(6)]).ravel()
    fired = trains(brian2_neuron(neurons, dt=DT), 2.5 * expected.max())
    assert np.ptp(expected) > 5 * DT
    np.testing.assert_allclose([np.diff(train)[0] for train in fired], expected, rtol=0, atol=DT)


def test_it_leaves_preferences_hooks_and_warnings_as_they_were():
    b2 = load_brian2()
    before = b2.prefs.codegen.target, sys.excepthook, warnings.filters[:]
    trains(brian2_neuron(LIFCircuit(), dt=DT), 10 * DT)
    assert (b2.prefs.codegen.target, sys.excepthook, warnings.filters[:]) == before
    with pytest.raises(KeyError), code_for("cython"):
        raise KeyError
    assert b2.prefs.codegen.target == before[0]


def test_wrong_numbers_and_targets_are_refused():
    with pytest.raises(ValueError, match=r"lengths \[2, 3\]"):
        brian2_neuron([LIFCircuit()] * 2, 3)
    with pytest.raises(ValueError, match="the population has 4 neurons, n = 3"):
        brian2_neuron(population(LIFCircuit(), 4), 3)
    with pytest.raises(ValueError, match="unknown target 'fortran' of code generation; known: numpy, cython, auto"):
        run(None, 1e-6, "fortran")
