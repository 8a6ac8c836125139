"""How accurate a run is on the silicon of a chip: mean and deviation over pieces of it, where this is known how to ask.

`AccuracyOf` is the hook of the page: whatever evaluates a run on a chip can stand in for `accuracy_on_chip`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from circuits.errors import InputError
from circuits.units import YEAR, Seconds, quantity
from snn.experiments.run_folder import Run
from snn.reporter import Reporter

DAY: Seconds = 86_400.0
LONGER: dict[str, Seconds] = {  # what people write, and no prefix of a second is
    "min": 60.0, "h": 3_600.0, "hour": 3_600.0, "hours": 3_600.0, "day": DAY, "days": DAY, "week": 7 * DAY,
    "weeks": 7 * DAY, "year": YEAR, "years": YEAR,
}  # fmt: skip


@dataclass(frozen=True)
class AccuracyRequest:
    """How many pieces of silicon, and how long after they were written or first used."""

    seeds: int = 1
    age: Seconds = 0.0

    def __post_init__(self):
        if not self.seeds >= 1:
            raise InputError(f"seeds = {self.seeds}: give at least 1 piece of silicon")
        if not 0 <= self.age < math.inf:
            raise InputError(f"age = {self.age:g} s: give zero or a positive time, 1week for example")


@dataclass(frozen=True)
class ChipAccuracy:
    """On the test clips; deviation over `n_chips` pieces of silicon, None of a single one or where all are alike."""

    mean: float
    deviation: float | None
    n_chips: int
    how: str


AccuracyOf = Callable[[Run, str, AccuracyRequest, Reporter], ChipAccuracy | None]


def accuracy_on_chip(run: Run, chip: str, asked: AccuracyRequest, reporter: Reporter) -> ChipAccuracy | None:
    """The accuracy of a run on a chip that computes in whole numbers; None for a chip that nothing here evaluates.

    Raises: MappingError, InputError as `evaluate_on_chip`.
    """
    from circuits.chips import load_chip
    from snn.studies.evaluate_on_chip import evaluate_on_chip

    del asked  # a digital chip neither ages nor differs from the next
    if getattr(load_chip(chip), "integer_bits", None) is None:
        return None
    found = evaluate_on_chip(run, chip, reporter=reporter)
    return ChipAccuracy(found["accuracy"], None, 1, "in whole numbers: every such chip computes the same")


def age_of(text: str) -> Seconds:
    """A time with its unit, `1week`, `10 min`, `3600`, in seconds. Raises: InputError for what is none."""
    number = text.strip().rstrip("abcdefghijklmnopqrstuvwxyz ")
    if (unit := text.strip()[len(number) :].strip()) in LONGER:
        return quantity(number, "s", "age") * LONGER[unit]
    return quantity(text, "s", "age")
