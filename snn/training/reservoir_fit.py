"""Clips through the chip, and the readout that is chosen for them on validation clips."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.network.spikes import SpikeTrains
from snn.networks.reservoir import Reservoir, Response
from snn.plasticity.least_squares import LinearReadout, choose_ridge, fit_ridge
from snn.reporter import Reporter

CHUNK = 64  # clips between two moves of the progress bar


@dataclass(frozen=True, eq=False)
class Heard:
    """Clips after the chip: what drove it, and its response to each."""

    inputs: tuple[np.ndarray | SpikeTrains, ...]
    responses: tuple[Response, ...]
    labels: np.ndarray
    n_input: int

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def encoder(self) -> list[SpikeTrains]:
        """Spikes of the inputs, clip by clip."""
        return [response.spikes.select(0, self.n_input) for response in self.responses]

    @property
    def reservoir(self) -> list[SpikeTrains]:
        """Spikes of the reservoir, clip by clip."""
        return [response.spikes.select(self.n_input, response.spikes.n_neurons) for response in self.responses]


def run_clips(
    reservoir: Reservoir,
    inputs: Sequence[np.ndarray | SpikeTrains],
    labels: np.ndarray,
    reporter: Reporter = Reporter(),
    what: str = "running clips",
) -> Heard:
    """Every clip through the chip, each from rest."""
    responses: list[Response] = []
    for start in range(0, len(inputs), CHUNK):
        responses += reservoir.respond_all(inputs[start : start + CHUNK])
        reporter.on_stage(what, len(responses), len(inputs))
    return Heard(tuple(inputs), tuple(responses), labels, reservoir.n_input)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A readout of training and validation clips together, and what the validation clips said before."""

    readout: LinearReadout
    validation_accuracy: float


def fit_readout(
    train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray], n_labels: int
) -> Fitted:
    """Least squares on features and labels: regularisation by validation, then all of these clips."""
    chosen = choose_ridge(*train, *validation, n_labels)
    features, labels = (np.concatenate(parts) for parts in zip(train, validation, strict=True))
    readout = fit_ridge(features, labels, n_labels, chosen.regularisation)
    return Fitted(readout, chosen.accuracy(*validation))
