"""One mismatched chip at one condition: what it tells of clips, and a readout that is fitted on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuits.ledger import Ledger
from circuits.network.chip_network import ChipNetwork
from circuits.network.spikes import SpikeTrains
from circuits.variation.chip_calibration import Calibration, calibrate
from circuits.variation.chip_spread import Condition, Shifts, Silicon, below_floor, perturbed
from snn.networks.reservoir import Response, engine_energy
from snn.networks.reservoir_model import ReservoirModel
from snn.networks.spike_bins import count_features
from snn.plasticity.least_squares import LinearReadout, fit_ridge


@dataclass(frozen=True, eq=False)
class Driven:
    """Clips as a chip meets them, see `chip_inputs`, and their labels `(clip,)`."""

    inputs: Sequence[np.ndarray | SpikeTrains]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Chip:
    """One piece of silicon, how it is calibrated (None: not at all), and what reads it."""

    silicon: Silicon
    calibration: Calibration | None
    readout: LinearReadout


@dataclass(frozen=True)
class ChipResult:
    """Means over the clips; energy as the transient engine integrates it."""

    accuracy: float
    energy: Ledger[float]
    spikes: float
    at_limit: bool  # a bias DAC has come to its end
    below_floor: int  # devices whose current no gate bias reaches: simulated as if one did


def run_chip(model: ReservoirModel, chip: Chip, condition: Condition, clips: Driven) -> ChipResult:
    """Calibrate the chip where it works, if at all, and run the clips on it."""
    knobs, network, responses = _run(model, chip, condition, clips)
    return ChipResult(
        accuracy=chip.readout.accuracy(_features(model, responses), clips.labels),
        energy=engine_energy(responses),
        spikes=float(np.mean([response.spikes.times.size for response in responses])),
        at_limit=bool(chip.calibration and chip.calibration.at_limit(knobs)),
        below_floor=below_floor(network, condition),
    )


def retrained(model: ReservoirModel, chip: Chip, condition: Condition, clips: Driven) -> LinearReadout:
    """Least squares on what this chip does to training clips, with the regularisation of the model's own readout."""
    _, _, responses = _run(model, chip, condition, clips)
    n_labels = len(model.readout.bias)
    return fit_ridge(_features(model, responses), clips.labels, n_labels, model.readout.regularisation)


def _run(
    model: ReservoirModel, chip: Chip, condition: Condition, clips: Driven
) -> tuple[Shifts, ChipNetwork, list[Response]]:
    """The knobs that were found, the network as it then is, and its responses."""
    reservoir = model.reservoir
    nominal, how = reservoir.chip, chip.calibration
    knobs = {} if how is None else calibrate(nominal, condition, chip.silicon, how)
    there, neurons = perturbed(nominal, condition, chip.silicon, knobs)
    return knobs, there, replace(reservoir, chip=there).respond_all(clips.inputs, neurons, n_jobs=1)


def _features(model: ReservoirModel, responses: Sequence[Response]) -> np.ndarray:
    """Counts of the reservoir's neurons in the bins of the readout, `(clip, bin * neuron)`."""
    n_input = model.reservoir.n_input
    trains = [response.spikes.select(n_input, response.spikes.n_neurons) for response in responses]
    return count_features(trains, model.settings.readout)
