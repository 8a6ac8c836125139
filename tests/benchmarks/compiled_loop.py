"""The plain PyTorch loop with one time step under torch.compile: needs a C++ compiler, unlike the rest."""

import torch
from network import Network, voting_loss
from torch import Tensor

from snn.neurons.lif import LIFParams, leaky_step, lif_state, lif_step
from snn.neurons.scan import scan

# One graph per shape: a graph for all shapes is slower.
compiled_lif, compiled_leaky = (torch.compile(step, dynamic=False) for step in (lif_step, leaky_step))


def network_loss(x: Tensor, labels: Tensor, network: Network) -> Tensor:
    """`snn.kernels.reference.network_loss`, with the same steps compiled."""
    for layer in network.layers:
        drive = x @ layer.weight + layer.bias
        x, _ = scan(compiled_lif, drive, lif_state(x.shape[1], layer.bias), layer.params, layer.recurrent)
    weight, bias, alpha = network.readout
    params = LIFParams(alpha, torch.ones_like(alpha))
    potential, _ = scan(compiled_leaky, x @ weight + bias, lif_state(x.shape[1], bias), params)
    return voting_loss(potential, labels)
