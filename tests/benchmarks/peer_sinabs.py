"""The network in sinabs: its layers over whole sequences `(batch, time, neuron)`, LIF and LIFRecurrent.

With normalised input, one spike a step and the membrane reset to 0 its neuron is that of the reference;
tau_mem = -1 / ln(alpha) steps is trained, as the library does by default.
"""

import math

from network import ALPHA, ALPHA_READOUT, Network, linear
from sinabs.activation import MembraneReset, SingleSpike
from sinabs.layers import LIF, ExpLeak, LIFRecurrent
from torch import Tensor, nn


class Model(nn.Module):
    """Potentials `(time, batch, label)` of `(time, batch, channel)`."""

    same_dynamics = True

    def __init__(self, network: Network):
        super().__init__()
        self.inputs = nn.ModuleList(linear(layer.weight, layer.bias) for layer in network.layers)
        self.neurons = nn.ModuleList(_neurons(layer.recurrent) for layer in network.layers)
        self.output = linear(network.readout.weight, network.readout.bias)
        self.readout = ExpLeak(-1 / math.log(ALPHA_READOUT), norm_input=True)

    def forward(self, x: Tensor) -> Tensor:
        for neurons in (*self.neurons, self.readout):
            neurons.reset_states()
        x = x.transpose(0, 1)
        for into, neurons in zip(self.inputs, self.neurons, strict=True):
            x = neurons(into(x))
        return self.readout(self.output(x)).transpose(0, 1)


class Spiking(nn.Module):
    """Spikes `(time, batch, neuron)` of LIF neurons from rest."""

    def __init__(self, alpha: float):
        super().__init__()
        self.neurons = _neurons(None, alpha)

    def forward(self, drive: Tensor) -> Tensor:
        self.neurons.reset_states()
        return self.neurons(drive.transpose(0, 1)).transpose(0, 1)


class Leaky(Spiking):
    """Potentials `(time, batch, label)` of leaky integrators from rest."""

    def __init__(self, alpha: float):
        super().__init__(alpha)
        self.neurons = ExpLeak(-1 / math.log(alpha), norm_input=True)


def _neurons(recurrent: Tensor | None, alpha: float = ALPHA) -> LIF:
    neuron = {"tau_mem": -1 / math.log(alpha), "spike_fn": SingleSpike, "reset_fn": MembraneReset()}
    return LIF(**neuron) if recurrent is None else LIFRecurrent(rec_connect=linear(recurrent, None), **neuron)
