"""What experiments share that train by gradient descent, epoch by epoch: history and checkpoint in the folder."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from circuits.chips import load_chip
from circuits.mapping.limits import MappingError
from snn.audio.examples import Examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.splits import Split
from snn.experiments.history import write_history
from snn.networks.trained_network import TrainedNetwork
from snn.recipes.gradient_recipe import GradientRecipe
from snn.reporter import Reporter
from snn.training.checkpoint import CHECKPOINT, EpochRecord, Progress, load_progress
from snn.training.gradient import Watch, fit, require_memory


def require_fits(chip: str, model: TrainedNetwork) -> None:
    """Raise MappingError, with every limit that is broken, for a network that the chip cannot hold."""
    if broken := load_chip(chip, trained=model.chip()).check(model.network()):
        raise MappingError(broken)


@dataclass(frozen=True, eq=False)
class TrainedByGradient:
    """A network with the weights of its best epoch."""

    model: TrainedNetwork
    progress: Progress

    @property
    def validation_accuracy(self) -> float:
        """Of the epoch whose weights are kept."""
        return self.progress.best_accuracy

    def of_training(self) -> dict[str, int]:
        """What the metrics of each kind tell of size and training."""
        reached = self.progress
        return {
            "n_parameters": self.model.n_parameters,
            "best_epoch": reached.best_epoch,
            "epochs": reached.epoch,
        }


@dataclass(frozen=True)
class GradientExperiment(ABC):
    """Networks of a recipe, for these labels and recordings of this rate (Hz)."""

    recipe: GradientRecipe
    labels: tuple[str, ...]
    sample_rate: int | float

    @abstractmethod
    def initial(self, front_end: LogMel | SignalFrames) -> TrainedNetwork:
        """A network with the recipe's initial weights; the same seed gives the same weights."""

    def front_end(self, corpus: Corpus | None = None) -> LogMel | SignalFrames:
        """What makes of clips what the model hears, the same for every corpus."""
        del corpus
        return self.recipe.features.at(self.sample_rate)

    def build(self, front_end: LogMel | SignalFrames, train: Examples | None = None) -> TrainedNetwork:
        """A network that has learned nothing yet.

        Raises: InputError for one that does not fit into memory, or on the chip that it is to be trained for
        (MappingError, every limit that it breaks); a chip is asked before a training only.
        """
        model = self.initial(front_end)
        if train is not None and self.recipe.chip.name:
            require_fits(self.recipe.chip.name, model)
        require_memory(model, round(front_end.duration_s / front_end.hop_s), self.recipe.training.batch_size)
        return model

    def load(self, path: str | Path) -> TrainedNetwork:
        """The model of a file that it was saved to. Raises: FileNotFoundError, or InputError for a damaged file."""
        return self.build(self.front_end()).load(path)

    def fit_in(
        self, model: TrainedNetwork, examples: dict[Split, Examples], out: str | Path, resume: bool, reporter: Reporter
    ) -> Progress:
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
        return progress
