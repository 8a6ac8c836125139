"""What a netlist should show: exact spike times of small networks, worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.netlist import expected
from circuits.netlist.expected import spike_times
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import firing_rate, interval, period
from circuits.neuron.synapse import DELAY, SynapseKernel
from tests.starved import STARVED

CIRCUIT = replace(STARVED, v_reset=0.02, v_sink=-0.05, t_refractory=0.3e-6)
Q, DT = CIRCUIT.charge_per_weight, 5e-6


def network(weights, kind="lif", tau=CIRCUIT.tau_mem, bias=0.0, recurrent=None, **rest):
    weights = np.array(weights, dtype=float)
    n = weights.shape[1]
    layer = LayerSpec("a", kind, weights, np.full(n, bias), np.full(n, tau), np.ones(n), recurrent, **rest)
    return ChipNetwork(NetworkSpec("n", DT, (layer,)), CIRCUIT)


def spikes(net, duration, *trains, signal=None):
    return spike_times(wire(net), Stimulus(duration, tuple(np.array(train) for train in trains), signal))


@pytest.mark.parametrize("tau", [CIRCUIT.tau_mem, np.inf])
def test_a_constant_current_gives_the_period_of_the_closed_form(tau):
    current = 30e-12
    (times,) = spikes(network([[0.0]], tau=min(tau, 1e9), bias=current * DT / Q), 100e-6)
    exact = period(replace(CIRCUIT, g_leak=CIRCUIT.c_mem / tau), current)  # without leak where tau is endless
    np.testing.assert_allclose(np.diff(times), exact, rtol=1e-9)
    assert times[0] == pytest.approx(exact - CIRCUIT.t_refractory, rel=1e-9, abs=0)


def test_a_pulse_reaches_threshold_in_the_part_that_its_weight_says():
    """Without leak a pulse of weight 4 takes a quarter of t_pulse to threshold; then refractory, then the rest."""
    (times,) = spikes(network([[4.0]], tau=1e9), 20e-6, [2e-6])
    np.testing.assert_allclose(times, DELAY + np.array([2.25e-6, 2.25e-6 + 0.3e-6 + 0.25e-6]), rtol=1e-9)


def test_inhibition_stops_at_the_sink():
    """A pulse of weight -1 would end at -0.36 V; from the sink at -0.05 V a weight of 0.45 / 0.38 just fires."""
    just = (0.4 - -0.05) / (0.4 - 0.02)
    for part, n in ((1.01, 1), (0.99, 0)):
        (times,) = spikes(network([[-1.0], [part * just]], tau=1e9), 20e-6, [1e-6], [5e-6])
        assert len(times) == n


def test_a_spike_starts_the_pulse_of_its_own_line_and_recurrence_reaches_the_other():
    net = network([[1.5, 0.0]], tau=1e9, recurrent=np.array([[0.0, 2.0], [0.0, 0.0]]))
    for delay in (DELAY, 0.7e-6):
        own = replace(net, synapse=SynapseKernel(delay=delay))
        first, second = spikes(own, 20e-6, [0.0])
        assert first == pytest.approx([delay + 1e-6 / 1.5], rel=1e-9, abs=0)
        assert second == pytest.approx([2 * delay + 1e-6 / 1.5 + 0.5e-6], rel=1e-9, abs=0)


def test_a_signal_holds_for_a_step_and_its_last_row_to_the_end():
    net = network([[1.0]], "encoder", tau=1e9)
    (times,) = spikes(net, 30e-6, signal=np.array([[0.0], [1.0]]))
    interval_s = DT + CIRCUIT.t_refractory  # a signal of 1 is one q for each time step
    np.testing.assert_allclose(times, DT + DT + interval_s * np.arange(len(times)), rtol=1e-9)
    assert len(times) == 4


def test_a_readout_is_silent_and_spikes_end_with_the_stimulus():
    assert spikes(network([[5.0]], "readout"), 10e-6, [1e-6])[0].size == 0
    (times,) = spikes(network([[0.0]], bias=1.0), 50e-6)
    assert times.max() < 50e-6


def test_adaptation_that_does_nothing_steps_to_the_exact_spikes():
    """Coupling and jump of 0: the stepped network has the spikes of the exact one, to a step of a 20,000th."""
    bias = 30e-12 * DT / Q
    (exact,) = spikes(network([[0.3]], bias=bias), 100e-6, [3e-6, 21e-6])
    none = {"tau_adapt": np.array([1e-4]), "adapt_a": np.zeros(1), "adapt_b": np.zeros(1)}
    (stepped,) = spikes(network([[0.3]], "adaptive_lif", bias=bias, **none), 100e-6, [3e-6, 21e-6])
    np.testing.assert_allclose(stepped, exact, atol=len(exact) * 3 * 100e-6 / expected.ADAPTIVE_STEPS)


def test_the_interval_without_body_factor_is_the_period_and_a_body_factor_lengthens_it():
    assert interval(CIRCUIT, -0.6) == period(CIRCUIT, replace(CIRCUIT, v_gs=-0.6).input_current)
    assert interval(replace(CIRCUIT, body_factor=1e-9)) == pytest.approx(interval(CIRCUIT), rel=1e-6, abs=0)
    bodily = replace(CIRCUIT, body_factor=0.1, v_gs=-0.8)
    unmoved = 1 / firing_rate(bodily, bodily.input_current)
    at_threshold = replace(CIRCUIT, v_gs=-0.8 + 0.1 * CIRCUIT.v_threshold).input_current
    assert unmoved < interval(bodily) < period(CIRCUIT, at_threshold)
    assert interval(replace(CIRCUIT, body_factor=0.5)) == np.inf


def test_a_body_factor_and_endless_events_are_refused(monkeypatch):
    wiring = wire(replace(network([[0.5]]), circuit=replace(CIRCUIT, body_factor=0.1)))
    with pytest.raises(ValueError, match=r"body_factor = 0\.1 and .*: no membrane is an exponential"):
        spike_times(wiring, Stimulus(1e-5))
    monkeypatch.setattr(expected, "MAX_EVENTS", 3)
    with pytest.raises(RuntimeError, match="more than 3 events"):
        spikes(network([[0.0]], bias=1.0), 50e-6)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Stimulus(0.0), "duration must be positive"),
        (lambda: Stimulus(1.0, (np.array([2.0, 1.0]),)), "spikes of channel 0"),
        (lambda: Stimulus(1.0, (np.array([np.nan]),)), "spikes of channel 0"),
        (lambda: Stimulus(1.0, (np.array([-1.0]),)), "spikes of channel 0"),
        (lambda: Stimulus(1.0, signal=np.array([1.0])), r"signal must be a finite \(step, signal\) array"),
        (
            lambda: Stimulus(1.0, (np.zeros(0),) * 3).require_fits(network([[0.5]]).network),
            "3 spike trains.*1 channels",
        ),
        (
            lambda: Stimulus(1.0, signal=np.ones((2, 3))).require_fits(network([[0.5]], "encoder").network),
            "3 signals.*takes 1",
        ),
    ],
)
def test_a_stimulus_that_does_not_fit_is_refused(build, said):
    with pytest.raises(ValueError, match=said):
        build()


def test_a_jump_of_the_adaptation_is_counted_in_swings():
    """After the first spike w stays at b swing, since tau_adapt is endless beside the run, and draws g_leak w."""
    bias, b = 60e-12, 0.5
    still = {"tau_adapt": np.array([1.0]), "adapt_a": np.zeros(1), "adapt_b": np.array([b])}
    net = network([[0.0]], "adaptive_lif", bias=bias * DT / Q, **still)
    (times,) = spikes(net, 30e-6)
    drawn = wire(net).g_leak[0] * b * CIRCUIT.swing
    first, second = (period(replace(CIRCUIT, g_leak=wire(net).g_leak[0]), i) for i in (bias, bias - drawn))
    step = 30e-6 / expected.ADAPTIVE_STEPS
    assert times[0] == pytest.approx(first - CIRCUIT.t_refractory, abs=3 * step)
    assert times[1] - times[0] == pytest.approx(second, abs=3 * step)
    assert second > first + 20 * step
