"""The network in snnTorch: its loop over single steps of Leaky.

Leaky with reset to zero clears the potential before the step after a spike, which is the reset of the reference; its
input is not scaled by 1 - beta, so the weights are. A recurrent layer adds a Linear of its last spikes: faster than
RLeaky, which computes its feedback twice when it resets to zero.
"""

from collections.abc import Callable

import snntorch
import torch
from network import ALPHA, ALPHA_READOUT, Network, linear
from torch import Tensor, nn


class Model(nn.Module):
    """Potentials `(time, batch, label)` of `(time, batch, channel)`."""

    same_dynamics = True

    def __init__(self, network: Network):
        super().__init__()
        gain = 1 - ALPHA
        self.inputs = nn.ModuleList(linear(layer.weight, layer.bias, gain) for layer in network.layers)
        loops = (layer.recurrent for layer in network.layers)
        self.loops = nn.ModuleList(nn.Identity() if loop is None else linear(loop, None, gain) for loop in loops)
        self.neurons = nn.ModuleList(snntorch.Leaky(ALPHA, reset_mechanism="zero") for _ in network.layers)
        self.output = linear(network.readout.weight, network.readout.bias, 1 - ALPHA_READOUT)
        self.readout = snntorch.Leaky(ALPHA_READOUT, reset_mechanism="none")
        self.recurrent = network.layers[0].recurrent is not None

    def forward(self, x: Tensor) -> Tensor:
        self.rest()
        return torch.stack([self.step(step) for step in x])

    def rest(self) -> None:
        """Forget the last sequence."""
        self.spikes: list[Tensor | None] = [None] * len(self.neurons)
        for neurons in (*self.neurons, self.readout):
            neurons.reset_mem()

    def step(self, x: Tensor) -> Tensor:
        """One time step of `(batch, channel)`; the states are kept in the modules."""
        for k, (into, loop, neurons) in enumerate(zip(self.inputs, self.loops, self.neurons, strict=True)):
            drive = into(x)
            if self.recurrent and self.spikes[k] is not None:
                drive = drive + loop(self.spikes[k])
            x, _ = neurons(drive)
            self.spikes[k] = x
        return self.readout(self.output(x))[1]


class Spiking(nn.Module):
    """Spikes `(time, batch, neuron)` of LIF neurons from rest."""

    def __init__(self, alpha: float):
        super().__init__()
        self.gain, self.neurons = 1 - alpha, snntorch.Leaky(alpha, reset_mechanism="zero")

    def forward(self, drive: Tensor) -> Tensor:
        self.neurons.reset_mem()
        return torch.stack([self.neurons(x)[0] for x in self.gain * drive])


class Leaky(nn.Module):
    """Potentials `(time, batch, label)` of leaky integrators from rest."""

    def __init__(self, alpha: float):
        super().__init__()
        self.gain, self.neurons = 1 - alpha, snntorch.Leaky(alpha, reset_mechanism="none")

    def forward(self, drive: Tensor) -> Tensor:
        self.neurons.reset_mem()
        return torch.stack([self.neurons(x)[1] for x in self.gain * drive])


def single_step(network: Network) -> Callable[[Tensor], Tensor]:
    """One time step of the feed-forward network for `(batch, channel)`, from rest; the states are kept."""
    model = Model(network)
    model.rest()
    return model.step
