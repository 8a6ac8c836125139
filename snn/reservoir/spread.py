"""A trained reservoir on many chips: accuracy and energy over mismatch, temperature, supply and age.

The same chips at every condition, with the readout that was trained at nominal: as made, calibrated by one gate bias
for each line (`circuits.chip_calibration`), and with a trim for each input neuron besides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from circuits.chip_calibration import CALIBRATION, Calibration, calibrate
from circuits.chip_spread import TYPICAL, Condition, Leak, Silicon, below_floor, draw_silicon, perturbed
from circuits.neuron import LIFCircuit
from circuits.spikes import SpikeTrains
from circuits.spread import Spread
from circuits.units import Joules
from snn.data.corpus import open_corpus
from snn.reporter import Reporter
from snn.reservoir.bins import count_features
from snn.reservoir.clips import chip_inputs
from snn.reservoir.experiment import split_clips
from snn.reservoir.measure import engine_energy
from snn.reservoir.run import ReservoirModel, ReservoirRun

COLD, HOT = 233.15, 398.15  # K: -40 and 125 degrees Celsius
SWEEPS: dict[str, tuple[Condition, ...]] = {
    "mismatch": (Condition(),),
    "temperature": tuple(Condition(temperature=kelvin) for kelvin in (COLD, 273.15, 348.15, HOT)),
    "supply": (Condition(supply=0.9), Condition(supply=1.1)),
    "years": (Condition(years=1.0), Condition(years=10.0)),
    "corner": (Condition(COLD, 0.9, 10.0, "SS"), Condition(HOT, 1.1, 0.0, "FF")),
}  # all with mismatch; ASSUMED: the slow corner is also the old one, the fast one is new
VARIANTS: dict[str, Calibration | None] = {
    "as made": None,
    "calibrated": CALIBRATION,
    "trimmed": Calibration(trim_bits=6),
}


@dataclass(frozen=True)
class StudyConfig:
    """What a study runs."""

    n_chips: int = 10
    n_clips: int | None = 100  # of the test split, evenly spaced; None: all
    seed: int = 0
    leak: Leak = "held"
    spread: Spread = field(default_factory=Spread)

    def __post_init__(self):
        if self.n_chips < 1 or (self.n_clips is not None and self.n_clips < 1):
            raise ValueError(f"chips = {self.n_chips}, clips = {self.n_clips}; give at least 1 of each")
        if self.seed < 0:
            raise ValueError(f"seed = {self.seed}; it must be zero or positive")


@dataclass(frozen=True, eq=False)
class ChipResult:
    """One chip at one condition: mean over the clips, energy (J) as the transient engine integrates it."""

    accuracy: float
    energy: dict[str, Joules]
    spikes: float
    at_limit: bool  # a bias DAC has come to its end
    below_floor: int  # devices whose current no gate bias reaches: simulated as if one did


@dataclass(frozen=True, eq=False)
class SpreadRow:
    """Every chip at one condition; the nominal row is the one typical chip, without mismatch."""

    sweep: str
    condition: Condition
    variant: str
    chips: tuple[ChipResult, ...]

    @property
    def accuracy(self) -> np.ndarray:
        """`(chip,)`."""
        return np.array([chip.accuracy for chip in self.chips])

    @property
    def energy(self) -> np.ndarray:
        """Of a clip, `(chip,)` (J)."""
        return np.array([sum(chip.energy.values()) for chip in self.chips])

    def as_dict(self) -> dict[str, Any]:
        """What `snn spread --json` prints of it."""
        condition, accuracy = self.condition, self.accuracy
        return {
            "sweep": self.sweep,
            "temperature_k": condition.temperature,
            "supply": condition.supply,
            "years": condition.years,
            "process": condition.process,
            "variant": self.variant,
            "n_chips": len(self.chips),
            "accuracy_mean": float(accuracy.mean()),
            "accuracy_p5": float(np.percentile(accuracy, 5)),
            "accuracy_min": float(accuracy.min()),
            "energy_j_mean": float(self.energy.mean()),
            "static_j_mean": float(np.mean([chip.energy["static"] for chip in self.chips])),
            "spikes_mean": float(np.mean([chip.spikes for chip in self.chips])),
            "chips_at_dac_limit": sum(chip.at_limit for chip in self.chips),
            "devices_below_floor": float(np.mean([chip.below_floor for chip in self.chips])),
        }


@dataclass(frozen=True, eq=False)
class SpreadStudy:
    """A whole study: the nominal row first."""

    config: StudyConfig
    n_clips: int
    circuit: LIFCircuit  # at nominal
    rows: tuple[SpreadRow, ...]


def spread_study(
    model: ReservoirModel,
    inputs: Sequence[np.ndarray | SpikeTrains],
    labels: np.ndarray,
    config: StudyConfig = StudyConfig(),
    n_jobs: int = -1,
    reporter: Reporter = Reporter(),
) -> SpreadStudy:
    """The nominal chip, then every sweep and variant. Results do not depend on `n_jobs` (threads, -1 one per core).

    Args:  inputs: what drives the chip in each clip, see `chip_inputs`.   labels: `(clip,)`.
    """
    net = model.reservoir.network
    chips = [draw_silicon(net, config.spread, np.random.default_rng((config.seed, k))) for k in range(config.n_chips)]
    table = [("nominal", Condition(leak=config.leak), "as made", [TYPICAL])]
    table += [
        (sweep, replace(condition, leak=config.leak), variant, chips)
        for sweep, conditions in SWEEPS.items()
        for condition in conditions
        for variant in VARIANTS
    ]
    work = [
        delayed(chip_result)(model, inputs, labels, condition, silicon, VARIANTS[variant])
        for _, condition, variant, those in table
        for silicon in those
    ]
    results = _counted(Parallel(n_jobs, prefer="threads", return_as="generator")(work), len(work), reporter)
    rows = tuple(
        SpreadRow(sweep, condition, variant, tuple(next(results) for _ in those))
        for sweep, condition, variant, those in table
    )
    return SpreadStudy(config, len(labels), net.circuit, rows)


def _counted(results: Iterator[ChipResult], total: int, reporter: Reporter) -> Iterator[ChipResult]:
    for done, result in enumerate(results, 1):
        reporter.on_stage("running chips", done, total)
        yield result


def chip_result(
    model: ReservoirModel,
    inputs: Sequence[np.ndarray | SpikeTrains],
    labels: np.ndarray,
    condition: Condition,
    silicon: Silicon,
    calibration: Calibration | None,
) -> ChipResult:
    """Run the clips on one chip at one condition, calibrated there or, with None, as it is."""
    reservoir = model.reservoir
    knobs = {} if calibration is None else calibrate(reservoir.network, condition, silicon, calibration)
    network, neurons = perturbed(reservoir.network, condition, silicon, knobs)
    responses = replace(reservoir, network=network).respond_all(inputs, neurons, n_jobs=1)
    trains = [response.spikes.select(reservoir.n_input, response.spikes.n_neurons) for response in responses]
    return ChipResult(
        accuracy=model.readout.accuracy(count_features(trains, model.recipe.readout), labels),
        energy=engine_energy(responses),
        spikes=float(np.mean([response.spikes.times.size for response in responses])),
        at_limit=bool(calibration and calibration.at_limit(knobs)),
        below_floor=below_floor(network, condition),
    )


def study_run(
    run: ReservoirRun, config: StudyConfig = StudyConfig(), n_jobs: int = -1, reporter: Reporter = Reporter()
) -> SpreadStudy:
    """`spread_study` of a run on clips of its own test split. Raises: as `snn.reservoir.clips.load_clips`."""
    corpus = open_corpus(run.data, task=run.recipe.data.task, split=run.recipe.data.split)
    clips = split_clips(run.recipe, corpus, "test", run.sample_rate, reporter)
    count = min(config.n_clips or len(clips), len(clips))
    chosen = np.linspace(0, len(clips) - 1, count).round().astype(int)
    inputs = chip_inputs([clips.rows[i] for i in chosen], run.model.scale, run.recipe)
    return spread_study(run.model, inputs, clips.labels[chosen], config, n_jobs, reporter)
