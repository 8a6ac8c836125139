"""A spotter: trained by gradient descent, and told whether its neurons are silent or never are."""

from dataclasses import dataclass
from pathlib import Path

from circuits.network.activity import Activity
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.data.corpora.splits import Split
from snn.experiments.gradient_experiment import GradientExperiment, TrainedByGradient
from snn.experiments.metrics import Metrics, SpotterMetrics, read_metrics
from snn.networks.answers import Answers
from snn.networks.spotter import Spotter
from snn.recipes.spotter_recipe import SpotterRecipe
from snn.reporter import Reporter


@dataclass(frozen=True, eq=False)
class TrainedSpotter(TrainedByGradient):
    """A spotter with the weights of its best epoch."""

    model: Spotter

    def metrics(self, common: Metrics, answers: Answers, examples: dict[Split, Examples]) -> SpotterMetrics:
        """What there is to tell of it; `answers` are those to the test clips."""
        del examples
        operations = answers.activity.synaptic_operations(self.model.network())
        return SpotterMetrics(**vars(common), **self.of_training(), synaptic_operations=operations)

    def notes(self, activity: Activity) -> tuple[str, ...]:
        """One line for each population that hardly ever fires, or nearly always does: nothing is learned through it."""
        rates = {name: spikes.mean() * self.model.dt / activity.duration for name, spikes in activity.spikes.items()}
        silent = (f"{name} is nearly silent, {rate:.2g} spikes per step" for name, rate in rates.items() if rate < 1e-3)
        saturated = (f"{name} is saturated, {rate:.2g} spikes per step" for name, rate in rates.items() if rate > 0.9)
        return (*silent, *saturated)


@dataclass(frozen=True)
class SpotterExperiment(GradientExperiment):
    """Spotters of a recipe."""

    recipe: SpotterRecipe

    def initial(self, front_end: LogMel | SignalFrames) -> Spotter:
        """A spotter with the recipe's initial weights; the same seed gives the same weights."""
        training = self.recipe.training
        return Spotter(self.recipe, front_end, self.labels, seed=training.seed, backend=training.backend)

    def fit(
        self, model: Spotter, examples: dict[Split, Examples], out: str | Path, *, resume: bool, reporter: Reporter
    ) -> TrainedSpotter:
        """As `fit_in`."""
        return TrainedSpotter(model, self.fit_in(model, examples, out, resume, reporter))

    def read_metrics(self, path: str | Path) -> SpotterMetrics | None:
        """The metrics of a run, None for one that has not finished."""
        return read_metrics(path, SpotterMetrics)
