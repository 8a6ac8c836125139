"""The keyword spotter: encoder, spiking layers, leaky-integrator readout."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError
from circuits.network.chip_network import BiasDevices
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.encoders.encoder import Encoder, LIFEncoder, build_encoder, encode
from snn.kernels import Backend, run_network
from snn.kernels.dropout import draw, drop
from snn.kernels.reference import DenseLayer, Network, Readout
from snn.memory import COPIES, check_memory
from snn.networks.answers import log_scores
from snn.networks.layer import SpikingLayer
from snn.networks.layer_spec import bias_devices
from snn.networks.leaky_readout import LeakyReadout
from snn.networks.silicon_of_batch import on_silicon
from snn.networks.spike_energy import SpikeEnergy
from snn.networks.spiking_model import SpikingModel, Trained
from snn.networks.spotter_settings import SpotterSettings
from snn.networks.synapses import Synapses
from snn.neurons.axes import require_axes


class SpotterOutput(NamedTuple):
    """Readout potentials and the spikes of every population, encoder first, each `(batch, time, neuron)`."""

    readout: Float[Tensor, "batch time label"]
    spikes: tuple[Float[Tensor, "batch time neuron"], ...]

    @property
    def log_scores(self) -> Float[Tensor, "batch label"]:
        """ln of `scores`."""
        return log_scores(self.readout)

    @property
    def scores(self) -> Float[Tensor, "batch label"]:
        """Probability of each label."""
        return self.log_scores.exp()


class Spotter(SpikingModel):
    """Features `(batch, frame, band)` to label scores, through spikes only.

    `front_end` made the features that it hears, `labels` are what it answers. The same `seed` gives the same weights,
    and the same spikes of a rate encoder whenever examples are run. `backend` runs the time loop; the numbers are the
    same.
    """

    made_of = "config.toml"

    def __init__(
        self,
        settings: SpotterSettings,
        front_end: LogMel | SignalFrames,
        labels: Sequence[str],
        *,
        seed: int = 0,
        backend: Backend = "auto",
    ):
        super().__init__()
        if len(labels) < 2:
            raise InputError(f"a spotter needs at least 2 labels, got {len(labels)}")
        self.settings, self.front_end, self.labels = settings, front_end, tuple(labels)
        self.seed, self.backend, self.dt = seed, backend, settings.step(front_end.hop_s)
        self._require_memory()
        generator, neuron, network = torch.Generator().manual_seed(seed), settings.neuron, settings.network
        self.name, self.circuit, self.chip_name = settings.name, neuron.circuit(), neuron.chip
        self.input_name = front_end.description + settings.encoder.description
        n_bands, n_labels = front_end.n_mels, len(labels)
        self.encoder: Encoder = build_encoder(settings.encoder, n_bands, self.circuit, self.dt, generator, backend)
        self.n_lines = self.encoder.n_out
        sizes = (self.n_lines, *network.hidden)
        self.layers = torch.nn.ModuleList(
            SpikingLayer(fan_in, n, neuron, self.dt, network, generator, backend, settings.chip)
            for fan_in, n in pairwise(sizes)
        )
        bound = 1 / math.sqrt(sizes[-1])
        self.readout_weight = torch.nn.Parameter((2 * torch.rand(sizes[-1], n_labels, generator=generator) - 1) * bound)
        self.readout_bias = torch.nn.Parameter(torch.zeros(n_labels))
        self.readout_synapses = Synapses(settings.chip, tuple(self.readout_weight.shape), out=1)
        self.energy = SpikeEnergy(settings.chip)
        self.readout = LeakyReadout(n_labels, tau_mem=network.tau_readout_s, dt=self.dt, backend=backend)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Bands, neurons of each layer, labels."""
        return (self.front_end.n_mels, *self.settings.network.hidden, len(self.labels))

    def _require_memory(self) -> None:
        n_recurrent = self.settings.network.recurrent * sum(n * n for n in self.sizes[1:-1])
        n_weights = sum(a * b for a, b in pairwise(self.sizes)) + n_recurrent
        check_memory(COPIES * n_weights, f"training {n_weights:,} weights", "lower network.hidden")

    def settled(self, n_epochs: int) -> int:
        """Epochs before what the chip asks for is complete."""
        return self.settings.chip.settled(n_epochs)

    def begin_epoch(self, epoch: int, n_epochs: int, train: Examples) -> None:
        """After the warm-up: the inputs of each neuron stand, a spike has its price at the weights of now."""
        if epoch < self.settled(n_epochs):
            return
        for layer in self.layers:
            layer.settle(freeze=self.settings.chip.varies)
        self.readout_synapses.fix(self.readout_weight)
        self.energy.refresh(self, train)

    def score_on_chips(self, examples: Examples) -> tuple[Float[Tensor, "clip label"], ...]:
        """On a few chips, where they differ."""
        chip = self.settings.chip
        if not chip.varies:
            return super().score_on_chips(examples)
        return tuple(
            self._score(examples, partial(on_silicon, chip=chip, circuit=self.circuit, generator=drawn))
            for drawn in chip.generators(self.seed)
        )

    def trained(self, generator: torch.Generator | None = None) -> Trained:
        """What is trained: each batch normalised by itself on silicon of its own, and dropout of every layer alike."""
        layers = tuple(layer.trained() for layer in self.layers)
        found = (layer.norm for layer, dense in zip(self.layers, layers, strict=True) if dense.norm is not None)
        network, costs = self._with(layers), ()
        if self.training:
            network = on_silicon(network, self.settings.chip, self.circuit, generator)
            costs = self.energy.costs(network)
        return Trained(network, tuple(norm.track for norm in found), self._probabilities, costs)

    @property
    def _probabilities(self) -> tuple[float, ...]:
        """Of dropout behind each layer."""
        return (self.settings.network.dropout if self.training else 0.0,) * len(self.layers)

    def kernels(self) -> Network:
        """What runs from features, or from the spikes of an encoder without neurons; normalisation folded in."""
        return self._with(tuple(layer.dense() for layer in self.layers))

    def _with(self, layers: tuple[DenseLayer, ...]) -> Network:
        weight = self.readout_synapses(self.readout_weight)
        readout = Readout(weight, self.readout_bias, self.readout.params().alpha)
        return Network(layers, readout, self.encoder.gains() if isinstance(self.encoder, LIFEncoder) else None)

    def bias_devices(self) -> dict[str, BiasDevices]:
        """Those that deliver the bias of layers with one of silicon."""
        silicon = {f"hidden{i}": layer.silicon for i, layer in enumerate(self.layers, 1) if layer.silicon is not None}
        return {name: bias_devices(bias) for name, bias in silicon.items()}

    def infer(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None = None
    ) -> SpotterOutput:
        """Run the clips from rest as a stream would, bit for bit on the CPU; no gradients, no dropout."""
        x = self.inputs(features, generator)
        readout, spikes = run_network(x, self.kernels(), self.backend)
        every = spikes if isinstance(self.encoder, LIFEncoder) else (x, *spikes)
        return SpotterOutput(readout.transpose(0, 1), tuple(part.transpose(0, 1) for part in every))

    def forward(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None = None
    ) -> SpotterOutput:
        """Run the clips from rest. In training `generator` draws dropout; a rate encoder needs it always."""
        if not (self.training or torch.is_grad_enabled()):
            return self.infer(features, generator)
        require_axes(features.shape, self.front_end.n_mels, self.name, "batch, frame, band")
        spikes = [encode(self.encoder, features, generator)]
        x, dropout = spikes[0], draw(self._probabilities, generator)
        for index, layer in enumerate(self.layers):
            spikes.append(layer(x))
            x = drop(spikes[-1].transpose(0, 1), dropout, index).transpose(0, 1)
        drive = x @ self.readout_synapses(self.readout_weight) + self.readout_bias
        return SpotterOutput(self.readout(drive), tuple(spikes))
