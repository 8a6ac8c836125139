"""A recurrent network of circuits fires in Brian2 as in the transient engine, the nearer the finer Brian2's grid."""

from dataclasses import replace

import numpy as np

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.transient import simulate_network
from snn.reference import TwinTiming, brian2_network, spike_times

SPEED, TAU, DURATION, N, CHANNELS = 500.0, 0.02, 12e-6, 24, 6
CIRCUIT = LIFCircuit(v_sink=-0.15)


def network(rng):
    """Some four in ten synapses inhibit; a bias of 0.1 q per step keeps every neuron near threshold."""
    weights = rng.normal(0.12, 0.35, (CHANNELS, N)) * (rng.random((CHANNELS, N)) < 0.6)
    recurrent = rng.normal(0.05, 0.35, (N, N)) * (rng.random((N, N)) < 0.3)
    layer = LayerSpec("a", "lif", weights, np.full(N, 0.1), np.full(N, TAU), np.ones(N), recurrent=recurrent)
    return ChipNetwork(NetworkSpec("random", 0.01, (layer,)), CIRCUIT)


def engine(net, times, channels):
    """Spike times of each neuron by the transient engine, exact between events; the network in the time of the chip."""
    (layer,) = net.network.layers
    fast = NetworkSpec("fast", net.network.dt / SPEED, (replace(layer, tau_mem=layer.tau_mem / SPEED),))
    stimulus = Stimulus(DURATION, tuple(np.sort(times[channels == channel]) for channel in range(CHANNELS)))
    chip = ChipNetwork(fast, circuit_for_tau(TAU / SPEED, CIRCUIT))
    return list(simulate_network(chip, stimulus).trains)


def test_halving_the_grid_halves_the_distance_to_the_transient_engine():
    rng = np.random.default_rng(3)
    net = network(rng)
    times = np.round(rng.uniform(0.5e-6, DURATION, 50) / 2e-9) * 2e-9  # on the coarser grid
    channels = rng.integers(0, CHANNELS, times.size)
    expected, apart = engine(net, times, channels), []
    for dt in (2e-9, 1e-9):
        twin = brian2_network(net, spikes=(times, channels), timing=TwinTiming(acceleration=SPEED, dt=dt))
        pairs = list(zip(spike_times(twin, DURATION)["a"], expected, strict=True))
        assert sum(len(train) != len(mine) for train, mine in pairs) <= 1  # one may come just after the end
        apart.append(np.mean(np.concatenate([abs(train - mine) for train, mine in pairs if len(train) == len(mine)])))
    assert sum(map(len, expected)) > 100
    assert apart[0] < 10e-9
    assert apart[1] < 0.7 * apart[0]
