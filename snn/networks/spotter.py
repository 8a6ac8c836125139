"""The keyword spotter: encoder, spiking layers, leaky-integrator readout."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuits.errors import InputError
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.storage import reading
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.encoders.encoder import Encoder, LIFEncoder, build_encoder
from snn.kernels import Backend, network_loss, run_network, run_readout, watch_network
from snn.kernels.dropout import NO_DROPOUT, Dropout, drop
from snn.kernels.reference import DenseLayer, GainLayer, Network, Readout
from snn.kernels.threads import kernels_alone
from snn.memory import COPIES, check_memory
from snn.networks.answers import Answers, Observed, mean_activity
from snn.networks.layer import SpikingLayer
from snn.networks.layer_spec import bias_devices, encoder_spec, layer_spec, readout_spec
from snn.networks.spotter_settings import SpotterSettings
from snn.networks.spotter_twin import TWIN_CLIPS, run_twin
from snn.neurons.lif import LIFParams, decay, lif_state
from snn.reporter import Reporter
from snn.tensors import load_tensors, require_shapes, save_tensors

EVIDENCE = 100.0  # weight of all votes together: one second of 10 ms steps. Source of the sum: Bittar and Garner 2022
EVALUATION_BATCH = 128  # clips; fixed, so that the same weights give the same sums everywhere


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


Watch = Callable[[Tensor], Iterator[tuple[SpotterOutput, Observed]]]  # a batch, as the kernels take it


class Spotter(torch.nn.Module):
    """Features `(batch, frame, band)` to label scores, through spikes only.

    `front_end` made the features that it hears, `labels` are what it answers. The same `seed` gives the same weights,
    and the same spikes of a rate encoder whenever examples are run. `backend` runs the time loop; the numbers are the
    same.
    """

    engines = ("torch", "brian2")  # what runs it: the kernels, or an independent simulator in double precision, slow

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
        n_bands, n_labels = front_end.n_mels, len(labels)
        self.encoder: Encoder = build_encoder(
            settings.encoder, n_bands, neuron.circuit(), self.dt, generator, self.backend
        )
        sizes = (self.encoder.n_out, *network.hidden)
        self.layers = torch.nn.ModuleList(
            SpikingLayer(fan_in, n, neuron, self.dt, network, generator, self.backend) for fan_in, n in pairwise(sizes)
        )
        bound = 1 / math.sqrt(sizes[-1])
        self.readout_weight = torch.nn.Parameter((2 * torch.rand(sizes[-1], n_labels, generator=generator) - 1) * bound)
        self.readout_bias = torch.nn.Parameter(torch.zeros(n_labels))
        self.log_tau_readout = torch.nn.Parameter(torch.full((n_labels,), math.log(network.tau_readout_s)))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Bands, neurons of each layer, labels."""
        return (self.front_end.n_mels, *self.settings.network.hidden, len(self.labels))

    def _require_memory(self) -> None:
        n_recurrent = self.settings.network.recurrent * sum(n * n for n in self.sizes[1:-1])
        n_weights = sum(a * b for a, b in pairwise(self.sizes)) + n_recurrent
        check_memory(COPIES * n_weights, f"training {n_weights:,} weights", "lower network.hidden")

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

    def loss(
        self,
        features: Float[Tensor, "batch frame band"],
        labels: Int[Tensor, " batch"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, ""]:
        """Mean cross entropy of the scores, by the fused kernels where they can run it.

        In training `generator` draws dropout, and each batch is normalised by itself.
        """
        x, network = self.inputs(features, generator), self._with(tuple(layer.trained() for layer in self.layers))
        loss = network_loss(x, labels, network, EVIDENCE, self.backend, self._dropout(generator))
        normalised = (mine for mine, layer in zip(self.layers, network.layers, strict=True) if layer.norm is not None)
        for layer, moments in zip(normalised, loss.moments, strict=True):
            layer.track(moments, len(x) * len(labels))
        return loss.value

    def _dropout(self, generator: torch.Generator | None) -> Dropout:
        """The draw of one batch, none outside training."""
        if not (self.training and self.settings.network.dropout):
            return NO_DROPOUT
        return Dropout(self.settings.network.dropout, int(torch.randint(1 << 62, (), generator=generator)))

    def kernels(self) -> Network:
        """What runs from features, or from the spikes of an encoder without neurons; normalisation folded in."""
        return self._with(tuple(layer.dense() for layer in self.layers))

    def _with(self, layers: tuple[DenseLayer, ...]) -> Network:
        e = self.encoder
        gains = GainLayer(e.gain, e.bias, e.params(), e.per_channel) if isinstance(e, LIFEncoder) else None
        return Network(layers, self._readout(), gains)

    def _readout(self) -> Readout:
        return Readout(self.readout_weight, self.readout_bias, decay(self.tau_readout, self.dt))

    def network(self) -> NetworkSpec:
        """The network as plain data, in the time of the speech."""
        with torch.no_grad():
            layers = [encoder_spec(self.encoder)] if isinstance(self.encoder, LIFEncoder) else []
            layers += [layer_spec(f"hidden{i}", layer) for i, layer in enumerate(self.layers, 1)]
            tau = self.tau_readout
            layers.append(readout_spec(self.readout_weight, self.readout_bias, tau, decay(tau, self.dt)))
        return NetworkSpec(
            name=self.settings.name,
            dt=self.dt,
            layers=tuple(layers),
            labels=self.labels,
            input_name=self.front_end.description + self.settings.encoder.description,
            v_floor=self.settings.neuron.circuit().v_floor,
        )

    def chip(self) -> ChipNetwork:
        """The network on the circuit that it was trained for, with the bias devices that it learned."""
        silicon = {f"hidden{i}": layer.silicon for i, layer in enumerate(self.layers, 1) if layer.silicon is not None}
        devices = {name: bias_devices(bias) for name, bias in silicon.items()}
        return ChipNetwork(self.network(), self.settings.neuron.circuit(), devices, chip=self.settings.neuron.chip)

    def inputs(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None
    ) -> Float[Tensor, "time batch channel"]:
        """What the kernels run from: features, or the spikes of an encoder without neurons."""
        signal = features.transpose(0, 1)
        return signal if isinstance(self.encoder, LIFEncoder) else self.encoder(signal, generator)

    def infer(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None = None
    ) -> SpotterOutput:
        """Run the clips from rest as a stream would, bit for bit on the CPU; no gradients, no dropout."""
        return self._infer(self.inputs(features, generator))

    def _infer(self, x: Tensor) -> SpotterOutput:
        readout, spikes = run_network(x, self.kernels(), self.backend)
        return SpotterOutput(readout, spikes if isinstance(self.encoder, LIFEncoder) else (x, *spikes))

    def forward(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None = None
    ) -> SpotterOutput:
        """Run the clips from rest. In training `generator` draws dropout; a rate encoder needs it always."""
        if not (self.training or torch.is_grad_enabled()):
            return self.infer(features, generator)
        spikes = [self.encoder(features.transpose(0, 1), generator)]
        x, dropout = spikes[0], self._dropout(generator)
        for index, layer in enumerate(self.layers):
            z, _ = layer(x)
            spikes.append(z)
            x = drop(z, dropout, index)
        return SpotterOutput(self.read(x), tuple(spikes))

    def threads(self) -> AbstractContextManager[None]:
        """Within it the threads are the kernels', where those of the CPU run the network."""
        compiled = self.device.type == "cpu" and self.backend in ("auto", "cpu")
        return kernels_alone() if compiled else nullcontext()

    def score(self, examples: Examples) -> Float[Tensor, "clip label"]:
        """ln of the scores of every clip as it is, in evaluation mode; on the CPU."""
        with torch.inference_mode(), self.threads():
            network = self.eval().kernels()
            potentials = (run_network(x, network, self.backend)[0] for x in self._batches(examples))
            return torch.cat([SpotterOutput(potential, ()).log_scores.cpu() for potential in potentials])

    def run(self, examples: Examples, engine: str = "torch", reporter: Reporter = Reporter()) -> Answers:
        """Scores of every clip as it is, and the mean activity of one inference, per neuron, by one of `engines`."""
        scores: list[Tensor] = []

        def observe() -> Iterator[Observed]:
            watch = self._by_twin() if engine == "brian2" else self._by_kernels()
            for output, observed in chain.from_iterable(map(watch, self._batches(examples))):
                scores.append(output.log_scores.cpu())
                yield observed
                reporter.on_stage("running clips", sum(map(len, scores)), len(examples))

        with torch.inference_mode(), self.threads():
            activity = mean_activity(len(examples), observe(), self.dt, self._window)
        return Answers(torch.cat(scores).numpy(), activity)

    def _by_kernels(self) -> Watch:
        network = self.eval().kernels()
        names = [f"hidden{i}" for i in range(1, len(self.layers) + 1)]
        names = names if network.encoder is None else ["encoder", *names]

        def watch(x: Tensor) -> Iterator[tuple[SpotterOutput, Observed]]:
            watched = watch_network(x, network, self._window, self.backend)
            sums = (
                {"input": x.sum((0, 1), dtype=torch.float64)} if watched.charge is None else {"charge": watched.charge}
            )
            for name, spikes, near in zip(names, watched.spikes, watched.near, strict=True):
                sums |= {f"spikes.{name}": spikes, f"near.{name}": near}
            yield SpotterOutput(watched.potential, ()), Observed(len(x), sums)

        return watch

    def _by_twin(self) -> Watch:
        chip = self.chip()

        def watch(x: Tensor) -> Iterator[tuple[SpotterOutput, Observed]]:
            for inputs in x.double().cpu().split(TWIN_CLIPS, 1):
                readout, observed = run_twin(chip, inputs, self._window)
                yield SpotterOutput(readout, ()), observed

        return watch

    @property
    def _window(self) -> float:
        """Where the crowbar current flows, below threshold and in units of the swing."""
        return self.settings.neuron.circuit().crowbar_window

    def save(self, path: str | Path) -> None:
        """Write the weights, whole or not at all."""
        save_tensors(path, self.state_dict(), {})

    def load(self, path: str | Path) -> "Spotter":
        """Take the weights of a file; returns itself. Raises: FileNotFoundError, or InputError for a damaged file."""
        wrong, own = f"{path} does not fit config.toml", self.state_dict()
        tensors, _ = load_tensors(path, lambda found: require_shapes(found, own, wrong, "train again"))
        with reading(path):
            self.load_state_dict(tensors)
            self.network()  # raises where the weights make none
        return self.eval()

    def _batches(self, examples: Examples) -> Iterator[Tensor]:
        """What the kernels run from, batch by batch, in evaluation mode."""
        self.eval()
        generator = torch.Generator().manual_seed(self.seed)  # a rate encoder draws from it
        for part in examples.in_turn(EVALUATION_BATCH):
            yield self.inputs(part.to(self.device), generator)
