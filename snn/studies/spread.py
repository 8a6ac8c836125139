"""A trained reservoir on many chips: accuracy and energy over mismatch, temperature, supply and age.

The same chips at every condition, read by the readout of the nominal chip: as made, calibrated by one gate bias for
each line (`chip_calibration`), with a trim for each input neuron besides, and with a readout of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.processes import n_threads
from circuits.units import require
from circuits.variation.chip_calibration import CALIBRATION, Calibration
from circuits.variation.chip_spread import TYPICAL, Condition, Leak, draw_silicon
from circuits.variation.mismatch import Spread
from snn.data.corpora.splits import Split
from snn.experiments.read_clips import open_data, read_clips
from snn.experiments.run_folder import Run, require_kind
from snn.networks.reservoir_model import ReservoirModel
from snn.reporter import Reporter
from snn.studies.one_chip import Chip, ChipResult, Driven, retrained, run_chip

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
OTHERS = "for other networks name --chip, an analog crossbar, or --mismatch"
MOST_CHIPS = 10_000  # ASSUMED: far more than a percentile needs


@dataclass(frozen=True)
class StudyConfig:
    """What a study runs."""

    n_chips: int = 10
    n_clips: int | None = 100  # of the test split, evenly spaced; None: all
    n_train: int = 0  # training clips, evenly spaced, on which each chip's readout is fitted anew; 0: none is
    seed: int = 0
    leak: Leak = "body"
    spread: Spread = field(default_factory=Spread)

    def __post_init__(self):
        if not 1 <= self.n_chips <= MOST_CHIPS or (self.n_clips is not None and self.n_clips < 1):
            raise InputError(f"chips = {self.n_chips}, clips = {self.n_clips}; give 1 to {MOST_CHIPS:,} and at least 1")
        for name in ("n_train", "seed"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")


CONFIG = StudyConfig()


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
        return np.array([chip.energy.total for chip in self.chips])

    def as_dict(self) -> dict[str, Any]:
        """What `snn spread --json` prints of it."""
        condition, accuracy = self.condition, self.accuracy
        return {
            "condition": condition.label or self.sweep,
            "variant": self.variant,
            "accuracy_mean": float(accuracy.mean()),
            "accuracy_min": float(accuracy.min()),
            "energy_mean_j": float(self.energy.mean()),
            "sweep": self.sweep,
            "temperature_k": condition.temperature,
            "supply": condition.supply,
            "years": condition.years,
            "process": condition.process,
            "n_chips": len(self.chips),
            "accuracy_p5": float(np.percentile(accuracy, 5)),
            "static_mean_j": float(np.mean([chip.energy["static"] for chip in self.chips])),
            "spikes_mean": float(np.mean([chip.spikes for chip in self.chips])),
            "chips_at_dac_limit": sum(chip.at_limit for chip in self.chips),
            "devices_below_floor": float(np.mean([chip.below_floor for chip in self.chips])),
        }


@dataclass(frozen=True, eq=False)
class SpreadStudy:
    """A whole study: the nominal row first."""

    config: StudyConfig
    n_clips: int
    n_train: int  # clips that a readout was retrained on
    circuit: LIFCircuit  # at nominal
    rows: tuple[SpreadRow, ...]


def spread_study(
    model: ReservoirModel,
    clips: Driven,
    config: StudyConfig = CONFIG,
    train: Driven | None = None,
    n_jobs: int = -1,
    reporter: Reporter = Reporter(),
) -> SpreadStudy:
    """The nominal chip, then every sweep and variant. Results do not depend on `n_jobs` (threads, -1 one per core).

    With clips to `train` on there is the variant "retrained": trimmed, and read by a readout that was fitted on each
    chip at the nominal condition.
    """
    typical, nominal = model.reservoir.chip, Condition(leak=config.leak)
    draws = (np.random.default_rng((config.seed, k)) for k in range(config.n_chips))
    silicon = [draw_silicon(typical, config.spread, rng) for rng in draws]
    variants = {name: [Chip(one, how, model.readout) for one in silicon] for name, how in VARIANTS.items()}
    share = partial(_shared, n_jobs=n_jobs, reporter=reporter)
    if train is not None:
        fitted = share(retrained, "training readouts", [(model, chip, nominal, train) for chip in variants["trimmed"]])
        variants["retrained"] = [replace(chip, readout=next(fitted)) for chip in variants["trimmed"]]
    table = [("nominal", nominal, "as made", [Chip(TYPICAL, None, model.readout)])]
    table += [
        (sweep, replace(condition, leak=config.leak), variant, chips)
        for sweep, conditions in SWEEPS.items()
        for condition in conditions
        for variant, chips in variants.items()
    ]
    work = [(model, chip, condition, clips) for _, condition, _, chips in table for chip in chips]
    results = share(run_chip, "running chips", work)
    rows = [SpreadRow(*where, tuple(next(results) for _ in chips)) for *where, chips in table]
    return SpreadStudy(config, len(clips), 0 if train is None else len(train), typical.circuit, tuple(rows))


def _shared(function: Callable, what: str, work: list[tuple], n_jobs: int, reporter: Reporter) -> Iterator[Any]:
    """Results in order of the work, from threads."""
    tasks = (delayed(function)(*arguments) for arguments in work)
    threads = Parallel(n_threads(n_jobs, len(work)), prefer="threads", return_as="generator")
    for done, result in enumerate(threads(tasks), 1):
        reporter.on_stage(what, done, len(work))
        yield result


def study_run(run: Run, config: StudyConfig = CONFIG, n_jobs: int = -1, reporter: Reporter = Reporter()) -> SpreadStudy:
    """`spread_study` of a reservoir's run on clips of its own splits.

    Raises: InputError for another kind of run; as `snn.audio.examples.load_examples`.
    """
    model, recipe = require_kind(run, "reservoir", OTHERS).model, run.recipe
    corpus = open_data(recipe, run.data)

    def some(split: Split, count: int | None) -> Driven:
        examples = read_clips(recipe, corpus, split, model.front_end, reporter)
        n = len(examples)
        chosen = np.linspace(0, n - 1, min(count or n, n)).round().astype(int)
        return Driven(model.drive([examples.features[i] for i in chosen]), examples.labels.numpy()[chosen])

    train = some("train", config.n_train) if config.n_train else None
    return spread_study(model, some("test", config.n_clips), config, train, n_jobs, reporter)
