"""Surrogate gradients against finite differences: of a twin whose spikes are smooth and whose resets are fixed.

The twin's spike is r + S(x) - S(x0) with r the hard spike, x0 the distance to threshold of the hard run and S' the
surrogate, so at the hard run it has the same values, and the surrogate gradient is its true gradient.
"""

import pytest
import torch
from torch.autograd import gradcheck

from snn.kernels import run_layer
from snn.neurons.adaptive import AdaptiveParams, adaptive_state
from snn.neurons.lif import LIFParams, lif_state
from snn.neurons.surrogate import SURROGATES

N_TIME, N_BATCH, N, V_FLOOR = 9, 2, 4, -0.7

INTEGRALS = {
    "boxcar": lambda x: x.clamp(-0.5, 0.5),
    "atan": lambda x: torch.atan(torch.pi * x) / torch.pi,
    "fast_sigmoid": lambda x: x / (1 + 10 * x.abs()),
    "triangle": lambda x: x.clamp(-1, 1) - x.clamp(-1, 1) * x.clamp(-1, 1).abs() / 2,
}


def leaves(adaptive, recurrent):
    g = torch.Generator().manual_seed(3)

    def within(low, high, *shape):
        return (low + (high - low) * torch.rand(*shape, generator=g, dtype=torch.float64)).requires_grad_()

    values = {
        "drive": within(-1.5, 4.5, N_TIME, N_BATCH, N),
        "alpha": within(0.4, 0.8, N),
        "theta": within(0.8, 1.2, N),
    }
    if adaptive:
        values |= {"rho": within(0.6, 0.9, N), "a": within(-0.3, 0.3, N), "b": within(0.1, 0.8, N)}
    if recurrent:
        values["recurrent"] = within(-0.6, 0.6, N, N)
    return values


def kernel(values, spike_grad):
    if "rho" in values:
        names = ("alpha", "theta", "rho", "a", "b")
        params = AdaptiveParams(*(values[name] for name in names), spike_grad, V_FLOOR)
        start = adaptive_state(N_BATCH, values["alpha"].detach())
    else:
        params = LIFParams(values["alpha"], values["theta"], spike_grad, V_FLOOR)
        start = lif_state(N_BATCH, values["alpha"].detach())
    return run_layer(values["drive"], start, params, values.get("recurrent"), "cpu")[0]


def twin(values, hard, nominal, smooth):
    """Spikes `(time, batch, neuron)` of the twin; appends the distances to threshold where `nominal` is empty."""
    v = w = s = torch.zeros(N_BATCH, N, dtype=torch.float64)
    first, spikes = not nominal, []
    for t in range(N_TIME):
        drive = values["drive"][t]
        if "recurrent" in values:
            drive = drive + s @ values["recurrent"]
        u = (values["alpha"] * v + (1 - values["alpha"]) * (drive - w)).clamp_min(V_FLOOR)
        x = u - values["theta"]
        if first:
            nominal.append(x.detach())
        s = hard[t] + smooth(x) - smooth(nominal[t])
        if "rho" in values:
            w = values["rho"] * w + (1 - values["rho"]) * values["a"] * u + values["b"] * s
        v = u * (1 - hard[t])
        spikes.append(s)
    return torch.stack(spikes)


@pytest.mark.parametrize("name", SURROGATES)
@pytest.mark.parametrize("recurrent", [False, True], ids=["feedforward", "recurrent"])
@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "adaptive"])
def test_the_kernels_gradient_is_the_true_gradient_of_the_twin(adaptive, recurrent, name):
    values = leaves(adaptive, recurrent)
    spikes = kernel(values, SURROGATES[name])
    assert 0.1 < spikes.mean() < 0.9
    hard, nominal, smooth = spikes.detach(), [], INTEGRALS[name]
    assert torch.allclose(twin(values, hard, nominal, smooth), hard)

    def run(*tensors):
        return twin(dict(zip(values, tensors, strict=True)), hard, nominal, smooth)

    assert gradcheck(run, tuple(values.values()), eps=1e-7, atol=1e-5, fast_mode=True)
    weights = torch.randn(hard.shape, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    mine = torch.autograd.grad((spikes * weights).sum(), list(values.values()))
    true = torch.autograd.grad((run(*values.values()) * weights).sum(), list(values.values()))
    for leaf, got, expected in zip(values, mine, true, strict=True):
        assert (got - expected).abs().max() <= 1e-9 * expected.abs().max(), leaf
