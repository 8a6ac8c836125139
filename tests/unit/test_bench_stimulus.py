"""What a bench drives a network with: no spike that it expects hangs on the last digits of a solver."""

import numpy as np
import pytest

from circuits.netlist.bench_stimulus import (
    SEEDS,
    SHIFT_BINS,
    bench_bin,
    default_stimulus,
    disturbed,
    expected,
    regular,
)
from circuits.netlist.deck_of_network import network_bench
from circuits.netlist.expected import spike_times
from circuits.netlist.handover import handover
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit

CIRCUIT = LIFCircuit()
DT = 5e-6
RHEOBASE = DT / CIRCUIT.tau_mem  # weight of a signal of 1 that just reaches threshold, after endless time


def encoder(*weights):
    """Each neuron with a signal of its own."""
    n = len(weights)
    layer = LayerSpec("a", "encoder", np.diag(weights), np.zeros(n), np.full(n, CIRCUIT.tau_mem), np.ones(n))
    return ChipNetwork(NetworkSpec("n", DT, (layer,)), CIRCUIT)


def grazing():
    """The first stimulus takes the first neuron, at 3/4 of a signal, over threshold by 1e-4; the second spikes well."""
    peak = -np.expm1(-15 * DT / CIRCUIT.tau_mem)  # of what a signal of either sign comes to before it turns
    return encoder((1 + 1e-4) / peak / 0.75 * RHEOBASE, 4 * RHEOBASE)


def moved(wiring, found):
    """How far the spikes that are sure move with thresholds a little away, in bins; infinite where one is lost."""
    most = 0.0
    for near in disturbed(wiring):
        others = spike_times(near, found.stimulus)
        for times, there, until in zip(found.spikes, others, found.until, strict=True):
            sure, same = times[times <= until], there[there <= until]
            if len(sure) != len(same):
                return np.inf
            most = max(most, np.abs(sure - same).max(initial=0.0))
    return most / bench_bin(wiring, found.stimulus)


def test_a_stimulus_under_which_a_membrane_grazes_its_threshold_is_not_taken():
    net = grazing()
    wiring = wire(net)
    first = expected(wiring, regular(net.network, 1))
    assert (first.fragile, np.isfinite(first.until).tolist()) == (1, [True, False])
    found = default_stimulus(net.network, wiring)
    assert not found.fragile
    assert all(len(times) for times in found.spikes)
    assert moved(wiring, found) <= SHIFT_BINS


@pytest.mark.parametrize(("charge", "fragile"), [(1 + 1e-4, 1), (1 - 1e-4, 1), (1 + 5e-3, 0), (1 - 5e-3, 0)])
def test_a_pulse_whose_charge_just_reaches_threshold_or_just_does_not_is_not_sure(charge, fragile):
    """Without leak, at the end of the pulse: with thresholds a little away its spike is lost, or another is there."""
    driven = LayerSpec("b", "lif", np.array([[charge]]), np.zeros(1), np.full(1, 1e9), np.ones(1))
    net = ChipNetwork(NetworkSpec("n", DT, (driven,)), CIRCUIT)
    found = expected(wire(net), Stimulus(20e-6, (np.array([1e-6]),)))
    assert (len(found.spikes[0]), found.fragile) == (charge > 1, fragile)


def test_where_every_stimulus_grazes_the_best_is_taken_and_what_is_not_sure_is_told(monkeypatch):
    """Each of them is the first."""
    net = grazing()
    monkeypatch.setattr("circuits.netlist.bench_stimulus.regular", lambda net, strength, seed=0: regular(net, 1))
    found = default_stimulus(net.network, wire(net))
    assert found.fragile == 1
    assert moved(wire(net), found) <= SHIFT_BINS
    files = handover(net, "spice")
    assert any(
        "compares no spike of 1 of 2 neurons after one that hangs on less than 0.0003" in note for note in files.notes
    )
    bench = next(bench for bench in files.benches if bench.spikes)
    assert bench.until.keys() == {"a_0"}
    assert bench.until["a_0"] < bench.spikes["a_0"][-1]
    assert f"v(spk_a_0) from=0 to={bench.until['a_0']:.12g}" in files.texts["network_bench.cir"]


def test_a_stimulus_that_is_sure_is_the_first_and_has_no_limit():
    net = encoder(4 * RHEOBASE, 5 * RHEOBASE)
    found = default_stimulus(net.network, wire(net))
    assert np.isinf(found.until).all()
    assert found.stimulus.signal.tolist() == regular(net.network, 1).signal.tolist()
    assert handover(net, "spice").notes == ()


def test_a_count_ends_where_its_spikes_are_no_longer_sure():
    """Ten spikes, of which four lie before the end of the count."""
    wiring, stimulus = wire(encoder(RHEOBASE)), Stimulus(100e-6)
    times = [np.linspace(0, 90e-6, 10)]
    text = network_bench(wiring, stimulus, times, "key", until=np.array([35e-6]))
    assert "integ v(spk_a_0) from=0 to=3.5e-05" in text
    assert "abs(n_a_0-4)" in text


@pytest.mark.parametrize("seed", range(1, SEEDS))
def test_each_seed_is_another_stimulus(seed):
    net = encoder(RHEOBASE, RHEOBASE).network
    assert not np.array_equal(regular(net, 1, seed).signal, regular(net, 1).signal)
    driven = LayerSpec("b", "lif", np.eye(2), np.zeros(2), np.full(2, 1e-5), np.ones(2))
    outside = NetworkSpec("n", DT, (driven,))
    assert not np.array_equal(regular(outside, 1, seed).spikes[0], regular(outside, 1).spikes[0])
