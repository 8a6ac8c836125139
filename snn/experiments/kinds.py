"""Which experiment a recipe's `kind` names."""

from snn.experiments.conventional_experiment import ConventionalExperiment
from snn.experiments.model import Experiment
from snn.experiments.reservoir_experiment import ReservoirExperiment
from snn.experiments.spotter_experiment import SpotterExperiment
from snn.recipes.recipe import Recipe

EXPERIMENTS: dict[str, type[Experiment]] = {
    "spotter": SpotterExperiment,
    "reservoir": ReservoirExperiment,
    "conventional": ConventionalExperiment,
}


def experiment_of(recipe: Recipe, labels: tuple[str, ...], sample_rate: int | float) -> Experiment:
    """The experiment of a recipe, for these labels and recordings of this rate (Hz)."""
    return EXPERIMENTS[recipe.kind](recipe, labels, sample_rate)
