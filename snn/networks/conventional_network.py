"""A conventional keyword spotter: values in, values out, no spikes; convolutions, then fully connected layers."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.units import Seconds
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.kernels.dropout import draw, drop
from snn.memory import COPIES, check_memory
from snn.networks.answers import Answers
from snn.networks.conventional_settings import ConventionalSettings, Stage
from snn.networks.trained_network import EVALUATION_BATCH, TrainedNetwork, evaluating
from snn.networks.value_layer import ValueLayer
from snn.neurons.axes import require_axes, require_batch
from snn.reporter import Reporter

LEARNING = 4  # of each value while training: itself before and after its normalisation and rectifier, and a gradient


class Conventional(TrainedNetwork):
    """Features `(batch, frame, band)` to logits `(batch, label)`; softmax makes them probabilities.

    `front_end` made the features that it hears, `labels` are what it answers. The same `seed` gives the same weights.
    While it trains, `label_smoothing` of the target is spread over all labels (Szegedy et al. 2016, arXiv 1512.00567).
    Raises: InputError for layers that cannot be built on these features, or do not fit into memory.
    """

    engines = ("torch",)
    made_of = "config.toml"

    def __init__(
        self,
        settings: ConventionalSettings,
        front_end: LogMel | SignalFrames,
        labels: Sequence[str],
        *,
        seed: int = 0,
        label_smoothing: float = 0.0,
    ):
        super().__init__()
        if len(labels) < 2:
            raise InputError(f"a spotter needs at least 2 labels, got {len(labels)}")
        self.settings, self.front_end, self.labels, self.name = settings, front_end, tuple(labels), settings.name
        self.label_smoothing, self.seed = label_smoothing, seed
        stages = settings.network.stages(front_end.n_mels, front_end.n_frames, len(labels))
        n_weights = sum(stage.n_weights for stage in stages)
        check_memory(COPIES * n_weights, f"training {n_weights:,} weights", "lower network.channels or network.hidden")
        generator, normalised = torch.Generator().manual_seed(seed), settings.network.norm == "batch"
        layers = (ValueLayer(stage, normalised and stage.relu, generator, settings.chip) for stage in stages)
        self.layers = nn.ModuleDict({layer.stage.name: layer for layer in layers})

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What each layer is, in turn."""
        return tuple(layer.stage for layer in self.layers.values())

    @property
    def n_macs(self) -> int:
        """Products of a weight and a value in one inference."""
        return self.network().n_macs

    @property
    def duration(self) -> Seconds:
        """Of the frames of a clip (s)."""
        return self.front_end.n_frames * self.front_end.hop_s

    def settled(self, n_epochs: int) -> int:
        """Epochs before what the chip asks for is complete."""
        return self.settings.chip.settled(n_epochs)

    def begin_epoch(self, epoch: int, n_epochs: int, train: Examples) -> None:
        """After the warm-up the inputs of each output stand, and normalisations are frozen where chips differ."""
        del train
        if epoch >= self.settled(n_epochs):
            for layer in self.layers.values():
                layer.settle(freeze=self.settings.chip.varies)

    def numbers_per_clip(self, n_frames: int) -> int:
        """Of every layer what it computes, and the gradient; its frames are those of the front end."""
        del n_frames
        return LEARNING * sum(stage.n_values for stage in self.stages)

    def inputs(self, features: Float[Tensor, "batch frame band"]) -> Float[Tensor, "batch ..."]:
        """What the first layer of `network()` takes once it is flattened: `(batch, band, frame)` over time, `(batch, 1,
        frame, band)` over the spectrogram, channels first; the features as they come, where all is fully connected.

        Raises: InputError for features of another number of frames or bands.
        """
        require_axes(features.shape, self.front_end.n_mels, self.name, "batch, frame, band")
        if features.shape[1] != self.front_end.n_frames:
            raise InputError(
                f"{self.name} takes clips of {self.front_end.n_frames} frames, got {features.shape[1]}; make them with "
                "model.front_end"
            )
        grid = self.stages[0].grid
        if grid is None:
            return features
        return features.transpose(1, 2) if len(grid.kernel) == 1 else features.unsqueeze(1)

    def forward(
        self, features: Float[Tensor, "batch frame band"], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch label"]:
        """Logits. In training each batch is normalised by itself, and `generator` draws dropout and silicon."""
        x = self.inputs(features)
        dropped = [layer.stage.grid is None for layer in self.layers.values()]
        dropped[0] = False
        rate = self.settings.network.dropout if self.training else 0.0
        dropout = draw(tuple(rate * here for here in dropped), generator)
        for index, layer in enumerate(self.layers.values()):
            x = drop(x.reshape(1, len(x), -1), dropout, index)[0] if rate and dropped[index] else x
            x = layer(x, generator)
        return x

    def loss(
        self,
        features: Float[Tensor, "batch frame band"],
        labels: Int[Tensor, " clip"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, ""]:
        """Mean cross entropy of the logits; in training `generator` draws dropout.

        Raises: InputError for a batch of one clip, which has no deviation to be normalised by.
        """
        require_batch(features.shape, len(labels), "labels")
        if self.training and self.settings.network.norm == "batch" and len(labels) < 2:
            raise InputError('one clip alone has no deviation: take batches of 2 at least, or network.norm = "none"')
        smoothing = self.label_smoothing if self.training else 0.0
        return nn.functional.cross_entropy(self(features, generator), labels, label_smoothing=smoothing)

    def score(self, examples: Examples) -> Float[Tensor, "clip label"]:
        """ln of the scores of every clip as it is; on the CPU."""
        return self._scores(examples, Reporter())

    def score_on_chips(self, examples: Examples) -> tuple[Float[Tensor, "clip label"], ...]:
        """On a few chips, where they differ; each batch of clips meets another piece of the same kind."""
        chip = self.settings.chip
        if not chip.varies:
            return super().score_on_chips(examples)
        return tuple(self._scores(examples, Reporter(), drawn) for drawn in chip.generators(self.seed))

    def run(self, examples: Examples, engine: str = "torch", reporter: Reporter = Reporter()) -> Answers:
        """Scores of every clip as it is; it spikes nowhere."""
        del engine  # there is one
        scores = self._scores(examples, reporter)
        return Answers(scores.numpy(), Activity(len(examples), self.duration, {}, {}, 0.0))

    def _scores(
        self, examples: Examples, reporter: Reporter, drawn: torch.Generator | None = None
    ) -> Float[Tensor, "clip label"]:
        parts: list[Tensor] = []
        with torch.inference_mode(), evaluating(self):
            for part in examples.in_turn(EVALUATION_BATCH):
                parts.append(self(part.to(self.device), drawn).log_softmax(-1).cpu())
                reporter.on_stage("running clips", sum(map(len, parts)), len(examples))
        return torch.cat(parts)

    def network(self) -> NetworkSpec:
        """The network as plain data, normalisation folded in, without converters, which it cannot hold.

        Raises: InputError for weights that make none.
        """
        layers = tuple(layer.spec() for layer in self.layers.values())
        heard = self.front_end.description
        return NetworkSpec(self.name, self.front_end.hop_s, layers, labels=self.labels, input_name=heard)

    def chip(self) -> ChipNetwork | None:
        """None: values are no membranes that a circuit of neurons could be."""
        return None
