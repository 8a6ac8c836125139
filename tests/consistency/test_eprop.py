"""e-prop against autograd through time, where theory says that they agree, and where it says that they do not."""

import pytest
import torch

from snn.neurons.lif import LIFParams, LIFState, lif_state, lif_step
from snn.neurons.surrogate import atan, triangle
from snn.plasticity.eprop_gradient import EpropNetwork, eprop_gradients

T, B, N_IN, N, K = 16, 3, 6, 5, 4
NONE = -float("inf")


def network(recurrent=0.8, spike_grad=triangle, v_floor=NONE):
    g = torch.Generator().manual_seed(1)

    def draw(*shape):
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    alpha = torch.linspace(0.6, 0.95, N, dtype=torch.float64)
    neurons = LIFParams(alpha, torch.ones(N, dtype=torch.float64), spike_grad, v_floor)
    return EpropNetwork(2.5 * draw(N_IN, N), recurrent * 3 * draw(N, N), draw(N, K), neurons, 0.85)


def clips():
    g = torch.Generator().manual_seed(2)
    x = (torch.rand(T, B, N_IN, generator=g) < 0.4).double()
    return x, torch.tensor([0, 3, 1])


def through_time(x, labels, net, cut):
    """Autograd of the same loss; `cut` detaches the spikes that the recurrent weights carry."""
    weights = [w.clone().requires_grad_() for w in (net.inputs, net.recurrent, net.readout)]
    state, y, loss, n_spikes = lif_state(B, net.neurons.alpha), torch.zeros(B, K).double(), 0.0, 0.0
    for x_t in x:
        before = state.spikes.detach() if cut else state.spikes
        spikes, state = lif_step(x_t @ weights[0] + before @ weights[1], LIFState(state.v, before), net.neurons)
        y = net.readout_decay * y + (1 - net.readout_decay) * (spikes @ weights[2])
        loss = loss + torch.nn.functional.cross_entropy(y, labels, reduction="sum") / (T * B)
        n_spikes += spikes.sum().item()
    assert n_spikes > 20
    return torch.autograd.grad(loss, weights), y.detach()


@pytest.mark.parametrize("spike_grad", [triangle, atan])
@pytest.mark.parametrize("v_floor", [NONE, -0.3])
def test_without_recurrent_weights_it_is_the_gradient(spike_grad, v_floor):
    (x, labels), net = clips(), network(0.0, spike_grad, v_floor)
    found, y = eprop_gradients(x, labels, net)
    expected, y_end = through_time(x, labels, net, cut=False)
    torch.testing.assert_close(y[-1], y_end)
    torch.testing.assert_close(found.inputs, expected[0])
    torch.testing.assert_close(found.readout, expected[2])


def test_with_recurrent_weights_it_is_the_gradient_with_the_way_from_spike_to_spike_cut():
    (x, labels), net = clips(), network()
    found, _ = eprop_gradients(x, labels, net)
    for mine, expected in zip(found, through_time(x, labels, net, cut=True)[0], strict=True):
        torch.testing.assert_close(mine, expected)
        assert mine.abs().max() > 1e-4
    whole = through_time(x, labels, net, cut=False)[0]
    assert not torch.allclose(found.recurrent, whole[1], rtol=0.01)
    torch.testing.assert_close(found.readout, whole[2])


def test_random_feedback_replaces_the_readout_in_the_learning_signal_alone():
    (x, labels), net = clips(), network()
    symmetric, _ = eprop_gradients(x, labels, net)
    feedback = torch.randn(N, K, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    random, _ = eprop_gradients(x, labels, net, feedback)
    torch.testing.assert_close(random.readout, symmetric.readout)
    assert not torch.allclose(random.inputs, symmetric.inputs)
    assert not eprop_gradients(x, labels, net, torch.zeros_like(feedback))[0].inputs.any()
    doubled, _ = eprop_gradients(x, labels, net, 2 * net.readout)
    torch.testing.assert_close(doubled.inputs, 2 * symmetric.inputs)


@pytest.mark.parametrize("kind", ["symmetric", "random"])
def test_it_learns_what_it_is_shown(kind):
    (x, labels), net = clips(), network(0.3)
    feedback = None
    if kind == "random":
        feedback = torch.randn(N, K, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    losses = []
    for _ in range(25):
        gradients, y = eprop_gradients(x, labels, net, feedback)
        losses.append(torch.nn.functional.cross_entropy(y.mean(0), labels).item())
        steps = [w - 4.0 * g for w, g in zip(net[:3], gradients, strict=True)]
        net = net._replace(inputs=steps[0], recurrent=steps[1], readout=steps[2])
    assert losses[-1] < 0.85 * losses[0]  # chance begins at ln 4 = 1.39
