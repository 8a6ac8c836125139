"""The network in SpikingJelly: its multi-step modules; on a CPU their one backend is PyTorch.

LIFNode with decaying input, v + (x - v) / tau, and hard reset to 0 is the neuron of the reference with
alpha = 1 - 1 / tau. A recurrent layer is a loop of single steps with a Linear of the last spikes: faster than its
LinearRecurrentContainer, whose Linear carries the input too.
"""

from collections.abc import Callable

import torch
from network import ALPHA, ALPHA_READOUT, Network, linear
from spikingjelly.activation_based import functional, neuron, surrogate
from torch import Tensor, nn


class Model(nn.Module):
    """Potentials `(time, batch, label)` of `(time, batch, channel)`."""

    same_dynamics = True

    def __init__(self, network: Network):
        super().__init__()
        self.inputs = nn.ModuleList(linear(layer.weight, layer.bias) for layer in network.layers)
        loops = [layer.recurrent for layer in network.layers if layer.recurrent is not None]
        self.loops = nn.ModuleList(linear(loop, None) for loop in loops)
        self.neurons = nn.ModuleList(_neurons(ALPHA, "s" if loops else "m") for _ in network.layers)
        self.output = linear(network.readout.weight, network.readout.bias)
        self.readout = neuron.NonSpikingLIFNode(1 / (1 - ALPHA_READOUT))

    def forward(self, x: Tensor) -> Tensor:
        functional.reset_net(self.neurons)
        for k, (into, neurons) in enumerate(zip(self.inputs, self.neurons, strict=True)):
            x = _feed_back(into(x), neurons, self.loops[k]) if self.loops else neurons(into(x))
        return torch.stack(self.readout(self.output(x)))


class Spiking(nn.Module):
    """Spikes `(time, batch, neuron)` of LIF neurons from rest."""

    def __init__(self, alpha: float):
        super().__init__()
        self.neurons = _neurons(alpha, "m")

    def forward(self, drive: Tensor) -> Tensor:
        self.neurons.reset()
        return self.neurons(drive)


class Leaky(nn.Module):
    """Potentials `(time, batch, label)` of leaky integrators from rest."""

    def __init__(self, alpha: float):
        super().__init__()
        self.neurons = neuron.NonSpikingLIFNode(1 / (1 - alpha))

    def forward(self, drive: Tensor) -> Tensor:
        return torch.stack(self.neurons(drive))


def _neurons(alpha: float, step_mode: str, v_threshold: float = 1.0) -> neuron.LIFNode:
    tau, reset = 1 / (1 - alpha), 0.0
    return neuron.LIFNode(tau, True, v_threshold, reset, surrogate.Rect(), detach_reset=True, step_mode=step_mode)


def _feed_back(drive: Tensor, neurons: neuron.LIFNode, loop: nn.Linear) -> Tensor:
    spikes = [neurons(drive[0])]
    for step in drive[1:]:
        spikes.append(neurons(step + loop(spikes[-1])))
    return torch.stack(spikes)


def single_step(network: Network) -> Callable[[Tensor], Tensor]:
    """One time step of the feed-forward network for `(batch, channel)`, from rest; the states are kept.

    The library's non-spiking neuron knows whole sequences only: the readout is a LIFNode that never reaches threshold.
    """
    modules = []
    for layer in network.layers:
        modules += [linear(layer.weight, layer.bias), _neurons(ALPHA, "s")]
    readout = _neurons(ALPHA_READOUT, "s", v_threshold=1e9)
    model = nn.Sequential(*modules, linear(network.readout.weight, network.readout.bias), readout)

    def step(x: Tensor) -> Tensor:
        model(x)
        return readout.v

    return step
