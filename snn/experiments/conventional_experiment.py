"""A conventional network: trained as a spotter is, told by its multiply-accumulates."""

from dataclasses import dataclass
from pathlib import Path

from circuits.network.activity import Activity
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.data.corpora.splits import Split
from snn.experiments.gradient_experiment import GradientExperiment, TrainedByGradient
from snn.experiments.metrics import ConventionalMetrics, Metrics, read_metrics
from snn.networks.answers import Answers
from snn.networks.conventional_network import Conventional
from snn.recipes.conventional_recipe import ConventionalRecipe
from snn.reporter import Reporter


@dataclass(frozen=True, eq=False)
class TrainedConventional(TrainedByGradient):
    """A conventional network with the weights of its best epoch."""

    model: Conventional

    def metrics(self, common: Metrics, answers: Answers, examples: dict[Split, Examples]) -> ConventionalMetrics:
        """What there is to tell of it."""
        del answers, examples
        return ConventionalMetrics(**vars(common), **self.of_training(), macs=self.model.network().n_macs)

    def notes(self, activity: Activity) -> tuple[str, ...]:
        """None: no neuron of it is expected to spike."""
        del activity
        return ()


@dataclass(frozen=True)
class ConventionalExperiment(GradientExperiment):
    """Conventional networks of a recipe."""

    recipe: ConventionalRecipe

    def initial(self, front_end: LogMel | SignalFrames) -> Conventional:
        """A network with the recipe's initial weights; the same seed gives the same weights."""
        training = self.recipe.training
        how = {"seed": training.seed, "label_smoothing": training.label_smoothing}
        return Conventional(self.recipe, front_end, self.labels, **how)

    def fit(
        self, model: Conventional, examples: dict[Split, Examples], out: str | Path, *, resume: bool, reporter: Reporter
    ) -> TrainedConventional:
        """As `fit_in`."""
        return TrainedConventional(model, self.fit_in(model, examples, out, resume, reporter))

    def read_metrics(self, path: str | Path) -> ConventionalMetrics | None:
        """The metrics of a run, None for one that has not finished."""
        return read_metrics(path, ConventionalMetrics)
