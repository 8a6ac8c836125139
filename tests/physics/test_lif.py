"""The LIF neuron against its differential equation: tau v' = drive - v, spike above threshold, reset to 0."""

import math
from dataclasses import replace

import pytest
import torch

from circuits.neuron.circuit import LIFCircuit, period
from snn.neurons.lif import LIFParams, LIFState, decay, leaky_step, lif_state, lif_step
from snn.neurons.scan import scan

TAU = 0.02  # s


def run(drive, n_steps, dt, v_threshold=(1.0,), step=lif_step):
    """Output `(time, neuron)` under constant drives, one neuron for each threshold."""
    threshold = torch.tensor(v_threshold, dtype=torch.float64)
    x = torch.tensor(drive, dtype=torch.float64).expand(n_steps, 1, len(threshold))
    params = LIFParams(decay(torch.full_like(threshold, TAU), dt), threshold)
    return scan(step, x, lif_state(1, threshold), params)[0][:, 0]


def intervals(spikes):
    """Steps from rest to the first spike, then from spike to spike."""
    at = torch.nonzero(spikes).flatten() + 1
    return torch.diff(at, prepend=torch.zeros(1, dtype=at.dtype))


@pytest.mark.parametrize("dt", [5e-5, 1e-4, 1e-3, 3e-3, 1e-2])
def test_every_period_is_the_closed_form_rounded_up_to_a_step(dt):
    pairs = [(drive, threshold) for drive in (1.01, 1.3, 2.0, 7.0) for threshold in (1.0, 0.35, 0.9)]
    drives, thresholds = zip(*pairs, strict=True)
    spikes = run(drives, math.ceil(0.2 / dt), dt, thresholds)
    for neuron, (drive, threshold) in enumerate(pairs):
        expected = math.ceil(TAU * math.log(drive / (drive - threshold)) / dt)
        assert set(intervals(spikes[:, neuron]).tolist()) == {expected}, (drive, threshold)


def test_a_drive_at_or_below_threshold_never_fires():
    spikes = run((1.0, 0.5, 0.51), 1000, 1e-3, (1.0, 0.5, 0.5))
    assert spikes.any(0).tolist() == [False, False, True]  # v approaches the threshold; a spike needs more


@pytest.mark.parametrize("dt", [1e-5, 1e-3, 1e-2, 0.1])
def test_the_membrane_follows_the_exponential_exactly_at_any_step(dt):
    time = dt * torch.arange(1, 41, dtype=torch.float64)
    expected = 0.8 * (1 - torch.exp(-time / TAU))
    assert torch.allclose(run([0.8], 40, dt, step=leaky_step)[:, 0], expected, rtol=1e-12, atol=0)


def test_a_potential_left_alone_decays_to_1_over_e_in_one_time_constant():
    tau = torch.tensor([TAU, 3 * TAU], dtype=torch.float64)
    state = LIFState(torch.tensor([[0.9, -0.4]], dtype=torch.float64), torch.zeros(1, 2, dtype=torch.float64))
    params = LIFParams(decay(tau, TAU / 10), torch.ones_like(tau))
    out, last = scan(leaky_step, torch.zeros(30, 1, 2, dtype=torch.float64), state, params)
    assert out[9, 0, 0].item() == pytest.approx(0.9 / math.e, rel=1e-12)
    assert out[29, 0, 1].item() == pytest.approx(-0.4 / math.e, rel=1e-12)
    assert torch.equal(last.v, out[-1])


def test_a_spike_resets_to_0_and_silence_keeps_the_potential():
    tau = torch.tensor([TAU, TAU], dtype=torch.float64)
    params = LIFParams(decay(tau, TAU), torch.tensor([1.0, 2.0], dtype=torch.float64))
    drive = torch.full((1, 2), 2.5, dtype=torch.float64)
    spikes, state = lif_step(drive, lif_state(1, tau), params)
    reached = 2.5 * (1 - 1 / math.e)  # 1.58: above the first threshold, below the second
    assert spikes.tolist() == [[1.0, 0.0]]
    assert state.v.tolist() == [[0.0, pytest.approx(reached, rel=1e-12)]]
    assert torch.equal(state.spikes, spikes)


def test_no_gradient_flows_through_the_reset():
    alpha = torch.tensor([0.5], dtype=torch.float64)
    v = torch.tensor([[1.2]], dtype=torch.float64, requires_grad=True)
    params = LIFParams(alpha, torch.ones_like(alpha))
    _, state = lif_step(torch.tensor([[1.5]], dtype=torch.float64), LIFState(v, torch.zeros_like(v)), params)
    assert torch.autograd.grad(state.v.sum(), v)[0].item() == 0  # it fired: v (1 - 1), the 1 a constant
    quiet = LIFParams(alpha, 10 * torch.ones_like(alpha))
    _, state = lif_step(torch.tensor([[1.5]], dtype=torch.float64), LIFState(v, torch.zeros_like(v)), quiet)
    assert torch.autograd.grad(state.v.sum(), v)[0].item() == 0.5


def test_a_layer_made_from_a_circuit_fires_at_the_rate_of_the_circuit():
    """I / (g_leak swing) as drive, without refractory time: the period of the f-I curve, rounded up to a step."""
    circuit = replace(LIFCircuit(), t_refractory=0.0, v_threshold=0.33, c_mem=1.7e-15)
    dt = 1e-3 * circuit.tau_mem
    one = torch.ones(1)
    params = LIFParams(decay(circuit.tau_mem * one, dt), one, v_floor=circuit.v_floor)
    drive = torch.full((3000, 1, 1), circuit.input_current / (circuit.g_leak * circuit.swing))
    spikes = scan(lif_step, drive, lif_state(1, params.alpha), params)[0][:, 0, 0]
    expected = period(circuit, circuit.input_current)
    assert set(intervals(spikes).tolist()) <= {math.ceil(expected / dt), math.floor(expected / dt)}
