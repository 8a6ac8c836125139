"""The network in Norse: its modules over whole sequences, LIF and LIFRecurrent.

Norse's neuron has a synaptic current beside the potential. With a synaptic time constant of one step the current
forgets everything, and what is left is the neuron of the reference: the cost of two states, the numbers of one.
LIFRecurrent has no bias.
"""

from collections.abc import Callable

import torch
from network import ALPHA, ALPHA_READOUT, Network, linear
from norse.torch import LI, LIF, LICell, LIFCell, LIFParameters, LIFRecurrent, LIParameters, SequentialState
from torch import Tensor, nn

from snn.kernels.reference import DenseLayer

PER_STEP = torch.tensor(1.0)
HIDDEN = LIFParameters(tau_syn_inv=PER_STEP, tau_mem_inv=torch.tensor(1 - ALPHA))
READOUT = LIParameters(tau_syn_inv=PER_STEP, tau_mem_inv=torch.tensor(1 - ALPHA_READOUT))


class Model(nn.Module):
    """Potentials `(time, batch, label)` of `(time, batch, channel)`."""

    same_dynamics = True

    def __init__(self, network: Network):
        super().__init__()
        hidden = [module for layer in network.layers for module in _hidden(layer)]
        output = linear(network.readout.weight, network.readout.bias)
        self.modules_in_turn = SequentialState(*hidden, output, LI(READOUT, dt=1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.modules_in_turn(x)[0]


class Spiking(nn.Module):
    """Spikes `(time, batch, neuron)` of LIF neurons from rest."""

    def __init__(self, alpha: float):
        super().__init__()
        self.neurons = LIF(LIFParameters(tau_syn_inv=PER_STEP, tau_mem_inv=torch.tensor(1 - alpha)), dt=1.0)

    def forward(self, drive: Tensor) -> Tensor:
        return self.neurons(drive)[0]


class Leaky(Spiking):
    """Potentials `(time, batch, label)` of leaky integrators from rest."""

    def __init__(self, alpha: float):
        super().__init__(alpha)
        self.neurons = LI(LIParameters(tau_syn_inv=PER_STEP, tau_mem_inv=torch.tensor(1 - alpha)), dt=1.0)


def _hidden(layer: DenseLayer) -> tuple[nn.Module, ...]:
    if layer.recurrent is None:
        return linear(layer.weight, layer.bias), LIF(HIDDEN, dt=1.0)
    weights = {"input_weights": layer.weight, "recurrent_weights": layer.recurrent}
    owned = {name: nn.Parameter(w.detach().t().contiguous()) for name, w in weights.items()}
    return (LIFRecurrent(*layer.weight.shape, HIDDEN, autapses=True, dt=1.0, **owned),)


def single_step(network: Network) -> Callable[[Tensor], Tensor]:
    """One time step of the feed-forward network for `(batch, channel)`, from rest; the states are kept."""
    modules = []
    for layer in network.layers:
        modules += [linear(layer.weight, layer.bias), LIFCell(HIDDEN, dt=1.0)]
    output = linear(network.readout.weight, network.readout.bias)
    model, state = SequentialState(*modules, output, LICell(READOUT, dt=1.0)), None

    def step(x: Tensor) -> Tensor:
        nonlocal state
        potential, state = model(x, state)
        return potential

    return step
