"""A run in whole numbers of 8 bits: calibrated on clips of its training, and what it is to hear as whole numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from circuits.network.value_network import shape_of_input
from circuits.quantised.integer_run import potentials, quantised_input
from circuits.quantised.integers import IntegerNetwork
from circuits.quantised.quantise import quantise
from snn.audio.examples import Examples, load_examples
from snn.experiments.model import Model
from snn.experiments.read_clips import open_data
from snn.experiments.run_folder import Run
from snn.networks.answers import log_scores
from snn.networks.spiking_model import SpikingModel
from snn.networks.trained_network import EVALUATION_BATCH
from snn.reporter import Reporter

CALIBRATION = 256  # training clips. ASSUMED: a few hundred do


@dataclass(frozen=True, eq=False)
class IntegerRun:
    """A model, and the same in whole numbers."""

    model: Model
    network: IntegerNetwork
    first_clip: np.ndarray  # whole inputs of the first clip that it was calibrated on, `(1, *shape_in)`

    def inputs(self, examples: Examples[Any], size: int) -> Iterator[np.ndarray]:
        """Whole inputs `(clip, *shape_in)` of all clips as they are, so many clips at a time."""
        for heard in _inputs(self.model, examples):
            for start in range(0, len(heard), size):
                x = heard[start : start + size]
                yield quantised_input(x.reshape(len(x), *_shape(self.network, x)), self.network)

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        """ln of the scores of each label, `(clip, label)`, of whole outputs."""
        if self.network.spiking:
            return log_scores(torch.from_numpy(potentials(self.network, outputs))).numpy()
        logits = torch.from_numpy(outputs.reshape(len(outputs), -1) * self.network.layers[-1].unit)
        return logits.log_softmax(-1).numpy()


def integer_run(run: Run, reporter: Reporter = Reporter()) -> IntegerRun:
    """The run in whole numbers. Raises: as `quantise`, and where its training clips are gone."""
    examples = _calibration(run, reporter)
    x = np.concatenate(list(_inputs(run.model, examples)))
    net = run.network()
    spiking = isinstance(run.model, SpikingModel)
    network = quantise(net, x if spiking else x.reshape(len(x), *shape_of_input(net)))
    first = quantised_input(x[:1].reshape(1, *_shape(network, x)), network)
    return IntegerRun(run.model, network, first)


def _calibration(run: Run, reporter: Reporter) -> Examples[Any]:
    """Training clips as they are, evenly spaced over all."""
    clips = open_data(run.recipe, run.data).split("train")
    chosen = [clips[i] for i in np.unique(np.linspace(0, len(clips) - 1, CALIBRATION).astype(int))]
    return load_examples(
        chosen,
        run.model.front_end,
        bad_files=run.recipe.data.bad_files,
        on_clip=lambda done, total: reporter.on_stage("reading clips to calibrate on", done, total),
    )


def _inputs(model: Model, examples: Examples[Any]) -> Iterator[np.ndarray]:
    """What the network takes: features, or the spikes that an encoder without neurons makes of them.

    In the batches of the model's own evaluation, since what a rate encoder draws for a clip depends on them.
    """
    spiking = isinstance(model, SpikingModel)
    generator = torch.Generator().manual_seed(model.seed) if spiking else None  # a rate encoder draws from it
    for features in examples.in_turn(EVALUATION_BATCH):
        x = model.inputs(features, generator).transpose(0, 1) if spiking else features
        yield x.detach().double().numpy()


def _shape(network: IntegerNetwork, x: np.ndarray) -> tuple[int, ...]:
    return x.shape[1:] if network.spiking else network.shape_in
