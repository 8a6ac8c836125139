"""A reservoir: drawn, run and read out in one go; there is nothing to resume but a finished run."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from circuits.network.activity import Activity
from snn.audio.ear_rows import EarRows, SignalRows
from snn.audio.examples import Examples
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.splits import Split
from snn.experiments.metrics import Metrics, ReservoirMetrics, read_metrics
from snn.experiments.read_clips import n_longer
from snn.networks.activity_statistics import activity_statistics, memory_time
from snn.networks.reservoir import Heard, engine_energy
from snn.networks.reservoir_model import ReservoirAnswers, ReservoirModel, draw_model, load_model
from snn.networks.spike_bins import count_features, total_counts
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.reporter import Reporter
from snn.training.eprop import train_eprop
from snn.training.learning_energy import online_metrics
from snn.training.online import online_result
from snn.training.reservoir_fit import FittedReservoir, fit_reservoir, linear_accuracy


@dataclass(frozen=True, eq=False)
class TrainedReservoir:
    """A reservoir whose readouts have learned."""

    recipe: ReservoirRecipe
    fitted: FittedReservoir
    reporter: Reporter

    @property
    def model(self) -> ReservoirModel:
        return self.fitted.model

    @property
    def validation_accuracy(self) -> float:
        """Of the readout of the training clips alone."""
        return self.fitted.validation_accuracy

    def metrics(self, common: Metrics, answers: ReservoirAnswers, examples: dict[Split, Examples]) -> ReservoirMetrics:
        """What there is to tell of it and of what it is measured against; `answers` are those to the test clips."""
        recipe, fitted, model, test = self.recipe, self.fitted, self.model, answers.heard
        heard, n_labels = (fitted.train, fitted.validation, test), len(model.labels)
        recognised = answers.recognition
        online = online_result(recipe, fitted.online, fitted.online_validation_accuracy, test, recognised)
        energy, memory = engine_energy(test.responses), memory_time(model.wires.recurrent, model.wires.tau_mem)
        spikes = float(np.mean([response.spikes.times.size for response in test.responses]))
        eprop, inside = recipe.comparison.eprop_epochs > 0, fitted.inside
        return ReservoirMetrics(
            **vars(common) | {"spikes_per_inference": spikes},
            n_cut=sum(map(n_longer, examples.values())),
            online=online_metrics(online, recipe),
            baselines=_baselines(recipe, heard, n_labels),
            n_input=model.reservoir.n_input,
            n_reservoir=model.reservoir.n_reservoir,
            n_synapses=model.reservoir.n_synapses + (inside.synapses_at_zero if inside else 0),
            input_activity=activity_statistics(test.encoder),
            reservoir_activity=activity_statistics(test.reservoir),
            memory_s=memory if math.isfinite(memory) else None,
            energy_j=energy.parts,
            energy_per_inference_j=energy.total,
            energy_per_spike_j=energy.total / spikes if spikes else None,
            plasticity=inside.metrics(recipe) if inside else None,
            eprop=train_eprop(recipe, heard, model.wires.tau_mem, n_labels, self.reporter) if eprop else None,
        )

    def notes(self, activity: Activity) -> tuple[str, ...]:
        """None: its neurons may be silent, and rest of a clip is no step."""
        del activity
        return ()


def _baselines(recipe: ReservoirRecipe, heard: tuple[Heard, Heard, Heard], n_labels: int) -> dict[str, float]:
    """Test accuracy of linear classifiers without the reservoir, and of total counts."""
    features = {
        "encoder_bins": lambda part: count_features(part.encoder, recipe.readout),
        "encoder_totals": lambda part: total_counts(part.encoder),
        "reservoir_totals": lambda part: total_counts(part.reservoir),
    }
    return {name: linear_accuracy(heard, what, n_labels) for name, what in features.items()}


@dataclass(frozen=True)
class ReservoirExperiment:
    """Reservoirs of a recipe, for these labels and recordings of this rate (Hz); they run on the CPU."""

    recipe: ReservoirRecipe
    labels: tuple[str, ...]
    sample_rate: int | float

    def front_end(self, corpus: Corpus) -> EarRows | SignalRows:
        """What makes of the corpus's clips what the model hears."""
        return self.recipe.ear.at(self.sample_rate, len(corpus.channels))

    def build(self, front_end: EarRows | SignalRows, train: Examples) -> ReservoirModel:
        """A chip tuned to training clips and wired at random. Raises: InputError for wiring that cannot be drawn."""
        return draw_model(self.recipe, front_end, self.labels, train, self.recipe.training.seed)

    def load(self, path: str | Path) -> ReservoirModel:
        """The model of a file that it was saved to. Raises: FileNotFoundError, or InputError for a damaged file."""
        return load_model(path, self.recipe, self.sample_rate, self.labels)

    def fit(
        self,
        model: ReservoirModel,
        examples: dict[Split, Examples],
        out: str | Path,
        *,
        resume: bool,
        reporter: Reporter,
    ) -> TrainedReservoir:
        """Both readouts, and the reservoir itself if the recipe says so."""
        del out, resume
        fitted = fit_reservoir(model, examples["train"], examples["validation"], self.recipe, reporter)
        return TrainedReservoir(self.recipe, fitted, reporter)

    def read_metrics(self, path: str | Path) -> ReservoirMetrics | None:
        """The metrics of a run, None for one that has not finished."""
        return read_metrics(path, ReservoirMetrics)
