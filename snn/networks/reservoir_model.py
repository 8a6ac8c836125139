"""A reservoir as a model: a wired chip and what reads it, run on examples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from circuits.chips.front_end_ledger import Sensed
from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.network.spikes import SpikeTrains
from circuits.storage import reading
from circuits.tables import record
from circuits.units import require
from snn.audio.ear_rows import EarRows, SignalRows
from snn.audio.examples import Examples
from snn.audio.sensed import sensed_by
from snn.networks.answers import Answers
from snn.networks.reservoir import Heard, Reservoir, Wires, build_reservoir, draw_wiring, measure, run_clips
from snn.networks.reservoir_settings import ReservoirSettings
from snn.networks.spike_bins import count_features, gated
from snn.networks.tuning import Tuning, chip_inputs, n_lines, tune
from snn.plasticity.least_squares import LinearReadout
from snn.plasticity.online_rule import Recognition, recognise
from snn.reporter import Reporter
from snn.tensors import Shapes, load_tensors, require_shapes, save_tensors

MOST_LINES = 2**16  # of inputs
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class ReservoirAnswers(Answers):
    """The linear readout's scores; what the chip did, and what the readout that learns on chip recognised."""

    heard: Heard
    recognition: Recognition | None = None  # None where no readout has learned on chip


@dataclass(frozen=True, eq=False)
class ReservoirModel:
    """A wired chip and what reads it: `readout` off chip, `online` the weights that the chip has learned by itself.

    `online` is `(line, label)`, empty without that rule.
    """

    settings: ReservoirSettings
    front_end: EarRows | SignalRows
    labels: tuple[str, ...]
    tuning: Tuning
    wires: Wires
    readout: LinearReadout
    online: np.ndarray

    engines = ("transient",)  # what runs it, see `circuits.transient`

    @cached_property
    def reservoir(self) -> Reservoir:
        """The chip."""
        return build_reservoir(self.settings, self.tuning.scale, self.wires)

    def network(self) -> NetworkSpec:
        """The chip as plain data, in its own time."""
        return self.reservoir.network

    def chip(self) -> ChipNetwork:
        """The network on the circuit that it was trained for, in the time of the chip."""
        return self.reservoir.chip

    def sensed(self, activity: Activity) -> Sensed | None:
        """What the clips of that activity were made to, in real time: its own is that of the chip."""
        return sensed_by(self.front_end, activity.duration * self.reservoir.acceleration)

    def to(self, device: torch.device) -> "ReservoirModel":
        """Itself: it runs on the CPU, wherever that is asked for."""
        del device
        return self

    def drive(self, rows: Sequence[np.ndarray]) -> list[np.ndarray | SpikeTrains]:
        """What drives the chip in each clip of rows."""
        return chip_inputs(rows, self.tuning, self.settings)

    def hear(self, examples: Examples, reporter: Reporter = Reporter(), what: str = "running clips") -> Heard:
        """Every clip through the chip, each from rest."""
        return run_clips(self.reservoir, self.drive(examples.features), examples.labels.numpy(), reporter, what)

    def run(self, examples: Examples, engine: str = "transient", reporter: Reporter = Reporter()) -> ReservoirAnswers:
        """Answers of both readouts to every clip as it is, and the mean activity of one."""
        del engine  # there is one
        heard = self.hear(examples, reporter)
        recognition = None
        if self.online.size:
            recognition = recognise(gated(heard.reservoir, self.settings.readout), self.online, self.settings.rule())
        return ReservoirAnswers(
            scores=self.score(heard.reservoir),
            activity=measure(self.reservoir, heard.inputs, heard.responses),
            readouts={} if recognition is None else {"online": recognition.labels},
            heard=heard,
            recognition=recognition,
        )

    def score(self, spikes: Sequence[SpikeTrains]) -> np.ndarray:
        """The linear readout's scores of the reservoir's spikes in each clip, `(clip, label)`."""
        return self.readout.scores(count_features(spikes, self.settings.readout))

    def save(self, path: str | Path) -> None:
        """Write the model's tensors, whole or not at all."""
        arrays = {
            "tuning.scale": self.tuning.scale,
            "tuning.centre": self.tuning.centre,
            **{f"wires.{name}": array for name, array in self.wires._asdict().items()},
            "readout.weights": self.readout.weights,
            "readout.bias": self.readout.bias,
            "online": self.online,
        }
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array, dtype=float)) for name, array in arrays.items()}
        save_tensors(path, tensors, {"regularisation": self.readout.regularisation})


