"""How many dies a wafer gives: the area of one over that of the other, and with what the edge and the saw take.

    by area:  N = pi D^2 / (4 w h)                                     an upper bound, as articles for newcomers have it
    gross:    N = pi d^2 / (4 A) - pi d / sqrt(2 A),   d = D - 2 edge,   A = (w + scribe)(h + scribe)

The second term is what the rim cuts: dies along a circumference of pi d, each as wide as its diagonal sqrt(2 A).
Source of the second form: calculator.academy/die-per-wafer-calculator, whose 290 mm and 10.1 mm give 583.7 dies.
"""

import math
from dataclasses import dataclass

from circuits.errors import InputError
from circuits.units import Metres, SquareMetres, freeze_si, require, si

LARGEST: Metres = 0.45  # diameter of the largest wafers ever made


@dataclass(frozen=True)
class Wafer:
    """A round wafer. `edge` is the rim where nothing is printed, `scribe` the lane that the saw takes between dies."""

    diameter: Metres = 0.3
    edge: Metres = 3e-3  # ASSUMED, usual of 300 mm wafers
    scribe: Metres = 0.1e-3  # ASSUMED, from edge to edge of two dies

    def __post_init__(self):
        freeze_si(self)
        require(self, "diameter", 0 < self.diameter <= LARGEST, f"above 0 to {LARGEST} m; 12 inches are 0.3 m")
        require(self, "edge", 0 <= self.edge < self.diameter / 2, "0 to less than half the diameter")
        require(self, "scribe", self.scribe >= 0, "zero or positive")

    @property
    def usable(self) -> Metres:
        """Diameter of what is printed."""
        return self.diameter - 2 * self.edge


@dataclass(frozen=True)
class Die:
    """A rectangle of silicon, without its scribe lane."""

    width: Metres
    height: Metres

    def __post_init__(self):
        freeze_si(self)
        for name in ("width", "height"):
            require(self, name, getattr(self, name) > 0, "positive, in metres")

    @property
    def area(self) -> SquareMetres:
        return self.width * self.height


def square_die(area: SquareMetres) -> Die:
    """The square die of an area (m^2). Raises: InputError for one that is not positive."""
    if not 0 < area < math.inf:
        raise InputError(f"the area of a die must be positive and finite, got {area} m^2; 100 mm^2 are 1e-4")
    return Die(math.sqrt(area), math.sqrt(area))


def dies_by_area(wafer: Wafer, die: Die) -> float:
    """pi D^2 / (4 A): all of the wafer, as if it could be cut without loss. Raises: InputError as `gross_dies`."""
    _require_fits(wafer, die)
    return math.pi * wafer.diameter**2 / (4 * die.area)


def gross_dies(wafer: Wafer, die: Die) -> float:
    """pi d^2 / (4 A) - pi d / sqrt(2 A): whole dies within the rim, with their lanes; zero where not one is left.

    Raises: InputError for a die whose diagonal is longer than the printed part of the wafer.
    """
    _require_fits(wafer, die)
    area = (die.width + wafer.scribe) * (die.height + wafer.scribe)
    return max(math.pi * wafer.usable**2 / (4 * area) - math.pi * wafer.usable / math.sqrt(2 * area), 0.0)


def _require_fits(wafer: Wafer, die: Die) -> None:
    diagonal = math.hypot(die.width, die.height)
    if diagonal > wafer.usable:
        raise InputError(
            f"a die of {si(die.width, 'm')} by {si(die.height, 'm')} has a diagonal of {si(diagonal, 'm')}, longer "
            f"than the printed {si(wafer.usable, 'm')} of the wafer; give a smaller die or a larger wafer"
        )
