"""A reservoir learns: inside, if the recipe says so, then its linear readout and the one that learns on chip."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from snn.audio.examples import Examples
from snn.networks.reservoir import Heard
from snn.networks.reservoir_model import ReservoirModel
from snn.networks.spike_bins import count_features
from snn.plasticity.least_squares import fit_linear
from snn.plasticity.online_rule import OnlineLearning
from snn.recipes.reservoir_recipe import ReservoirRecipe
from snn.reporter import Reporter
from snn.training.online import learn_readout
from snn.training.plastic import Plasticity, learn_inside


def linear_accuracy(parts: tuple[Heard, Heard, Heard], features: Callable[[Heard], np.ndarray], n_labels: int) -> float:
    """Accuracy on test clips of least squares on features of training and validation clips."""
    train, validation, test = ((features(part), part.labels) for part in parts)
    return fit_linear(train, validation, n_labels).readout.accuracy(*test)


@dataclass(frozen=True, eq=False)
class FittedReservoir:
    """A reservoir that has learned, and how: `train` and `validation` are its clips after the chip."""

    model: ReservoirModel
    train: Heard
    validation: Heard
    validation_accuracy: float
    online: OnlineLearning
    online_validation_accuracy: float
    inside: Plasticity | None  # None where the reservoir itself stays


def fit_reservoir(
    model: ReservoirModel,
    train: Examples,
    validation: Examples,
    recipe: ReservoirRecipe,
    reporter: Reporter = Reporter(),
) -> FittedReservoir:
    """Both readouts of a chip from training and validation clips; the chip given stays as it is."""
    inside, n_labels = None, len(model.labels)
    if recipe.plasticity.rule != "none":
        inputs, labels = model.drive(train.features), train.labels.numpy()
        inside = learn_inside(recipe, model.wires, model.tuning, inputs, labels, reporter)
        model = replace(model, wires=inside.wires)
    trained, validated = (
        model.hear(train, reporter, "running train"),
        model.hear(validation, reporter, "running validation"),
    )
    if not any(response.spikes.times.size for response in trained.responses):
        reporter.on_note("no neuron spiked in any training clip: the recordings are silent, or raise input.gain")
    tables = ((count_features(part.reservoir, recipe.readout), part.labels) for part in (trained, validated))
    fitted = fit_linear(*tables, n_labels)
    online, recognised = learn_readout(recipe, trained, validated, n_labels)
    model = replace(model, readout=fitted.readout, online=online.weights)
    return FittedReservoir(model, trained, validated, fitted.validation_accuracy, online, recognised, inside)
