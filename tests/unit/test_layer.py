"""A spiking layer: statistics of its normalisation, and parameters held inside their range."""

import math

import pytest
import torch

from snn.networks.batch_norm import NORM_MOMENTUM
from snn.networks.circuit_settings import NeuronSettings
from snn.networks.layer import NetworkSettings, SpikingLayer


def layer(**settings):
    neuron = NeuronSettings(**settings)
    return SpikingLayer(5, 4, neuron, 0.01, NetworkSettings(), torch.Generator().manual_seed(0)).double()


def batch(seed):
    return torch.rand(6, 3, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_statistics_are_the_plain_mean_of_the_first_batches_and_then_forget_slowly():
    one, means, variances = layer(), [], []
    for seed in range(40):
        one.drive(batch(seed))
        synaptic = (batch(seed) @ one.weight).flatten(0, 1)
        means.append(synaptic.mean(0))
        variances.append(synaptic.var(0))
        if seed in (0, 6, 19):
            assert torch.allclose(one.norm.running_mean, torch.stack(means).mean(0), rtol=1e-9)
            assert torch.allclose(one.norm.running_var, torch.stack(variances).mean(0), rtol=1e-9)
    expected = torch.stack(means[:20]).mean(0)
    for mean in means[20:]:
        expected = (1 - NORM_MOMENTUM) * expected + NORM_MOMENTUM * mean
    assert torch.allclose(one.norm.running_mean, expected, rtol=1e-9)


def test_time_constants_start_inside_their_span_and_never_leave_it():
    one = layer(tau_mem_s=(0.010, 0.060), tau_adapt_s=(0.1, 0.2))
    assert ((one.tau_mem > 0.010) & (one.tau_mem < 0.060)).all()
    with torch.no_grad():
        one.neurons.mem.log_tau += torch.tensor([9.0, -9.0, 0.0, 99.0])
        one.neurons.adapt.log_tau -= 9
    assert one.tau_mem.tolist()[::3] == pytest.approx([0.060, 0.060])
    assert one.tau_mem.tolist()[1] == pytest.approx(0.010)
    assert one.neurons.tau_adapt.tolist() == pytest.approx([0.1] * 4)


def test_adaptation_is_held_inside_its_stable_range():
    one = layer()
    with torch.no_grad():
        one.neurons.adapt_a.copy_(torch.tensor([-5.0, -0.5, 0.5, 5.0]))
        one.neurons.adapt_b.copy_(torch.tensor([-5.0, 0.5, 1.5, 5.0]))
    assert one.params().a.tolist() == [-1.0, -0.5, 0.5, 1.0]
    assert one.params().b.tolist() == [0.0, 0.5, 1.5, 2.0]


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_what_starts_at_random_is_drawn_in_its_order(norm):
    """The published accuracies of the recipes began with these numbers."""
    g, neuron = torch.Generator().manual_seed(7), NeuronSettings(tau_mem_s=(0.01, 0.06), tau_adapt_s=(0.1, 0.2))
    made = SpikingLayer(
        5, 4, neuron, 0.01, NetworkSettings(recurrent=True, norm=norm), torch.Generator().manual_seed(7)
    )

    def between(low, high):
        return low + (high - low) * torch.rand(4, generator=g)

    assert torch.equal(made.weight, (2 * torch.rand(5, 4, generator=g) - 1) * math.sqrt(3 / 5))
    assert norm == "batch" or torch.equal(made.bias, between(0, 1))
    assert torch.equal(made.neurons.mem.log_tau, between(math.log(0.01), math.log(0.06)))
    assert torch.equal(made.neurons.recurrent, torch.randn(4, 4, generator=g) * 0.5 / 2)
    assert torch.equal(made.neurons.adapt.log_tau, between(math.log(0.1), math.log(0.2)))
    assert torch.equal(made.neurons.adapt_a, between(0, 0.5))
    assert torch.equal(made.neurons.adapt_b, between(0, 0.5))


def test_the_state_of_a_layer_comes_in_and_goes_out():
    one, x = layer().eval(), 6 * batch(1)
    first, state = one.run(x[:, :2])
    second, _ = one.run(x[:, 2:], state)
    assert torch.equal(torch.cat((first, second), 1), one(x))
    with pytest.raises(ValueError, match=r"SpikingLayer takes \(batch, time, channel\).*axis 1 looks like"):
        one(x.transpose(1, 2))
