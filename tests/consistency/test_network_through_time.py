"""A network through time by two ways without shared code: the transient engine, and from event to event."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.netlist.expected import spike_times
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.synapse import SynapseKernel
from circuits.transient import Connections, SpikeInput, population, simulate, simulate_network

CIRCUIT = LIFCircuit(v_sink=-0.2)
DT = 10e-6


def _layer(name, kind, weights, recurrent=None):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.full(n, 0.02), np.full(n, CIRCUIT.tau_mem), np.ones(n), recurrent)


def _network(kind: str, rng: np.random.Generator) -> ChipNetwork:
    first = _layer("first", kind, rng.random((3, 5)) * (2.5 if kind == "encoder" else 0.5))
    loops = rng.normal(0.0, 0.15, (8, 8)) * (rng.random((8, 8)) < 0.5)
    hidden = _layer("hidden", "lif", rng.normal(0.25, 0.2, (5, 8)), loops)
    readout = _layer("readout", "readout", rng.normal(0.0, 0.1, (8, 2)))
    return ChipNetwork(NetworkSpec("n", DT, (first, hidden, readout)), CIRCUIT)


def _stimulus(kind: str, rng: np.random.Generator) -> Stimulus:
    if kind == "encoder":
        return Stimulus(100e-6, signal=rng.random((10, 3)))
    return Stimulus(100e-6, tuple(np.sort(rng.random(30)) * 100e-6 for _ in range(3)))


@pytest.mark.parametrize("kind", ["encoder", "lif"])
@pytest.mark.parametrize("delay", [1e-10, 0.1e-6, 2e-6])
@pytest.mark.parametrize("seed", range(2))
def test_spikes_are_those_of_the_solution_from_event_to_event(kind, seed, delay):
    """Pulses are short, so that none of one line overlaps another: there the two ways differ on purpose."""
    rng = np.random.default_rng(seed)
    net, stimulus = _network(kind, rng), _stimulus(kind, rng)
    net = replace(net, synapse=SynapseKernel(t_pulse=0.02e-6, delay=delay))
    expected, run = spike_times(wire(net), stimulus), simulate_network(net, stimulus)
    assert sum(map(len, expected)) > 40
    assert list(run.counts) == [len(train) for train in expected]
    for train, exact in zip(run.trains, expected, strict=True):
        np.testing.assert_allclose(train, exact, atol=1e-9)


def test_energy_of_a_network_is_that_of_its_spikes():
    """Control, reset and static parts by count and time; the chip's ledger charges the same."""
    rng = np.random.default_rng(0)
    net, stimulus = _network("encoder", rng), _stimulus("encoder", rng)
    run = simulate_network(net, stimulus)
    spikes = run.counts.sum()
    assert run.energy["control"].sum() == pytest.approx(spikes * CIRCUIT.c_control * CIRCUIT.v_dd**2, rel=1e-9, abs=0)
    static = net.network.n_neurons * CIRCUIT.static_power * 100e-6
    assert run.energy.static.sum() == pytest.approx(static, rel=1e-9, abs=0)


def test_adaptive_layers_and_strange_stimuli_are_refused():
    rng = np.random.default_rng(0)
    net = _network("lif", rng)
    ones = np.ones(8)
    adaptive = replace(net.network.layers[1], kind="adaptive_lif", tau_adapt=ones, adapt_a=ones, adapt_b=ones)
    with pytest.raises(ValueError, match="adaptive"):
        simulate_network(net.with_layers((net.network.layers[0], adaptive)), Stimulus(10e-6))
    with pytest.raises(ValueError, match="2 spike trains"):
        simulate_network(net, Stimulus(10e-6, (np.zeros(1), np.zeros(1))))


def test_the_sign_of_a_weight_chooses_its_time_constants():
    """A network of order 2 is two groups of synapses, each with its own."""
    rng = np.random.default_rng(1)
    layer = _layer("only", "lif", rng.normal(0.2, 0.5, (3, 8)), rng.normal(0.0, 0.4, (8, 8)))
    kernel = SynapseKernel(2, tau_exc=8e-6, rise_exc=4e-6, tau_inh=4e-6, rise_inh=2e-6, delay=1e-6)
    net, stimulus = ChipNetwork(NetworkSpec("n", DT, (layer,)), CIRCUIT, synapse=kernel), _stimulus("lif", rng)
    run = simulate_network(net, stimulus)

    weights, groups = np.vstack((layer.weights, layer.recurrent)), []
    for sign, tau in ((1, 8e-6), (-1, 4e-6)):
        source, target = np.nonzero(sign * weights > 0)
        charge = weights[source, target] * CIRCUIT.charge_per_weight
        groups.append(Connections(source, target, charge, 3, 1e-6, order=2, tau=tau, tau_rise=tau / 2))
    expected = simulate(
        population(CIRCUIT, 8), stimulus.duration, i_in=layer.bias * CIRCUIT.charge_per_weight / DT,
        spikes_in=SpikeInput(np.concatenate(stimulus.spikes), np.repeat([0, 1, 2], 30), 3), connections=groups,
    )  # fmt: skip
    assert run.counts.sum() > 40
    assert list(run.spike_neurons) == list(expected.spike_neurons)
    np.testing.assert_allclose(run.spike_times, expected.spike_times, rtol=1e-9)
