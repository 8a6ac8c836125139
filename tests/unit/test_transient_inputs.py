"""What the transient engine refuses, and what its errors say."""

import numpy as np
import pytest

from circuits.neuron.circuit import LIFCircuit
from circuits.transient import Connections, SpikeInput, population, simulate

NEURONS = population(LIFCircuit(), 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"duration": 0.0}, "duration must be positive"),
        ({"duration": np.nan}, "duration must be finite"),
        ({"duration": np.array([1e-6, -1e-6, 1e-6])}, "duration must be positive"),
        ({"i_in": np.zeros(2)}, r"i_in has shape \(2,\)"),
        ({"i_in": np.zeros((0, 3)), "dt_in": 1e-6}, "i_in has shape"),
        ({"i_in": [np.nan, 0, 0]}, "NaN or infinity"),
        ({"i_in": np.zeros((4, 3))}, "give dt_in"),
        ({"i_in": 1e-12, "dt_in": 1e-6}, "give dt_in"),
        ({"i_in": np.zeros((4, 3)), "dt_in": 0.7e-6}, "whole number of dt_in"),
        ({"i_in": np.zeros((4, 3)), "dt_in": -1e-6}, "dt_in must be positive"),
        ({"dt": 0}, "dt must be positive"),
        ({"tolerance": 0, "neurons": population(LIFCircuit(), 3, body_factor=0.1)}, "tolerance must be positive"),
        ({"record": [3]}, "neurons 0 to 2"),
        ({"record": [-1]}, "neurons 0 to 2"),
        ({"v_start": 0.4}, "v_start must lie"),
        ({"v_start": -0.1}, "v_start must lie"),
        ({"duration": 1e9}, "more than 1e.13 updates"),
        ({"connections": Connections([0], [3], [1e-16]), "i_in": 0}, "Connections.target must lie"),
        ({"connections": Connections([5], [0], [1e-16]), "i_in": 0}, "Connections.source must lie"),
        ({"connections": Connections([0], [0], [1e-16], n_channels=2), "i_in": 0}, "n_channels = 2, the spikes have 0"),
        ({"duration": np.array([1e-6, 2e-6, 3e-6]), "connections": Connections([0], [1], [1e-16])}, "share one time"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        simulate(**({"neurons": NEURONS, "duration": 1e-6} | change))


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"c_mem": -1e-15}, ValueError, "c_mem must be positive, got -1e-15 at neuron 0"),
        ({"c_mem": [1e-15, 1e-15, 0.0]}, ValueError, "at neuron 2"),
        ({"v_threshold": -0.1}, ValueError, "above v_reset"),
        ({"v_sink": 0.1}, ValueError, "at most v_reset"),
        ({"g_leak": np.nan}, ValueError, "finite"),
        ({"g_leak": [0, 0, np.inf]}, ValueError, "NaN or infinity"),
        ({"c_mem": [1e-15, 1e-15]}, ValueError, "lengths"),
        ({"tau": 1.0}, TypeError, "unknown parameters tau"),
        ({"body_factor": 1.0}, ValueError, "body_factor"),
        ({"c_mem": "large"}, TypeError, "c_mem must be a number"),
    ],
)
def test_a_population_refuses_what_is_no_neuron(values, error, message):
    with pytest.raises(error, match=message):
        population(LIFCircuit(), 3, **values)


def test_a_population_needs_circuits_of_one_number():
    with pytest.raises(ValueError, match="no circuits"):
        population([])
    with pytest.raises(ValueError, match="lengths"):
        population([LIFCircuit(), LIFCircuit()], 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpikeInput([1e-6], [0, 1], 2), "one channel each"),
        (lambda: SpikeInput([-1e-6], [0], 2), "not negative"),
        (lambda: SpikeInput([1e-6], [2], 2), "n_channels"),
        (lambda: Connections([0], [0, 1], [1e-16]), "one entry a synapse"),
        (lambda: Connections([0], [0], [np.nan]), "NaN"),
        (lambda: Connections([0], [0], [1e-16], delay=0.0), "delay must be positive"),
        (lambda: Connections([-1], [0], [1e-16]), "source"),
        (lambda: Connections([0], [0], [1e-16], t_pulse=-1e-6), "t_pulse must be positive"),
        (lambda: Connections([0], [0], [1e-16], order=3), "order must be 0 .*got 3"),
        (lambda: Connections([0], [0], [1e-16], tau=1e-6), "of order 0 has no tau, got tau = 1e-06"),
        (lambda: Connections([0], [0], [1e-16], order=1), "of order 1 needs tau"),
        (lambda: Connections([0], [0], [1e-16], order=1, tau=1e-6, t_pulse=1e-6), "of order 1 has no t_pulse"),
        (lambda: Connections([0], [0], [1e-16], order=1, tau=1e-6, tau_rise=2e-6), "of order 1 has no tau_rise"),
        (lambda: Connections([0], [0], [1e-16], order=1, tau=0.0), "tau must be positive"),
        (lambda: Connections([0], [0], [1e-16], order=1, tau=np.inf), "tau must be finite"),
        (lambda: Connections([0], [0], [1e-16], order=2, tau=1e-6), "of order 2 needs tau_rise"),
        (lambda: Connections([0], [0], [1e-16], order=2, tau=1e-6, tau_rise=1e-6), "must differ"),
    ],
)
def test_spikes_and_synapses_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_currents_that_decay_need_neurons_with_a_closed_form():
    synapse = Connections([0], [0], [1e-16], order=1, tau=1e-6)
    bodies = population(LIFCircuit(), 3, body_factor=[0.0, 0.1, 0.0])
    with pytest.raises(ValueError, match=r"order 1 onto neurons with body_factor up to 0\.1"):
        simulate(bodies, 1e-6, connections=synapse)
    assert simulate(bodies, 1e-6, connections=synapse, biased=False).spike_times.size == 0


@pytest.mark.parametrize("course", [{}, {"order": 1, "tau": 1e-6}, {"order": 2, "tau": 2e-6, "tau_rise": 1e-6}])
def test_spikes_without_end_are_reported(course):
    """Fifty thousand thresholds in a microsecond: fifty spikes a nanosecond."""
    circuit = LIFCircuit(t_refractory=0.0)
    synapse = Connections([0], [0], [5e4 * circuit.charge_per_weight], n_channels=1, **course)
    with pytest.raises(RuntimeError, match="too many spikes near"):
        simulate(population(circuit), 5e-6, i_in=0.0, spikes_in=SpikeInput([1e-6], [0], 1), connections=synapse)


def test_a_tolerance_that_cannot_be_met_is_reported():
    """So near its rheobase that rounding moves the spike."""
    with pytest.raises(RuntimeError, match="still change by"):
        simulate(population(LIFCircuit(body_factor=0.3, v_gs=-0.6)), 30e-6, tolerance=1e-300)


def test_no_neuron_and_no_spike_are_answers():
    silent = simulate(NEURONS, 1e-6, i_in=0.0)
    assert silent.spike_times.size == 0
    assert np.isnan(silent.period).all()
    assert [train.size for train in silent.trains] == [0, 0, 0]
    empty = simulate(NEURONS, 1e-6, i_in=0.0, connections=Connections([], [], []))
    assert empty.spike_times.size == 0
