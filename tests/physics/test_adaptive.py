"""The adaptive LIF neuron against its two differential equations, its fixed point and its spike balance."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from snn.neurons.adaptive import AdaptiveParams, AdaptiveState, adaptive_state, adaptive_step
from snn.neurons.lif import LIFParams, decay, lif_state, lif_step
from snn.neurons.scan import scan

TAU_MEM, TAU_ADAPT = 0.02, 0.1  # s


def params_of(a, b, dt, v_threshold=1.0):
    """One neuron for each pair of the scalars or lists a and b."""
    a, b = (torch.tensor(x, dtype=torch.float64).view(-1) for x in (a, b))
    a, b = torch.broadcast_tensors(a, b)
    row = torch.ones_like(a)
    return AdaptiveParams(decay(TAU_MEM * row, dt), v_threshold * row, decay(TAU_ADAPT * row, dt), a, b)


def run(drive, n_steps, params):
    """Spikes, v and w, each `(time, neuron)`, under a constant drive."""
    state, rows = adaptive_state(1, params.alpha), []
    x = torch.full_like(state.v, drive)
    for _ in range(n_steps):
        spikes, state = adaptive_step(x, state, params)
        rows.append(torch.cat((spikes, state.v, state.w)))
    return torch.stack(rows, 1).numpy()


@pytest.mark.parametrize("dt", [2e-3, 1e-2])
def test_without_spikes_it_settles_where_both_equations_are_zero(dt):
    a = np.array([-0.6, -0.2, 0.0, 0.5, 1.0])
    _, v, w = run(0.3, round(8 / dt), params_of(a.tolist(), 0.0, dt))
    np.testing.assert_allclose(v[-1], 0.3 / (1 + a), rtol=1e-9)
    np.testing.assert_allclose(w[-1], a * 0.3 / (1 + a), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("a", [-0.9, 1.0])
def test_the_transient_converges_to_the_matrix_exponential_at_first_order(a):
    system = np.array([[-1 / TAU_MEM, -1 / TAU_MEM], [a / TAU_ADAPT, -1 / TAU_ADAPT]])
    rest = np.linalg.solve(system, [-0.4 / TAU_MEM, 0.0])
    exact = rest - expm(system * 0.08) @ rest
    errors = []
    for dt in (1e-3, 0.5e-3, 0.25e-3):
        _, v, w = run(0.4, round(0.08 / dt), params_of(a, 0.0, dt))
        errors.append(np.hypot(v[-1, 0] - exact[0], w[-1, 0] - exact[1]))
    assert errors[0] < 0.01
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.05)
    assert errors[2] / errors[1] == pytest.approx(0.5, abs=0.05)


def test_a_spike_adds_b_to_w_and_resets_v():
    state = AdaptiveState(*(torch.full((1, 1), x, dtype=torch.float64) for x in (0.9, 0.0, 0.2)))
    drive = torch.full((1, 1), 3.0, dtype=torch.float64)
    quiet = adaptive_step(drive, state, params_of(0.4, 0.7, 1e-2, v_threshold=9.0))[1]
    spikes, fired = adaptive_step(drive, state, params_of(0.4, 0.7, 1e-2))
    alpha, rho = np.exp(-1e-2 / TAU_MEM), np.exp(-1e-2 / TAU_ADAPT)
    v = alpha * 0.9 + (1 - alpha) * (3.0 - 0.2)
    assert quiet.v.item() == pytest.approx(v, rel=1e-12)
    assert quiet.w.item() == pytest.approx(rho * 0.2 + (1 - rho) * 0.4 * v, rel=1e-12)
    assert fired.w.item() - quiet.w.item() == pytest.approx(0.7, rel=1e-12)
    assert (spikes.item(), fired.v.item()) == (1.0, 0.0)


def test_mean_adaptation_balances_what_spikes_and_potential_put_in():
    """Summed over a steady state w (1 - rho) = (1 - rho) a v + b s: with a = 0, mean w = b rate / (1 - rho)."""
    dt, b = 1e-3, np.array([0.05, 0.3, 1.0])
    spikes, _, w = run(2.5, 9000, params_of(0.0, b.tolist(), dt))
    rate = spikes[1000:].mean(0)
    assert rate.min() > 0.005
    np.testing.assert_allclose(w[1000:].mean(0), b * rate / (1 - np.exp(-dt / TAU_ADAPT)), rtol=2e-2)


def test_adaptation_lowers_the_rate_and_more_of_it_lowers_it_more():
    by_spikes = run(2.5, 2000, params_of(0.0, [0.0, 0.1, 0.5, 2.0], 1e-3))[0].sum(0)
    by_potential = run(2.5, 2000, params_of([-0.5, 0.0, 1.0], 0.0, 1e-3))[0].sum(0)
    for counts in (by_spikes, by_potential):
        assert counts.min() > 0
        assert (np.diff(counts) < 0).all()


def test_intervals_lengthen_after_onset():
    spikes, _, _ = run(2.5, 1000, params_of(0.0, 0.3, 1e-3))
    gaps = np.diff(np.flatnonzero(spikes[:, 0]))
    assert gaps[0] < gaps[3] <= gaps[-1]


def test_without_adaptation_it_is_the_lif_neuron():
    drive = 2 * torch.rand(200, 3, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    params = params_of(0.0, 0.0, 1e-2)
    spikes, _ = scan(adaptive_step, drive, adaptive_state(3, params.alpha), params)
    plain, _ = scan(lif_step, drive, lif_state(3, params.alpha), LIFParams(params.alpha, params.v_threshold))
    assert plain.any()
    assert torch.equal(spikes, plain)


@pytest.mark.parametrize("dt", [1e-4, 1e-3, 1e-2])
def test_the_corners_of_the_parameter_range_stay_bounded(dt):
    _, v, w = run(1.5, 5000, params_of([-1.0, -1.0, 1.0, 1.0], [0.0, 2.0, 0.0, 2.0], dt))
    assert np.abs(v).max() < 2
    assert np.abs(w).max() < 20
