"""ngspice runs a whole network and spikes as the exact solution from event to event does."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from circuits.netlist.bench_stimulus import SHIFT_BINS, bench_bin
from circuits.netlist.bench_stimulus import expected as expected_spikes
from circuits.netlist.core_lib import CORE_FILE, SUPPLIES, core_lib
from circuits.netlist.deck_of_network import network_bench
from circuits.netlist.expected import spike_times
from circuits.netlist.ngspice import run_waves
from circuits.netlist.rawfile import rising_edges
from circuits.network.chip_network import ChipNetwork
from circuits.network.names import spice_number
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import LIFCircuit

pytestmark = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")

CIRCUIT = LIFCircuit()  # tau 40 us
DT = 10e-6
HALF = CIRCUIT.v_dd / 2
KEY = "key"


def layer(name, kind, weights, recurrent=None, tau=CIRCUIT.tau_mem, **rest):
    n = weights.shape[1]
    return LayerSpec(name, kind, weights, np.zeros(n), np.full(n, tau), np.ones(n), recurrent, **rest)


def per_step(rheobases):
    """A current, in rheobases, as the weight that it delivers in a step."""
    return np.asarray(rheobases) * CIRCUIT.rheobase * DT / CIRCUIT.charge_per_weight


def driven(rheobases):
    """An encoder with a constant current, in rheobases, into each neuron."""
    return layer("input", "encoder", np.diag(per_step(rheobases)))


def chip(n_in, n, n_synapses, weight, fan_out):
    """Encoders at 4 to 8 rheobases onto a random recurrent reservoir, binary synapses of one weight."""
    rng = np.random.default_rng(0)
    inward = np.zeros((n_in, n))
    for row in inward:
        row[rng.choice(n, fan_out, replace=False)] = weight
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    recurrent = np.zeros((n, n))
    for k in rng.choice(len(pairs), n_synapses - n_in * fan_out, replace=False):
        recurrent[pairs[k]] = weight
    return ChipNetwork(NetworkSpec("chip", DT, (driven(np.linspace(4, 8, n_in)),
                                             layer("reservoir", "lif", inward, recurrent))), CIRCUIT)  # fmt: skip


def simulate(folder, net, stimulus, save="", timeout_s=60, until=None):
    """Expected spikes, spikes in the raw file, measurements and waves of one run."""
    wiring = wire(net)
    expected = spike_times(wiring, stimulus)
    deck = network_bench(wiring, stimulus, expected, KEY, until=until)
    (folder / CORE_FILE).write_text(core_lib(wiring, KEY), encoding="ascii")
    (folder / "network.cir").write_text(deck.replace(".save", f".save {save}"), encoding="ascii")
    measured, waves = run_waves(folder / "network.cir", timeout_s)
    spikes = [rising_edges(waves["time"], waves[f"v(spk_{name})"], HALF)
              for name, fires in zip(wiring.names, wiring.spiking, strict=True) if fires]  # fmt: skip
    return expected, spikes, measured, waves


def test_a_small_recurrent_network_spikes_as_expected(tmp_path):
    expected, spikes, measured, _ = simulate(tmp_path, chip(4, 6, 20, 0.2, 3), Stimulus(100e-6))
    assert sum(map(len, expected)) > 60
    assert measured["pass"] == 1
    for simulated, exact in zip(spikes, expected, strict=True):
        np.testing.assert_allclose(simulated, exact, atol=20e-9)


def test_the_bench_of_a_network_needs_no_initial_conditions(tmp_path):
    """Without `uic` its operating point is at rest, meters too: the same spikes, and the same charge."""
    _, _, measured, waves = simulate(tmp_path, chip(2, 2, 4, 0.2, 1), Stimulus(20e-6))
    deck = (tmp_path / "network.cir").read_text()
    assert deck.count(" uic\n") == 1
    (tmp_path / "network.cir").write_text(deck.replace(" uic\n", "\n"), encoding="ascii")
    without, at_rest = run_waves(tmp_path / "network.cir")
    assert measured["pass"] == without["pass"] == 1
    for part in SUPPLIES:
        meter = f"v(q_{part})"
        assert at_rest[meter][-1] == pytest.approx(waves[meter][-1], rel=1e-3, abs=1e-9)


@pytest.mark.slow
def test_the_network_of_the_chip_converges_and_its_bench_passes(tmp_path):
    """20 inputs, 36 reservoir neurons, 256 binary synapses, the figures of the 45 nm chip; 200 us at chip speed.

    All spikes that no solver's error of threshold or charge could move; every neuron's are compared so far.
    """
    net, stimulus = chip(20, 36, 256, 0.12, 4), Stimulus(200e-6)
    assert (net.network.n_neurons, net.network.n_synapses) == (56, 256)
    told, tolerance = expected_spikes(wire(net), stimulus), SHIFT_BINS * bench_bin(wire(net), stimulus)
    _, spikes, measured, _ = simulate(tmp_path, net, stimulus, timeout_s=500, until=told.until)
    assert measured["pass"] == 1
    sure = [exact[exact < until] for exact, until in zip(told.spikes, told.until, strict=True)]
    assert sum(map(len, sure)) > 500
    for simulated, exact, until in zip(spikes, sure, told.until, strict=True):
        np.testing.assert_allclose(simulated[simulated < until], exact, atol=tolerance)


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_a_pulse_delivers_the_weight_times_q_whatever_the_step(tmp_path, scale):
    """A readout that does not leak counts charge: w q / C per spike; a thousand times slower, so does the step."""
    count = layer("count", "readout", np.array([[0.5, -0.25]]), tau=1e9)
    net = ChipNetwork(NetworkSpec("charge", DT, (driven([6]), count)), CIRCUIT)
    first, _ = net.network.layers
    slow = replace(first, tau_mem=first.tau_mem * scale, weights=first.weights / scale)
    _, (spikes,), _, waves = simulate(
        tmp_path, net.with_layers((slow, count)), Stimulus(103e-6 * scale), "v(mem_count_0) v(mem_count_1)"
    )
    assert len(spikes) > 10
    np.testing.assert_allclose(waves["v(mem_count_0)"][-1], 0.5 * CIRCUIT.swing * len(spikes), rtol=2e-3)
    np.testing.assert_allclose(waves["v(mem_count_1)"][-1], -0.25 * CIRCUIT.swing * len(spikes), rtol=2e-3)


def test_spikes_from_outside_excite_and_a_sink_stops_at_its_rail(tmp_path):
    """Two channels: one of weight 0.6 fires the neuron at its second spike, the other pulls it to v_sink, not below."""
    circuit = replace(CIRCUIT, v_sink=-0.1)
    target = layer("target", "lif", np.array([[0.6], [-2.0]]))
    stimulus = Stimulus(30e-6, (np.array([2e-6, 5e-6, 20e-6]), np.array([10e-6, 12e-6])))
    net = ChipNetwork(NetworkSpec("outside", DT, (target,)), circuit)
    (exact,), (spikes,), measured, waves = simulate(tmp_path, net, stimulus, "v(xcore.mem_target_0)")
    assert len(exact) == 1
    np.testing.assert_allclose(spikes, exact, rtol=2e-3)
    assert waves["v(xcore.mem_target_0)"].min() == pytest.approx(-0.1, abs=2e-3)
    assert measured["pass"] == 1


def test_a_signal_that_changes_sign_is_followed(tmp_path):
    encoder = replace(driven([8]), tau_mem=np.array([1e-3]))
    signal = np.array([[1.0], [-1.0], [0.0], [1.5]])
    net = ChipNetwork(NetworkSpec("signal", DT, (encoder,)), CIRCUIT)
    (exact,), (spikes,), *_ = simulate(tmp_path, net, Stimulus(60e-6, signal=signal))
    assert len(exact) >= 8
    np.testing.assert_allclose(spikes, exact, rtol=0.01)


def test_adaptation_slows_the_neuron_down_as_expected(tmp_path):
    """A constant bias, so that nothing but the adaptation changes the interval."""
    adapting = layer("adapting", "adaptive_lif", np.zeros((1, 1)), tau_adapt=np.array([100e-6]),
                     adapt_a=np.array([0.2]), adapt_b=np.array([0.5]))  # fmt: skip
    adapting = replace(adapting, bias=per_step([12]))
    net = ChipNetwork(NetworkSpec("adapt", DT, (adapting,)), CIRCUIT)
    (exact,), (spikes,), measured, _ = simulate(tmp_path, net, Stimulus(100e-6))
    intervals = np.diff(exact)
    assert intervals[-1] > 1.5 * intervals[0]
    np.testing.assert_allclose(spikes, exact, rtol=0.01)
    assert measured["pass"] == 1


def test_the_bench_fails_a_network_that_was_changed(tmp_path):
    net, stimulus = chip(4, 6, 20, 0.2, 3), Stimulus(60e-6)
    simulate(tmp_path, net, stimulus)
    core = (tmp_path / CORE_FILE).read_text()
    threshold = f"vth={spice_number(CIRCUIT.v_threshold)}"
    assert threshold in core
    (tmp_path / CORE_FILE).write_text(core.replace(threshold, "vth=0.3"), encoding="ascii")
    assert run_waves(tmp_path / "network.cir")[0]["pass"] == 0


def test_at_speech_rates_spikes_of_a_third_of_a_microsecond_are_counted_and_come_in_time(tmp_path):
    """Milliseconds of rest between them: the switches find each, whatever the longest step."""
    net = chip(2, 2, 4, 0.2, 1)
    scale = 500.0
    layers = tuple(replace(x, tau_mem=x.tau_mem * scale) for x in net.network.layers)
    net = replace(net, network=replace(net.network, dt=net.network.dt * scale, layers=layers))
    expected, spikes, measured, _ = simulate(tmp_path, net, Stimulus(100e-6 * scale))
    assert measured["pass"] == 1
    for simulated, exact in zip(spikes, expected, strict=True):
        np.testing.assert_allclose(simulated, exact, rtol=1e-3)
