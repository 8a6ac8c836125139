"""How accurate a run is on the silicon of a chip: mean and deviation over pieces of it, where this is known how to ask.

`AccuracyOf` is the hook of the page: whatever evaluates a run on a chip can stand in for `accuracy_on_chip`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from circuits.chips import load_chip
from snn.experiments.run_folder import Run
from snn.reporter import Reporter
from snn.studies.evaluate_on_chip import evaluate_on_chip
from snn.studies.evaluate_on_silicon import Pieces

ALIKE = "in whole numbers: every such chip computes the same, at any age"


@dataclass(frozen=True)
class ChipAccuracy:
    """On the test clips; deviation over `n_chips` pieces of silicon, None of a single one or where all are alike."""

    mean: float
    deviation: float | None
    n_chips: int
    how: str


AccuracyOf = Callable[[Run, str, Pieces, Reporter], ChipAccuracy | None]  # None: nothing evaluates this chip


def accuracy_on_chip(run: Run, chip: str, asked: Pieces, reporter: Reporter) -> ChipAccuracy | None:
    """As `snn evaluate --chip` tells it. Raises: MappingError, InputError as `evaluate_on_chip`."""
    if getattr(load_chip(chip), "integer_bits", None) is not None:
        return ChipAccuracy(evaluate_on_chip(run, chip, reporter=reporter)["accuracy"], None, 1, ALIKE)
    found = evaluate_on_chip(run, chip, reporter=reporter, pieces=asked)
    age = f"{asked.age:g} s after it was written" if asked.age else "fresh"
    return ChipAccuracy(found["accuracy"], found["accuracy_deviation"], asked.seeds, f"on silicon, {age}")
