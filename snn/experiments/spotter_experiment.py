"""A spotter: trained by gradient descent, epoch by epoch, its history and a checkpoint in the run folder."""

from dataclasses import dataclass
from pathlib import Path

from circuits.network.activity import Activity
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.splits import Split
from snn.experiments.history import write_history
from snn.experiments.metrics import Metrics, SpotterMetrics, read_metrics
from snn.networks.answers import Answers
from snn.networks.spotter import Spotter
from snn.recipes.spotter_recipe import SpotterRecipe
from snn.reporter import Reporter
from snn.training.checkpoint import CHECKPOINT, EpochRecord, Progress, load_progress
from snn.training.gradient import Watch, fit, require_memory


@dataclass(frozen=True, eq=False)
class TrainedSpotter:
    """A spotter with the weights of its best epoch."""

    model: Spotter
    progress: Progress

    @property
    def validation_accuracy(self) -> float:
        """Of the epoch whose weights are kept."""
        return self.progress.best_accuracy

    def metrics(self, common: Metrics, answers: Answers, examples: dict[Split, Examples]) -> SpotterMetrics:
        """What there is to tell of it; `answers` are those to the test clips."""
        del examples
        return SpotterMetrics(
            **vars(common),
            n_parameters=self.model.n_parameters,
            best_epoch=self.progress.best_epoch,
            epochs=self.progress.epoch,
            synaptic_operations=answers.activity.synaptic_operations(self.model.network()),
        )

    def notes(self, activity: Activity) -> tuple[str, ...]:
        """One line for each population that hardly ever fires, or nearly always does: nothing is learned through it."""
        rates = {name: spikes.mean() * self.model.dt / activity.duration for name, spikes in activity.spikes.items()}
        silent = (f"{name} is nearly silent, {rate:.2g} spikes per step" for name, rate in rates.items() if rate < 1e-3)
        saturated = (f"{name} is saturated, {rate:.2g} spikes per step" for name, rate in rates.items() if rate > 0.9)
        return (*silent, *saturated)


@dataclass(frozen=True)
class SpotterExperiment:
    """Spotters of a recipe, for these labels and recordings of this rate (Hz)."""

    recipe: SpotterRecipe
    labels: tuple[str, ...]
    sample_rate: int | float

    def front_end(self, corpus: Corpus | None = None) -> LogMel | SignalFrames:
        """What makes of clips what the model hears, the same for every corpus."""
        del corpus
        return self.recipe.features.at(self.sample_rate)

    def build(self, front_end: LogMel | SignalFrames, train: Examples | None = None) -> Spotter:
        """A spotter with the recipe's initial weights; the same seed gives the same weights."""
        del train
        training = self.recipe.training
        model = Spotter(self.recipe, front_end, self.labels, seed=training.seed, backend=training.backend)
        require_memory(model, round(front_end.duration_s / front_end.hop_s), training.batch_size)
        return model

    def load(self, path: str | Path) -> Spotter:
        """The model of a file that it was saved to. Raises: FileNotFoundError, or InputError for a damaged file."""
        return self.build(self.front_end()).load(path)

    def fit(
        self, model: Spotter, examples: dict[Split, Examples], out: str | Path, *, resume: bool, reporter: Reporter
    ) -> TrainedSpotter:
        """Train, keeping the best weights, the history and a checkpoint in the run folder as training goes on."""
        out, checkpoint = Path(out), Path(out) / CHECKPOINT
        resume = resume and checkpoint.is_file()
        rows = load_progress(checkpoint).history if resume else []

        def on_epoch(row: EpochRecord, improved: bool) -> None:
            rows.append(row)
            write_history(out, rows)
            if improved:
                model.save(out / "model.safetensors")
            best = " (best)" if improved else ""
            line = f"loss {row.loss:.3f}, validation accuracy {row.validation_accuracy:.4f}{best}"
            reporter.on_note(f"epoch {row.epoch}: {line}")

        watch = Watch(lambda done, total: reporter.on_stage("training", done, total), on_epoch)
        train, validation = examples["train"], examples["validation"]
        progress = fit(model, train, validation, self.recipe, checkpoint=checkpoint, resume=resume, watch=watch)
        write_history(out, progress.history)
        return TrainedSpotter(model, progress)

    def read_metrics(self, path: str | Path) -> SpotterMetrics | None:
        """The metrics of a run, None for one that has not finished."""
        return read_metrics(path, SpotterMetrics)
