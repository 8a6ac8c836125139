"""The keyword spotter: encoder, spiking layers, leaky-integrator readout."""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuits.errors import InputError
from snn.encoders.encoder import Encoder, LIFEncoder, build_encoder
from snn.kernels import network_loss, run_network, run_readout
from snn.kernels.reference import GainLayer, Network, Readout
from snn.memory import COPIES, check_memory
from snn.networks.layer import SpikingLayer
from snn.neurons.lif import LIFParams, decay, lif_state
from snn.recipes.recipe import Recipe
from snn.torch_device import generator_on
from snn.training.losses import score_loss

EVIDENCE = 100.0  # weight of all votes together: one second of 10 ms steps. Source of the sum: Bittar and Garner 2022


class SpotterOutput(NamedTuple):
    """Readout potentials and the spikes of every population, encoder first, each `(time, batch, neuron)`."""

    readout: Float[Tensor, "time batch label"]
    spikes: tuple[Float[Tensor, "time batch neuron"], ...]

    @property
    def log_scores(self) -> Float[Tensor, "batch label"]:
        """ln of `scores`, finite however sure the network is: log softmax of EVIDENCE mean_t softmax(v)."""
        return (EVIDENCE * self.readout.softmax(-1).mean(0)).log_softmax(-1)

    @property
    def scores(self) -> Float[Tensor, "batch label"]:
        """Probability of each label: every step of the readout votes by its softmax, the votes are the evidence."""
        return self.log_scores.exp()


class Spotter(torch.nn.Module):
    """Features `(batch, frame, band)` to label scores, through spikes only."""

    def __init__(self, recipe: Recipe, n_labels: int, generator: torch.Generator):
        super().__init__()
        if n_labels < 2:
            raise InputError(f"a spotter needs at least 2 labels, got {n_labels}")
        self.recipe, self.dt, self.backend = recipe, recipe.dt, recipe.training.backend
        _check_size(recipe, n_labels)
        self.encoder: Encoder = build_encoder(recipe, generator)
        sizes = (self.encoder.n_out, *recipe.network.hidden)
        self.layers = torch.nn.ModuleList(
            SpikingLayer(fan_in, n, recipe.neuron, self.dt, recipe.network, generator, self.backend)
            for fan_in, n in pairwise(sizes)
        )
        bound = 1 / math.sqrt(sizes[-1])
        self.readout_weight = torch.nn.Parameter((2 * torch.rand(sizes[-1], n_labels, generator=generator) - 1) * bound)
        self.readout_bias = torch.nn.Parameter(torch.zeros(n_labels))
        self.log_tau_readout = torch.nn.Parameter(torch.full((n_labels,), math.log(recipe.network.tau_readout_s)))

    @property
    def n_parameters(self) -> int:
        return sum(p.numel() for p in self.parameters())

    @property
    def device(self) -> torch.device:
        """Where the network runs: `to` moves it, `fit` and `evaluate` bring the clips there."""
        return self.readout_bias.device

    @property
    def tau_readout(self) -> Float[Tensor, " label"]:
        """Time constants of the readout's integrators (s)."""
        return self.log_tau_readout.exp()

    def read(self, spikes: Float[Tensor, "time batch neuron"]) -> Float[Tensor, "time batch label"]:
        """Potentials of the leaky integrators behind the last layer."""
        drive = spikes @ self.readout_weight + self.readout_bias
        params = LIFParams(decay(self.tau_readout, self.dt), torch.ones_like(self.readout_bias))
        return run_readout(drive, lif_state(drive.shape[1], self.readout_bias), params, self.backend)[0]

    @property
    def fusable(self) -> bool:
        """Whether the loss can be had in one fused piece: no batch normalisation, no dropout, LIF-type layers."""
        plain = self.recipe.network.norm == "none" and self.recipe.network.dropout == 0
        return plain and self.backend == "auto"

    def loss(
        self,
        features: Float[Tensor, "batch frame band"],
        labels: Int[Tensor, " batch"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, ""]:
        """Mean cross entropy of the scores, by the fused kernels where they can run the network."""
        if self.fusable and features.device.type == "cpu":
            x = self.encoder(features.transpose(0, 1), generator)
            return network_loss(x, labels, tuple(layer.dense() for layer in self.layers), self._readout(), EVIDENCE)
        return score_loss(self(features, generator).log_scores, labels)

    def network(self) -> Network:
        """What runs from features, or from the spikes of an encoder without neurons; normalisation folded in."""
        e = self.encoder
        gains = GainLayer(e.gain, e.bias, e.params(), e.per_channel) if isinstance(e, LIFEncoder) else None
        return Network(tuple(layer.dense() for layer in self.layers), self._readout(), gains)

    def _readout(self) -> Readout:
        return Readout(self.readout_weight, self.readout_bias, decay(self.tau_readout, self.dt))

    def infer(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None = None
    ) -> SpotterOutput:
        """Run the clips from rest as a stream would, bit for bit on the CPU; no gradients, no dropout."""
        signal = features.transpose(0, 1)
        network = self.network()
        if network.encoder is not None:
            return SpotterOutput(*run_network(signal, network, self.backend))
        x = self.encoder(signal, generator)
        readout, spikes = run_network(x, network, self.backend)
        return SpotterOutput(readout, (x, *spikes))

    def forward(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None = None
    ) -> SpotterOutput:
        """Run the clips from rest. In training `generator` draws dropout; a rate encoder needs it always."""
        if not (self.training or torch.is_grad_enabled()):
            return self.infer(features, generator)
        spikes = [self.encoder(features.transpose(0, 1), generator)]
        x = spikes[0]
        for layer in self.layers:
            z, _ = layer(x)
            spikes.append(z)
            x = drop(z, self.recipe.network.dropout, generator) if self.training else z
        return SpotterOutput(self.read(x), tuple(spikes))


def _check_size(recipe: Recipe, n_labels: int) -> None:
    """Raises: ValueError if training the network would not fit into memory."""
    sizes = (recipe.features.n_mels, *recipe.network.hidden, n_labels)
    n_weights = sum(a * b for a, b in pairwise(sizes)) + recipe.network.recurrent * sum(n * n for n in sizes[1:-1])
    check_memory(COPIES * n_weights, f"training {n_weights:,} weights", "lower network.hidden")
    n_rows = recipe.training.batch_size * round(recipe.features.duration_s / recipe.dt)
    arrays = 4 * n_rows * sum(sizes)  # drive, potential, spikes and a gradient of every neuron
    check_memory(arrays, f"a batch of {n_rows:,} time steps", "lower training.batch_size or network.hidden")


def drop(x: Float[Tensor, "..."], probability: float, generator: torch.Generator | None) -> Float[Tensor, "..."]:
    """Dropout with explicit randomness: zero with `probability`, the rest scaled by 1 / (1 - probability)."""
    if probability == 0:
        return x
    kept = torch.rand(x.shape, generator=generator_on(x.device, generator), device=x.device) >= probability
    return x * kept / (1 - probability)
