"""A run on pieces of an analog crossbar chip: accuracy over age, compensated or not, balanced or not; layer by layer.

The same pieces of silicon at every age, each with its devices, their drift and its converters; a layer's sensitivity is
what the network loses with that layer on its arrays, all others exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from circuits.chips.analog_crossbar import AnalogCrossbar
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from circuits.nonideal.analog_network import Arrays, exact_arrays
from circuits.nonideal.layer_sensitivity import sensitivity
from circuits.units import Seconds
from snn.audio.examples import Examples
from snn.experiments.run_folder import Run
from snn.reporter import Reporter
from snn.studies.evaluate_on_silicon import Heard, Pieces, heard_by

AGES: dict[str, Seconds] = {"written": 0.0, "1 hour": 3600.0, "1 day": 86400.0, "1 week": 604800.0}


@dataclass(frozen=True)
class AnalogRow:
    """One condition: `accuracies` of each piece of silicon."""

    age: str
    age_s: Seconds
    compensated: bool
    balanced: bool
    layer: str  # the only one on arrays; "all" of them
    accuracies: tuple[float, ...]

    def as_dict(self, ideal: float) -> dict[str, Any]:
        """What `snn spread --chip --json` prints of it; ideal: the accuracy of the network as trained."""
        found = np.array(self.accuracies)
        return {
            "age": self.age,
            "compensated": self.compensated,
            "balanced": self.balanced,
            "layer": self.layer,
            "accuracy_mean": float(found.mean()),
            "accuracy_deviation": float(found.std(ddof=1)) if len(found) > 1 else None,
            "accuracy_change": float(found.mean()) - ideal,
            "accuracy_min": float(found.min()),
            "age_s": self.age_s,
        }


@dataclass(frozen=True)
class AnalogSpread:
    """A whole study; ideal: the accuracy of the network as trained on the same clips; notes: of layers' devices."""

    chip: str
    n_seeds: int
    n_clips: int
    ideal: float
    rows: tuple[AnalogRow, ...]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """What `snn spread --chip --json` prints."""
        return {
            "chip": self.chip,
            "n_seeds": self.n_seeds,
            "n_clips": self.n_clips,
            "float_accuracy": self.ideal,
            **({"notes": list(self.notes)} if self.notes else {}),
            "rows": [row.as_dict(self.ideal) for row in self.rows],
        }


def analog_spread(
    run: Run, chip: AnalogCrossbar, examples: Examples[Any], pieces: Pieces, reporter: Reporter = Reporter()
) -> AnalogSpread:
    """Accuracy on so many pieces at every age and way of reading, then of each layer alone as the chip is, at the end.

    Raises: MappingError for a network that does not fit; InputError for a reservoir.
    """
    if broken := chip.check(run.network()):
        raise MappingError(broken)
    heard = heard_by(run, examples, reporter)
    ideal = heard.accuracy(heard.net, exact_arrays(heard.net), np.random.default_rng(0))
    rows = tuple(_rows(heard, chip, pieces.seeds, reporter))
    return AnalogSpread(chip.name, pieces.seeds, len(heard.labels), ideal, rows, chip.devices(heard.net).notes)


def require_crossbar(chip: Any) -> AnalogCrossbar:
    """The chip, if it is one. Raises: InputError for another kind."""
    if not isinstance(chip, AnalogCrossbar):
        raise InputError(
            f"{chip.name} is no analog crossbar: give --chip ibm-analog-14nm, or leave it out for BTBT reservoirs; "
            f"any chip is evaluated by `snn evaluate RUN --chip {chip.name}`"
        )
    return chip


def _rows(heard: Heard, chip: AnalogCrossbar, n_seeds: int, reporter: Reporter) -> Iterator[AnalogRow]:
    ways = list(product(AGES, (True, False), (True, False)))
    for done, (age, compensated, balanced) in enumerate(ways, 1):
        if age == "written" and not compensated:
            continue  # nothing has drifted yet
        one = replace(chip, compensated=compensated, balanced=balanced)
        every = (_arrays(heard, one, seed, AGES[age]) for seed in range(n_seeds))
        found = tuple(heard.accuracy(heard.net, arrays, reading) for arrays, reading in every)
        yield AnalogRow(age, AGES[age], compensated, balanced, "all", found)
        reporter.on_stage("ageing pieces", done, len(ways))
    yield from _layer_by_layer(heard, chip, n_seeds, reporter)


def _layer_by_layer(heard: Heard, chip: AnalogCrossbar, n_seeds: int, reporter: Reporter) -> Iterator[AnalogRow]:
    """Each layer alone on its arrays, at the last age."""
    age = list(AGES)[-1]
    found: dict[str, list[float]] = {}
    for seed in range(n_seeds):
        arrays, reading = _arrays(heard, chip, seed, AGES[age])
        for name, mixed in sensitivity(heard.net, arrays).items():
            found.setdefault(name, []).append(heard.accuracy(heard.net, mixed, reading))
        reporter.on_stage("layer by layer", seed + 1, n_seeds)
    for name, accuracies in found.items():
        yield AnalogRow(age, AGES[age], chip.compensated, chip.balanced, name, tuple(accuracies))


def _arrays(heard: Heard, chip: AnalogCrossbar, seed: int, age: Seconds) -> tuple[Arrays, np.random.Generator]:
    """Those of `snn evaluate --seeds`, and what draws the noise of reading them."""
    rng, reading = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    return chip.arrays(heard.net, heard.seen, rng, age), reading
