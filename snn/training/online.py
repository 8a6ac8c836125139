"""Learning on chip: readout neurons learn from the spikes of the reservoir, clip by clip, while they recognise."""

from dataclasses import dataclass

import numpy as np

from circuits.units import Seconds
from snn.networks.reservoir import Heard
from snn.networks.spike_bins import gated
from snn.plasticity.online_rule import OnlineLearning, Recognition, learn_online, recognise
from snn.recipes.reservoir_recipe import ReservoirRecipe


@dataclass(frozen=True, eq=False)
class OnlineResult:
    """A readout that taught itself: what learning did, its weights included, and what it then recognised."""

    learning: OnlineLearning
    validation_accuracy: float
    test_accuracy: float
    recognition: Recognition  # of the test clips
    learning_s: Seconds  # how long learning a clip keeps the chip busy, in the time of the speech
    recognising_s: Seconds  # and recognising one


def learn_readout(
    recipe: ReservoirRecipe, train: Heard, validation: Heard, n_labels: int
) -> tuple[OnlineLearning, float]:
    """Let the readout neurons learn from the training clips; the share of validation clips that they then recognise."""
    config, rule = recipe.learning, recipe.rule()
    lines = gated(train.reservoir, recipe.readout)
    rng = np.random.default_rng((recipe.training.seed, 1))
    start = np.zeros((lines[0].n_neurons, n_labels))
    learning = learn_online(lines, train.labels, rule, start, rng, epochs=config.epochs, annealing=config.annealing)
    recognised = recognise(gated(validation.reservoir, recipe.readout), learning.weights, rule)
    return learning, recognised.accuracy(validation.labels)


def online_result(
    recipe: ReservoirRecipe, learning: OnlineLearning, validation_accuracy: float, test: Heard, recognition: Recognition
) -> OnlineResult:
    """What was learned, with what it then recognised of the test clips."""
    bins = recipe.readout
    return OnlineResult(
        learning,
        validation_accuracy,
        recognition.accuracy(test.labels),
        recognition,
        bins.duration,
        bins.listening(test.reservoir) + bins.duration,
    )
