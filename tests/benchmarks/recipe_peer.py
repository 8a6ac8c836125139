"""A recipe's network in another library: its neurons, with PyTorch's own normalisation and dropout around them.

The same encoder, layers, batch normalisation over time and clips, dropout, readout and loss. The neuron is the
library's LIF without adaptation, which none has in this form: less work than the recipe's, so it is compared with the
recipe's network of LIF neurons too.
"""

from importlib import import_module
from itertools import pairwise

import torch
from network import voting_loss
from torch import Tensor, nn

from snn.networks.circuit_settings import middle
from snn.networks.spotter import Spotter


class Peer(nn.Module):
    """`loss(features, labels)` of `(batch, frame, band)`, as of a spotter."""

    def __init__(self, library: str, like: Spotter):
        super().__init__()
        settings, (n_bands, *hidden, n_labels) = like.settings, like.sizes
        self.per_channel = settings.encoder.per_channel
        self.gain, self.bias = (nn.Parameter(p.detach().clone()) for p in (like.encoder.gain, like.encoder.bias))
        sizes = (n_bands * self.per_channel, *hidden)
        self.inputs = nn.ModuleList(nn.Linear(*pair, bias=False) for pair in pairwise(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm1d(n) for n in hidden)
        self.dropout, self.output = nn.Dropout(settings.network.dropout), nn.Linear(hidden[-1], n_labels)
        peer, dt = import_module(f"peer_{library}"), torch.tensor(like.dt)
        alpha = torch.exp(-dt / middle(settings.neuron.tau_mem_s)).item()
        self.neurons = nn.ModuleList(peer.Spiking(alpha) for _ in sizes)
        self.readout = peer.Leaky(torch.exp(-dt / settings.network.tau_readout_s).item())

    def forward(self, features: Tensor) -> Tensor:
        """Potentials `(time, batch, label)`."""
        x = features.transpose(0, 1).repeat_interleave(self.per_channel, -1) * self.gain + self.bias
        x = self.neurons[0](x)
        for into, norm, neurons in zip(self.inputs, self.norms, self.neurons[1:], strict=True):
            drive = norm(into(x).flatten(0, 1)).unflatten(0, x.shape[:2])
            x = self.dropout(neurons(drive))
        return self.readout(self.output(x))

    def loss(self, features: Tensor, labels: Tensor) -> Tensor:
        return voting_loss(self(features), labels)
