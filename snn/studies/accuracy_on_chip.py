"""How accurate a run is on the silicon of a chip: mean and deviation over pieces of it, where this is known how to ask.

`AccuracyOf` is the hook of the page: whatever evaluates a run on a chip can stand in for `accuracy_on_chip`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from circuits.chips import Chip, load_chip
from snn.experiments.run_folder import Run
from snn.reporter import Reporter
from snn.studies.evaluate_on_chip import evaluate_on_chip
from snn.studies.evaluate_on_silicon import Pieces

ALIKE = "every such chip computes the same, at any age"


@dataclass(frozen=True)
class ChipAccuracy:
    """On the test clips; deviation over `n_chips` pieces of silicon, None of a single one or where all are alike."""

    mean: float
    deviation: float | None
    n_chips: int
    how: str


AccuracyOf = Callable[[Run, str, Pieces, Reporter], ChipAccuracy | None]  # None: nothing evaluates this chip


def accuracy_on_chip(run: Run, chip: str, asked: Pieces, reporter: Reporter) -> ChipAccuracy | None:
    """As `snn evaluate --chip` tells it, of as many pieces as can differ, and as old as the chip can be.

    Raises: MappingError, InputError as `evaluate_on_chip`.
    """
    technology = load_chip(chip)
    pieces = pieces_that_differ(technology, asked)
    found = evaluate_on_chip(run, chip, reporter=reporter, pieces=pieces)
    return ChipAccuracy(found["accuracy"], found.get("accuracy_deviation"), pieces.seeds, how_asked(technology, pieces))


def pieces_that_differ(chip: Chip, asked: Pieces) -> Pieces:
    """What can be asked of this chip where several chips are asked at once: one of those that are alike, none older
    than it matters."""
    return Pieces(1 if chip.alike else asked.seeds, asked.age if chip.ages else 0.0)


def how_asked(chip: Chip, pieces: Pieces) -> str:
    """Which pieces an accuracy is of, in words."""
    if chip.alike and not chip.ages:
        return ALIKE
    if not chip.ages:
        return "on silicon, which does not age"
    return f"on silicon, {pieces.age:g} s after it was written" if pieces.age else "on silicon, fresh"
