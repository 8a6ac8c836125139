"""The network that every candidate of the benchmark trains: 40-256-256-35 LIF, leaky readout, and its random data."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import Linear
from torch.nn.functional import cross_entropy

from snn.kernels import reference
from snn.kernels.reference import DenseLayer, Network, Readout
from snn.neurons.lif import LIFParams, lif_state
from snn.neurons.surrogate import boxcar

SIZES, EVIDENCE = (40, 256, 256, 35), 100.0
ALPHA, ALPHA_READOUT = 0.8, 0.9  # exp(-dt / tau_mem), the same for every neuron so that every library can have it


class Setting(NamedTuple):
    """Length and number of the clips; whether the hidden layers feed back on themselves."""

    n_time: int
    n_batch: int
    recurrent: bool = False


SETTINGS = {
    "t100_b128": Setting(100, 128),
    "t100_b128_recurrent": Setting(100, 128, recurrent=True),
    "t1000_b8": Setting(1000, 8),
}


def network(recurrent: bool) -> Network:
    """Random weights with about 10 % hidden activity for unit-variance input; no lower limit of the potential."""
    g = torch.Generator().manual_seed(0)

    def weight(scale: float, *shape: int) -> Tensor:
        return (scale * torch.randn(*shape, generator=g) / shape[0] ** 0.5).requires_grad_()

    def layer(fan_in: int, n: int, scale: float) -> DenseLayer:
        params = LIFParams(torch.full((n,), ALPHA).requires_grad_(), torch.ones(n).requires_grad_(), boxcar)
        loop = weight(0.5, n, n) if recurrent else None
        return DenseLayer(weight(scale, fan_in, n), torch.zeros(n).requires_grad_(), params, loop)

    layers = (layer(40, 256, 4.7), layer(256, 256, 12.5))
    alpha = torch.full((35,), ALPHA_READOUT).requires_grad_()
    return Network(layers, Readout(weight(1.0, 256, 35), torch.zeros(35).requires_grad_(), alpha))


def data(n_time: int, n_batch: int) -> tuple[Tensor, Tensor]:
    """Unit-variance input `(time, batch, channel)` and random labels."""
    g = torch.Generator().manual_seed(1)
    x = torch.randn(n_time, n_batch, SIZES[0], generator=g)
    return x, torch.randint(0, SIZES[-1], (n_batch,), generator=g)


def voting_loss(potential: Tensor, labels: Tensor) -> Tensor:
    """The loss of `snn.kernels.reference.network_loss`, for potentials `(time, batch, label)` of any library."""
    return cross_entropy(EVIDENCE * potential.softmax(-1).mean(0), labels)


def linear(weight: Tensor, bias: Tensor | None, gain: float = 1.0) -> Linear:
    """A library's own Linear with these weights (from, to), times `gain` where its neuron does not scale its input."""
    layer = Linear(*weight.shape, bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(gain * weight.t())
        if bias is not None:
            layer.bias.copy_(gain * bias)
    return layer


def activity(x: Tensor, recurrent: bool) -> list[float]:
    """Mean spikes per neuron and step of the hidden layers."""
    rates = []
    with torch.no_grad():
        for layer in network(recurrent).layers:
            start = lif_state(x.shape[1], layer.bias)
            x, _ = reference.run_layer(x @ layer.weight + layer.bias, start, layer.params, layer.recurrent)
            rates.append(x.mean().item())
    return rates
