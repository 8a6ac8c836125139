"""A network of circuits in Brian2: each spike comes when the closed form of its pulses says."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau, period, rise_time
from circuits.neuron.synapse import SynapseKernel
from snn.reference import TwinTiming, brian2_network, spike_times

SPEED = 500.0
TAU = 0.02  # s, in real time
CIRCUIT = LIFCircuit(v_sink=-0.2, c_mem=2.5e-15)
CHIP = circuit_for_tau(TAU / SPEED, CIRCUIT)  # 40 us
TIMING, SYNAPSE = TwinTiming(SPEED, 2e-9), SynapseKernel(t_pulse=0.8e-6, delay=0.15e-6)
HOP = TIMING.dt  # a spike is seen at the next point of the grid


def layer(name, weights, **rest):
    n = np.shape(weights)[1]
    defaults = {"kind": "lif", "bias": np.zeros(n), "tau_mem": np.full(n, TAU), "v_threshold": np.ones(n)}
    return LayerSpec(name, weights=np.array(weights), **defaults | rest)


def fired(*layers, times=(), channels=(), signal=None, until=10e-6):
    spikes = None if signal is not None else (np.array(times), np.array(channels))
    net = ChipNetwork(NetworkSpec("test", 0.01, layers), CIRCUIT, synapse=SYNAPSE)
    return spike_times(brian2_network(net, spikes=spikes, signal=signal, timing=TIMING), until)


def rise(weight, v_from=CHIP.v_reset, threshold=CHIP.v_threshold):
    """Time of the membrane from `v_from` to the threshold while the pulse of one synapse flows."""
    return rise_time(CHIP, weight * CHIP.charge_per_weight / SYNAPSE.t_pulse, v_from, threshold)


def test_a_spike_passes_two_layers_in_two_delays_and_two_rises():
    out = fired(layer("a", [[1.2]]), layer("b", [[1.5]]), times=[1e-6], channels=[0])
    first = 1e-6 + SYNAPSE.delay + rise(1.2)
    second = first + SYNAPSE.delay + rise(1.5)
    assert out["a"][0] == pytest.approx([first], abs=HOP)
    assert out["b"][0] == pytest.approx([second], abs=2 * HOP)


def test_half_a_charge_leaks_until_the_other_half_comes():
    """The first pulse ends at I/g (1 - exp(-t_pulse/tau)) and decays over 3 us; the second rises from there."""
    out = fired(layer("a", [[0.7]]), times=[1e-6, 1e-6 + 3e-6 + SYNAPSE.t_pulse], channels=[0, 0])
    i_pulse, tau = 0.7 * CHIP.charge_per_weight / SYNAPSE.t_pulse, CHIP.tau_mem
    left = i_pulse / CHIP.g_leak * -np.expm1(-SYNAPSE.t_pulse / tau) * np.exp(-3e-6 / tau)
    expected = 1e-6 + 3e-6 + SYNAPSE.t_pulse + SYNAPSE.delay + rise(0.7, left)
    assert out["a"][0] == pytest.approx([expected], abs=HOP)


def test_inhibition_ends_at_the_sink():
    """Two pulses of -0.4 q would end at -0.29 V; the sink holds -0.2 V, from which 2.5 q rises after 1 us of leak."""
    out = fired(layer("a", [[-0.4], [2.5]]), times=[1e-6, 2e-6, 2e-6 + SYNAPSE.t_pulse + 1e-6], channels=[0, 0, 1])
    start = CIRCUIT.v_sink * np.exp(-1e-6 / CHIP.tau_mem)
    assert out["a"][0] == pytest.approx([3e-6 + SYNAPSE.t_pulse + SYNAPSE.delay + rise(2.5, start)], abs=HOP)


def test_a_recurrent_synapse_delivers_its_charge_after_the_delay():
    """Neuron 0 fires from outside, and drives neuron 1, which inhibits nobody."""
    out = fired(layer("a", [[1.2, 0.0]], recurrent=np.array([[0.0, 1.4], [0.0, 0.0]])), times=[1e-6], channels=[0])
    first = 1e-6 + SYNAPSE.delay + rise(1.2)
    assert out["a"][0] == pytest.approx([first], abs=HOP)
    assert out["a"][1] == pytest.approx([first + SYNAPSE.delay + rise(1.4)], abs=2 * HOP)


def test_a_pulse_is_lost_while_the_membrane_is_held_in_reset():
    """The rest of a pulse of 1.9 q after the spike: held for the refractory time, then it charges from reset."""
    out = fired(layer("a", [[1.9]]), times=[1e-6, 4e-6], channels=[0, 0])
    first = 1e-6 + SYNAPSE.delay + rise(1.9)
    rest = 1e-6 + SYNAPSE.delay + SYNAPSE.t_pulse - first - CHIP.t_refractory  # s of charging after the hold
    v = 1.9 * CHIP.charge_per_weight / SYNAPSE.t_pulse / CHIP.g_leak * -np.expm1(-rest / CHIP.tau_mem)
    v *= np.exp(-(3e-6 - SYNAPSE.t_pulse) / CHIP.tau_mem)
    assert out["a"][0][:2] == pytest.approx([first, 4e-6 + SYNAPSE.delay + rise(1.9, v)], abs=3 * HOP)


def test_bias_and_threshold_of_each_neuron_set_its_period():
    bias = np.array([2.0, 4.0])
    out = fired(layer("a", [[0.0, 0.0]], bias=bias, v_threshold=np.array([1.0, 0.7])), until=36e-6)
    for j, (share, threshold) in enumerate(zip(bias, (1.0, 0.7), strict=True)):
        i_in = share * CHIP.charge_per_weight / (0.01 / SPEED)
        expected = period(replace(CHIP, v_threshold=threshold * CIRCUIT.swing), i_in)
        np.testing.assert_allclose(np.diff(out["a"][j]), expected, rtol=0, atol=HOP)
        assert len(out["a"][j]) > 2


def test_an_encoder_is_driven_by_currents_that_change_every_step():
    """A charge of 0.1 in a step, then of 4: it fires in the second step of 20 us, from what the first left."""
    encoder = layer("encoder", [[0.5]], kind="encoder", bias=np.array([0.1]))
    out = fired(encoder, signal=np.array([[0.0], [7.8]]), until=26e-6)
    step, q = 0.01 / SPEED, CHIP.charge_per_weight
    left = 0.1 * q / step / CHIP.g_leak * -np.expm1(-step / CHIP.tau_mem)
    i_in = 4.0 * q / step
    expected = step + rise_time(CHIP, i_in, left, CHIP.v_threshold)
    assert out["encoder"][0][0] == pytest.approx(expected, abs=HOP)


def test_a_second_run_goes_on_where_the_first_ended():
    net = ChipNetwork(NetworkSpec("test", 0.01, (layer("a", [[1.2]]),)), CIRCUIT)
    spikes = np.array([1e-6, 5e-6]), np.array([0, 0])
    parts, whole = (brian2_network(net, spikes=spikes, timing=TIMING) for _ in range(2))
    spike_times(parts, 3e-6)
    np.testing.assert_array_equal(spike_times(parts, 5e-6)["a"][0], spike_times(whole, 8e-6)["a"][0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spikes": None}, "is driven by spikes, got nothing"),
        ({"signal": np.zeros((3, 1))}, "is driven by spikes, got spikes and signal"),
        ({"spikes": (np.zeros(2), np.zeros(1, int))}, r"\(2,\) times and \(1,\) channels"),
        ({"spikes": (np.zeros(1), np.array([7]))}, "channel 7, it has 1"),
        ({"spikes": (np.array([1e-6, 1.002e-6]), np.array([0, 0]))}, "channel 0 of the external input spikes 2 times"),
        ({"spikes": (np.array([-1.0]), np.array([0]))}, "must be finite and not negative"),
    ],
)
def test_an_input_that_does_not_fit_is_refused(change, said):
    net = ChipNetwork(NetworkSpec("test", 0.01, (layer("a", [[1.2]]),)), CIRCUIT)
    with pytest.raises(ValueError, match=said):
        brian2_network(net, **{"spikes": (np.zeros(1), np.zeros(1, int))} | change)


def test_an_adaptive_layer_has_no_circuit():
    zero = np.zeros(1)
    adaptive = layer("h", [[1.0]], kind="adaptive_lif", tau_adapt=zero + 0.1, adapt_a=zero, adapt_b=zero)
    with pytest.raises(ValueError, match="'h' is adaptive: no circuit is published"):
        brian2_network(ChipNetwork(NetworkSpec("test", 0.01, (adaptive,)), CIRCUIT), spikes=(zero, np.zeros(1, int)))


@pytest.mark.parametrize("change", [{"dt": 0.0}, {"acceleration": -1.0}])
def test_a_grid_without_steps_is_refused(change):
    (name,) = change
    with pytest.raises(ValueError, match=rf"TwinTiming.{name} must be"):
        TwinTiming(**change)


@pytest.mark.parametrize(
    ("synapse", "said"),
    [
        (SynapseKernel(delay=1e-9), "SynapseKernel.delay must be at least a time step dt = 5e-09 s"),
        (SynapseKernel(t_pulse=1e-9), "SynapseKernel.t_pulse must be at least a time step"),
        (SynapseKernel(1, tau_exc=1e-6, tau_inh=1e-6), "synapses of order 1 have no circuit"),
    ],
)
def test_synapses_that_the_grid_cannot_hold_are_refused(synapse, said):
    net = ChipNetwork(NetworkSpec("test", 0.01, (layer("a", [[1.2]]),)), CIRCUIT, synapse=synapse)
    with pytest.raises(ValueError, match=said):
        brian2_network(net, spikes=(np.zeros(1), np.zeros(1, int)))
