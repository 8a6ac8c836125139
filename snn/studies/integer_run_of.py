"""A run in whole numbers of 8 bits: calibrated on clips of its training, and what it is to hear as whole numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.quantised.integer_run import potentials, quantised_input
from circuits.quantised.integers import IntegerNetwork
from circuits.quantised.quantise import quantise
from snn.audio.examples import Examples
from snn.experiments.model import Model
from snn.experiments.run_folder import Run
from snn.networks.spiking_model import SpikingModel
from snn.reporter import Reporter
from snn.studies.network_inputs import calibration_clips, network_inputs, scores_of


@dataclass(frozen=True, eq=False)
class IntegerRun:
    """A model, and the same in whole numbers."""

    model: Model
    network: IntegerNetwork
    first_clip: np.ndarray  # whole inputs of the first clip that it was calibrated on, `(1, *shape_in)`

    def inputs(self, examples: Examples[Any], size: int) -> Iterator[np.ndarray]:
        """Whole inputs `(clip, *shape_in)` of all clips as they are, so many clips at a time."""
        for heard in network_inputs(self.model, examples):
            for start in range(0, len(heard), size):
                x = heard[start : start + size]
                yield quantised_input(x.reshape(len(x), *_shape(self.network, x)), self.network)

    def scores(self, outputs: np.ndarray) -> np.ndarray:
        """ln of the scores of each label, `(clip, label)`, of whole outputs."""
        return scores_of(potentials(self.network, outputs), self.network.spiking)


def integer_run(run: Run, reporter: Reporter = Reporter()) -> IntegerRun:
    """The run in whole numbers. Raises: as `quantise`, and where its training clips are gone."""
    examples = calibration_clips(run, reporter)
    x = np.concatenate(list(network_inputs(run.model, examples)))
    net = run.network()
    spiking = isinstance(run.model, SpikingModel)
    flat = net.layers[0].convolution is None and not spiking
    network = quantise(net, x.reshape(len(x), -1) if flat else x)
    first = quantised_input(x[:1].reshape(1, *_shape(network, x)), network)
    return IntegerRun(run.model, network, first)


def _shape(network: IntegerNetwork, x: np.ndarray) -> tuple[int, ...]:
    return x.shape[1:] if network.spiking else network.shape_in
