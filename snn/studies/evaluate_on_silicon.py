"""A run on chips that differ: how often its network is right on several pieces of a silicon, fresh or aged.

A chip with arrays makes the products by them, through its converters; any other computes what its `realise` gives.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from circuits.chips import Chip
from circuits.chips.analog_crossbar import AnalogCrossbar
from circuits.chips.btbt_core import BTBTCore
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from circuits.network.spec import NetworkSpec
from circuits.nonideal.analog_network import Arrays, exact_arrays, inputs_of_layers, run_arrays
from circuits.units import Seconds, require
from snn.audio.examples import Examples
from snn.experiments.model import Model
from snn.experiments.run_folder import ACTIVITY, Run, load_activity
from snn.networks.spiking_model import SpikingModel
from snn.reporter import Reporter
from snn.studies.network_inputs import calibration_clips, network_inputs, scores_of

MOST_SEEDS = 10_000  # ASSUMED: far more than a deviation needs


@runtime_checkable
class HasArrays(Protocol):
    """A chip that multiplies in an analog memory."""

    def arrays(
        self, net: NetworkSpec, seen: Mapping[str, np.ndarray], rng: np.random.Generator, age: Seconds = 0.0
    ) -> Arrays:
        """What one piece of silicon, drawn by `rng`, holds of the network `age` (s) after it was written."""


@dataclass(frozen=True)
class Pieces:
    """Which pieces of silicon: one for each seed from 0 on, `age` (s) after they were written or first used."""

    seeds: int = 1
    age: Seconds = 0.0

    def __post_init__(self):
        require(self, "seeds", 1 <= self.seeds <= MOST_SEEDS, f"1 to {MOST_SEEDS:,}")
        require(self, "age", 0 <= self.age < np.inf, "zero or more seconds")


def require_pieces(chip: Chip, pieces: Pieces) -> None:
    """Raises: InputError for an age of a chip that does not age, or several pieces of one whose pieces are alike."""
    if pieces.age and not chip.ages:
        raise InputError(
            f"--age {pieces.age:g} s: what {chip.name} computes does not change with its age; leave out --age"
        )
    if pieces.seeds > 1 and chip.alike:
        raise InputError(f"--seeds {pieces.seeds}: every piece of {chip.name} computes the same; leave out --seeds")


@dataclass(frozen=True, eq=False)
class Heard:
    """A network, what it hears of the clips to test, and of training clips, by which converters are set."""

    net: NetworkSpec
    spiking: bool
    batches: tuple[np.ndarray, ...]
    labels: np.ndarray
    n_labels: int
    seen: Mapping[str, np.ndarray] = field(default_factory=dict)  # what drives each layer's lines

    def predicted(self, net: NetworkSpec, arrays: Arrays, rng: np.random.Generator) -> np.ndarray:
        """`(clip,)`, with the products made by these arrays."""
        outputs = (run_arrays(net, arrays, x, rng) for x in self.batches)
        return np.concatenate([scores_of(out, self.spiking).argmax(axis=1) for out in outputs])

    def accuracy(self, net: NetworkSpec, arrays: Arrays, rng: np.random.Generator) -> float:
        """Of a network in the place of the model's own, with the products made by these arrays."""
        return float(np.mean(self.predicted(net, arrays, rng) == self.labels))

    def confusion(self, predicted: np.ndarray) -> np.ndarray:
        """`confusion[target, predicted]` counts clips."""
        return np.bincount(self.labels * self.n_labels + predicted, minlength=self.n_labels**2).reshape(
            self.n_labels, self.n_labels
        )


def require_steps(run: Run) -> None:
    """Raises: InputError for a network in a time of its own."""
    if run.network().event_driven:
        raise InputError(
            f"{run.folder} holds a reservoir, whose network has no time steps: evaluate its chips by `snn spread`"
        )


def heard_by(run: Run, examples: Examples[Any], reporter: Reporter = Reporter()) -> Heard:
    """The clips as the network of a run takes them. Raises: InputError for a network in a time of its own."""
    require_steps(run)
    net = run.network()
    calibration = np.concatenate(list(network_inputs(run.model, calibration_clips(run, reporter))))
    return replace(clips_heard(run.model, examples), seen=inputs_of_layers(net, calibration))


def clips_heard(model: Model, examples: Examples[Any]) -> Heard:
    """The same without training clips, for products without converters."""
    return Heard(
        net=model.network(),
        spiking=isinstance(model, SpikingModel),
        batches=tuple(network_inputs(model, examples)),
        labels=examples.labels.numpy(),
        n_labels=len(model.labels),
    )


def on_pieces(heard: Heard, chip: Chip, pieces: Pieces, reporter: Reporter = Reporter()) -> Iterator[np.ndarray]:
    """Labels predicted, `(clip,)`, on each piece of silicon in turn. Raises: MappingError."""
    if broken := chip.check(heard.net):
        raise MappingError(broken)
    for seed in range(pieces.seeds):
        rng, reading = (np.random.default_rng([seed, stream]) for stream in (0, 1))
        if isinstance(chip, HasArrays):
            yield heard.predicted(heard.net, chip.arrays(heard.net, heard.seen, rng, pieces.age), reading)
        else:
            real = chip.realise(heard.net, rng, pieces.age)
            yield heard.predicted(real, exact_arrays(real), reading)
        reporter.on_stage(f"running pieces of {chip.name}", seed + 1, pieces.seeds)


def at_its_speed(chip: Chip, run: Run) -> Chip:
    """The chip at the speed that its energy is charged for, as far as speed changes what a chip computes.

    Where the run has no activity nobody knows the cheapest speed; the chip is then at the largest.
    """
    if not isinstance(chip, BTBTCore) or not (run.folder / ACTIVITY).exists():
        return chip
    return chip.settled(run.network(), load_activity(run.folder, run.network()))


def evaluate_on_silicon(
    run: Run, chip: Chip, examples: Examples[Any], pieces: Pieces, reporter: Reporter = Reporter()
) -> dict[str, Any]:
    """Mean accuracy and its deviation over pieces of silicon: what `snn evaluate --chip --json` prints.

    Raises: MappingError for a network that does not fit; InputError for one without time steps, for bias devices, or
    as `require_pieces`.
    """
    require_pieces(chip, pieces)
    if broken := chip.check(run.network()):
        raise MappingError(broken)
    require_steps(run)
    chip = at_its_speed(chip, run)
    heard = heard_by(run, examples, reporter)
    ideal = heard.accuracy(heard.net, exact_arrays(heard.net), np.random.default_rng(0))
    predicted = list(on_pieces(heard, chip, pieces, reporter))
    found = np.array([np.mean(each == heard.labels) for each in predicted])
    speed = {"acceleration": chip.speed_for(heard.net)} if isinstance(chip, BTBTCore) else {}
    notes = chip.devices(heard.net).notes if isinstance(chip, AnalogCrossbar) else ()
    return {
        "chip": chip.name,
        **speed,
        **({"notes": list(notes)} if notes else {}),
        "age_s": pieces.age,
        "n_seeds": pieces.seeds,
        "accuracy": float(found.mean()),
        "accuracy_deviation": float(found.std(ddof=1)) if len(found) > 1 else None,
        "accuracies": found.tolist(),
        "float_accuracy": ideal,
        "accuracy_change": float(found.mean()) - ideal,
        "n_clips": len(heard.labels),
        "confusion": sum(heard.confusion(each) for each in predicted).tolist(),
        "labels": list(run.labels),
    }