def draw_model(
    settings: ReservoirSettings, front_end: EarRows | SignalRows, labels: tuple[str, ...], train: Examples, seed: int
) -> ReservoirModel:
    """A chip tuned to training clips and wired at random, whose readouts have learned nothing yet."""
    tuning = tune(train.features, settings, bool(front_end.n_signals))
    wires = draw_wiring(settings, n_lines(tuning, settings), np.random.default_rng(seed))
    empty = np.zeros((settings.readout.n_bins * len(wires.tau_mem), len(labels)))
    readout = LinearReadout(empty, np.zeros(len(labels)), 0.0)
    return ReservoirModel(settings, front_end, labels, tuning, wires, readout, empty)


def load_model(
    path: str | Path, settings: ReservoirSettings, sample_rate: int | float, labels: tuple[str, ...]
) -> ReservoirModel:
    """Read a model's tensors. Raises: FileNotFoundError, or InputError for a damaged file."""
    with reading(path):
        tensors, metadata = load_tensors(path, lambda found: _require_shapes(found, settings, len(labels), path))
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        wires = Wires(*(arrays[f"wires.{name}"] for name in Wires._fields))
        low, high = settings.reservoir.tau_mem_s
        if not ((wires.tau_mem > low * (1 - ROUNDING)) & (wires.tau_mem < high * (1 + ROUNDING))).all():
            wrong = f"wires.tau_mem is {wires.tau_mem.min():g} to {wires.tau_mem.max():g} s, not in {low:g} to {high:g}"
            raise InputError(f"{path} does not fit config.toml ({wrong}); train again")
        tuning = Tuning(arrays["tuning.scale"], arrays["tuning.centre"])
        about = record(metadata, _Fit, f"{path} does not fit config.toml; train again: it")
        readout = LinearReadout(arrays["readout.weights"], arrays["readout.bias"], about.regularisation)
    front_end = settings.ear.at(sample_rate, tuning.centre.size)  # of the recipe and its data, not of this file
    with reading(path):
        model = ReservoirModel(settings, front_end, labels, tuning, wires, readout, arrays["online"])
        model.network()  # raises where the arrays make none
        return model


@dataclass(frozen=True)
class _Fit:
    """The number beside the arrays."""

    regularisation: float

    def __post_init__(self):
        require(self, "regularisation", self.regularisation >= 0, "zero or positive")


def _require_shapes(found: Shapes, settings: ReservoirSettings, n_labels: int, path: str | Path) -> None:
    """Raise InputError at the first array that is not of this lattice, these bins and labels."""
    wrong = f"{path} does not fit config.toml"
    n_scale, n_centre = (math.prod(found.get(f"tuning.{name}", ("", (0,)))[1]) for name in ("scale", "centre"))
    if not 1 <= n_scale <= MOST_LINES:
        raise InputError(f"{wrong} (tuning.scale is of {n_scale} lines, 1 to {MOST_LINES} are possible); train again")
    tuning = Tuning(np.ones(n_scale), np.zeros(n_scale // 4 if n_centre else 0))
    n = settings.reservoir.lattice.n_neurons
    counts = settings.readout.n_bins * n
    expected = {
        "tuning.scale": (n_scale,),
        "tuning.centre": tuning.centre.shape,
        "wires.weights": (n_lines(tuning, settings), n),
        "wires.recurrent": (n, n),
        "wires.tau_mem": (n,),
        "readout.weights": (counts, n_labels),
        "readout.bias": (n_labels,),
        "online": (counts, n_labels),
    }
    tensors = {name: torch.empty(shape, dtype=torch.float64, device="meta") for name, shape in expected.items()}
    require_shapes(found, tensors, wrong, "train again")
