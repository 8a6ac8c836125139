"""What every network in steps can do once it is plain numbers for the kernels: answer, be counted, leave, be stored."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuits.errors import InputError
from circuits.network.chip_network import BiasDevices, ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Seconds
from snn.audio.examples import Examples
from snn.encoders.encoder import ENCODERS, LIFEncoder, encode
from snn.kernels import Backend, network_loss, run_network, watch_network
from snn.kernels.dropout import draw
from snn.kernels.reference import Moments, Network, SpikeCosts
from snn.kernels.threads import kernels_alone
from snn.networks.answers import EVIDENCE, Answers, Observed, log_scores, mean_activity
from snn.networks.layer_spec import network_spec, populations
from snn.networks.spotter_twin import TWIN_CLIPS, run_twin
from snn.networks.trained_network import EVALUATION_BATCH, TrainedNetwork, evaluating
from snn.neurons.axes import require_axes, require_batch
from snn.reporter import Reporter

Watch = Callable[[Tensor], Iterator[tuple[Tensor, Observed]]]  # a batch as the kernels take it; potentials, counts


class Trained(NamedTuple):
    """A network as one batch trains it: normalised by itself, spikes of each layer dropped with a probability.

    track: lets the moments of so many rows into the running ones, of each normalised layer in turn.
    costs: of a spike of each neuron, in the loss of its clip; none: spikes are free.
    """

    network: Network
    track: tuple[Callable[[Moments, int], None], ...]
    dropout: tuple[float, ...]
    costs: SpikeCosts = ()


class SpikingModel(TrainedNetwork):
    """A network of spiking neurons in steps of `dt` (s): features that `front_end` made to scores of `labels`.

    All of it follows from `kernels()`. The same `seed` gives the same spikes of a rate encoder whenever examples are
    run. `backend` runs the time loop; the numbers are the same.
    """

    engines = ("torch", "brian2")  # what runs it: the kernels, or an independent simulator in double precision, slow

    dt: Seconds
    seed: int
    backend: Backend
    circuit: LIFCircuit  # of every neuron, in the time of the speech
    chip_name: str  # that it is trained for; "": none
    encoder: torch.nn.Module | None
    n_lines: int  # inputs of the first layer
    input_name: str

    @abstractmethod
    def kernels(self) -> Network:
        """What runs from features, or from the spikes of an encoder without neurons; normalisation folded in."""

    @abstractmethod
    def trained(self, generator: torch.Generator | None = None) -> Trained:
        """What a batch trains, in the mode that its modules are in; `generator` draws the silicon that it meets."""

    @property
    @abstractmethod
    def sizes(self) -> tuple[int, ...]:
        """Bands, neurons of each layer, labels."""

    @abstractmethod
    def bias_devices(self) -> dict[str, BiasDevices]:
        """Devices that deliver a bias, by layer."""

    def numbers_per_clip(self, n_frames: int) -> int:
        """Drive, potential, spikes and a gradient of every neuron in every step."""
        return 4 * n_frames * getattr(self.encoder, "n_steps", 1) * sum(self.sizes)

    def network(self) -> NetworkSpec:
        """The network as plain data, in the time of the speech."""
        with torch.no_grad():
            network = self.kernels()
        return network_spec(network, self.dt, name=self.name, labels=self.labels, input_name=self.input_name)

    def chip(self) -> ChipNetwork:
        """The network on the circuit that it was trained for, with the bias devices that it learned."""
        return ChipNetwork(self.network(), self.circuit, self.bias_devices(), chip=self.chip_name)

    def inputs(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None
    ) -> Float[Tensor, "time batch channel"]:
        """What the kernels run from: features, or the spikes of an encoder without neurons."""
        if isinstance(self.encoder, LIFEncoder):
            require_axes(features.shape, self.encoder.n_bands, self.name, "batch, frame, band")
            return features.transpose(0, 1)
        lines = features if self.encoder is None else encode(self.encoder, features, generator)
        require_axes(lines.shape, self.n_lines, f"the first layer of {self.name}")
        return lines.transpose(0, 1)

    def loss(
        self,
        features: Float[Tensor, "batch frame band"],
        labels: Int[Tensor, " clip"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, ""]:
        """Mean cross entropy of the scores, by the fused kernels where they can run it, and what the spikes cost.

        In training `generator` draws dropout and silicon, and each batch is normalised by itself.
        """
        require_batch(features.shape, len(labels), "labels")
        x, trained = self.inputs(features, generator), self.trained(generator)
        dropout = draw(trained.dropout, generator)
        loss = network_loss(x, labels, trained.network, EVIDENCE, self.backend, dropout, trained.costs)
        for track, moments in zip(trained.track, loss.moments, strict=True):
            track(moments, len(x) * len(labels))
        return loss.value

    def threads(self) -> AbstractContextManager[None]:
        """Within it the threads are the kernels', where those of the CPU run the network."""
        compiled = self.device.type == "cpu" and self.backend in ("auto", "cpu")
        return kernels_alone() if compiled else nullcontext()

    def score(self, examples: Examples) -> Float[Tensor, "clip label"]:
        """ln of the scores of every clip as it is; on the CPU."""
        return self._score(examples, lambda network: network)

    def _score(self, examples: Examples, made: Callable[[Network], Network]) -> Float[Tensor, "clip label"]:
        """The same of what is made of the network."""
        with torch.inference_mode(), evaluating(self), self.threads():
            network = made(self.kernels())
            potentials = (run_network(x, network, self.backend)[0] for x in self._batches(examples))
            return torch.cat([log_scores(potential.transpose(0, 1)).cpu() for potential in potentials])

    def run(self, examples: Examples, engine: str = "torch", reporter: Reporter = Reporter()) -> Answers:
        """Scores of every clip as it is, and the mean activity of one inference, per neuron, by one of `engines`.

        Raises: InputError for an input from outside that is no spikes: no chip would take it, no ledger holds for it.
        """
        scores: list[Tensor] = []

        def observe() -> Iterator[Observed]:
            watch = self._by_twin() if engine == "brian2" else self._by_kernels()
            for potential, observed in chain.from_iterable(map(watch, self._counted(examples))):
                scores.append(log_scores(potential).cpu())
                yield observed
                reporter.on_stage("running clips", sum(map(len, scores)), len(examples))

        with torch.inference_mode(), evaluating(self), self.threads():
            activity = mean_activity(len(examples), observe(), self.dt, self.circuit.crowbar_window)
        return Answers(torch.cat(scores).numpy(), activity)

    def _by_kernels(self) -> Watch:
        network, window = self.kernels(), self.circuit.crowbar_window
        names = populations(network)

        def watch(x: Tensor) -> Iterator[tuple[Tensor, Observed]]:
            watched = watch_network(x, network, window, self.backend)
            sums = (
                {"input": x.sum((0, 1), dtype=torch.float64)} if watched.charge is None else {"charge": watched.charge}
            )
            for name, spikes, near in zip(names, watched.spikes, watched.near, strict=True):
                sums |= {f"spikes.{name}": spikes, f"near.{name}": near}
            yield watched.potential.transpose(0, 1), Observed(len(x), sums)

        return watch

    def _by_twin(self) -> Watch:
        chip, window = self.chip(), self.circuit.crowbar_window

        def watch(x: Tensor) -> Iterator[tuple[Tensor, Observed]]:
            for inputs in x.transpose(0, 1).double().cpu().split(TWIN_CLIPS):
                yield run_twin(chip, inputs, window)

        return watch

    def _batches(self, examples: Examples) -> Iterator[Tensor]:
        """What the kernels run from, batch by batch."""
        generator = torch.Generator().manual_seed(self.seed)  # a rate encoder draws from it
        for part in examples.in_turn(EVALUATION_BATCH):
            yield self.inputs(part.to(self.device), generator)

    def _counted(self, examples: Examples) -> Iterator[Tensor]:
        """The same, of 0 and 1 where it comes from outside."""
        known = isinstance(self.encoder, ENCODERS)
        for x in self._batches(examples):
            if not (known or ((x == 0) | (x == 1)).all()):
                source = "the features" if self.encoder is None else f"{type(self.encoder).__name__}"
                raise InputError(
                    f"the first layer of {self.name} takes spikes, 0 or 1, but {source} gave {x.min():g} to "
                    f"{x.max():g}, which no ledger can charge for; put an encoder first, LIFEncoder for example"
                )
            yield x
