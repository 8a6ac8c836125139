"""What an experiment asks of a model and of what trains one: the same of every kind."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from circuits.chips.front_end_ledger import Sensed
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from snn.audio.examples import Examples
from snn.audio.front_end import FrontEnd
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.splits import Split
from snn.experiments.metrics import Metrics
from snn.networks.answers import Answers
from snn.recipes.recipe import Recipe
from snn.reporter import Reporter


@runtime_checkable
class Model(Protocol):
    """Answers to examples of the front end that it was trained with."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What it answers."""

    @property
    def front_end(self) -> FrontEnd | None:
        """What made the features that it hears; None: they are taken as they are."""

    @property
    def engines(self) -> tuple[str, ...]:
        """What may run it, the usual one first."""

    def run(self, examples: Examples[Any], engine: str, reporter: Reporter) -> Answers:
        """Answers to every clip as it is, and the mean activity of one, in one pass."""

    def network(self) -> NetworkSpec:
        """The model as plain data."""

    def chip(self) -> ChipNetwork | None:
        """The same on the circuit that it was trained for; None: it has no neurons that a circuit could be."""

    def sensed(self, activity: Activity) -> Sensed | None:
        """What the clips of that activity were made to, in real time; None: nobody knows."""

    def to(self, device: torch.device) -> "Model":
        """The model where it is to run, if it can run there."""

    def save(self, path: str | Path) -> None:
        """Write its tensors, whole or not at all."""


@runtime_checkable
class Trained(Protocol):
    """A model that has learned, and how."""

    model: Model
    validation_accuracy: float  # what the choice among models was made by

    def metrics(self, common: Metrics, answers: Answers, examples: dict[Split, Examples]) -> Metrics:
        """What there is to tell of it; `answers` are those to the test clips."""

    def notes(self, activity: Activity) -> tuple[str, ...]:
        """A line for whatever does not look healthy."""


@runtime_checkable
class Experiment(Protocol):
    """One kind of model and how it is trained."""

    recipe: Recipe
    labels: tuple[str, ...]
    sample_rate: int | float

    def front_end(self, corpus: Corpus) -> FrontEnd:
        """What makes of the corpus's clips what the model hears."""

    def build(self, front_end: FrontEnd, train: Examples) -> Model:
        """A model that has learned nothing yet. Raises: InputError for a recipe that makes none."""

    def load(self, path: str | Path) -> Model:
        """The model of a file that it was saved to. Raises: FileNotFoundError, or InputError for a damaged file."""

    def fit(
        self, model: Model, examples: dict[Split, Examples], out: str | Path, *, resume: bool, reporter: Reporter
    ) -> Trained:
        """Train on the training and validation clips, and leave in `out` what the run needs to be resumed."""

    def read_metrics(self, path: str | Path) -> Metrics | None:
        """The metrics of a run, None for one that has not finished."""
