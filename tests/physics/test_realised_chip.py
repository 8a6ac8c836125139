"""A chip as a network again: on the nominal circuit it spikes as the mismatched circuits of that chip do."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.neuron.circuit import LIFCircuit
from circuits.transient import simulate_network
from circuits.units import us
from circuits.variation.chip_spread import TYPICAL, Condition, draw_silicon, perturbed
from circuits.variation.mismatch import Spread
from circuits.variation.realised import realised

CIRCUIT = LIFCircuit(v_reset=0.05, v_sink=-0.1, t_refractory=1.5e-6)


def chip() -> ChipNetwork:
    """Three signals, six neurons with loops of both signs and a bias, and two readouts, in the time of a chip."""
    rng = np.random.default_rng(5)
    loops = rng.normal(0.1, 0.2, (6, 6)) * (rng.random((6, 6)) < 0.4)
    ones = np.ones
    layers = (
        LayerSpec("in", "encoder", np.diag([1.1, 1.3, 1.6]), np.full(3, 0.1), np.full(3, 15 * us), ones(3)),
        LayerSpec("core", "lif", rng.normal(0.3, 0.4, (3, 6)), np.full(6, 0.02), np.full(6, 20 * us), ones(6), loops),
        LayerSpec("out", "readout", rng.normal(0.0, 1.0, (6, 2)), np.zeros(2), np.full(2, 60 * us), ones(2)),
    )
    return ChipNetwork(NetworkSpec("net", 5 * us, layers, event_driven=True, v_floor=CIRCUIT.v_floor), CIRCUIT)


def test_the_typical_new_chip_is_the_network_itself():
    nominal = chip()
    same = realised(*perturbed(nominal, Condition(), TYPICAL))
    for before, after in zip(nominal.network.layers, same.layers, strict=True):
        np.testing.assert_array_equal(after.weights, before.weights)
        np.testing.assert_array_equal(after.bias, before.bias)
        for name in ("tau_mem", "v_threshold"):
            np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-12)
    assert same.v_floor == pytest.approx(nominal.network.v_floor, rel=1e-12)


@pytest.mark.parametrize("condition", [Condition(), Condition(temperature=330.0, years=5.0), Condition(process="SS")])
def test_it_spikes_as_the_mismatched_circuits(condition):
    """Capacitors, thresholds and every current differ; the same spikes to a millionth of the shortest time."""
    spread = Spread(sigma_tunnel=0.02, sigma_threshold=0.03, sigma_c=0.1)
    silicon = draw_silicon(chip(), spread, np.random.default_rng(3))
    there, neurons = perturbed(chip(), condition, silicon)
    signal = 1.2 + np.sin(np.arange(60)[:, None] * [0.2, 0.3, 0.5])
    stimulus = Stimulus(300 * us, signal=signal)
    mismatched = simulate_network(there, stimulus, neurons=neurons)
    network = realised(there, neurons)
    circuit = replace(CIRCUIT, t_refractory=float(neurons.t_refractory[0]))
    alone = simulate_network(ChipNetwork(network, circuit), stimulus)
    assert mismatched.spike_times.size > 100
    np.testing.assert_array_equal(alone.spike_neurons, mismatched.spike_neurons)
    np.testing.assert_allclose(alone.spike_times, mismatched.spike_times, rtol=0, atol=1e-12)
    np.testing.assert_allclose(alone.v[-2:], mismatched.v[-2:], rtol=1e-6)
    nominal = simulate_network(chip(), stimulus)
    assert nominal.spike_times.size != mismatched.spike_times.size
