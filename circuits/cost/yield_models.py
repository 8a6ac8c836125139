"""Which share of the dies works: five models of how defects lie on a wafer, each of m, the mean defects of a die.

    m = D0 A

Clustered defects kill fewer dies than scattered ones, so the models part where m is large. Densities D0, in defects
per cm^2: mature 0.05 to 0.15, usual 0.15 to 0.30, ramp 0.30 to 0.80 (calculator.academy/die-per-wafer-calculator).
At m = 0.081 published calculators give 92.2, 92.3, 92.3 and 92.5 % for the first four (legitlads.com).
"""

import math
from collections.abc import Callable

from circuits.errors import InputError
from circuits.units import PerSquareMetre, SquareMetres

CLUSTERING = 3.0  # of the negative binomial, between 2 and 5 in practice. ASSUMED
LAYERS = 10  # critical ones, of the Bose-Einstein form. ASSUMED


def mean_defects(density: PerSquareMetre, area: SquareMetres) -> float:
    """m = D0 A, without unit. Raises: InputError for a negative density or an area that is not positive."""
    if not 0 <= density < math.inf:
        raise InputError(f"a defect density must be zero or positive, got {density} per m^2; 0.1 per cm^2 are 1e3")
    if not 0 < area < math.inf:
        raise InputError(f"the area of a die must be positive and finite, got {area} m^2; 100 mm^2 are 1e-4")
    return density * area


def poisson(m: float) -> float:
    """e^-m: defects fall anywhere, each by itself. Raises: InputError for a negative m or NaN, as all of them."""
    return math.exp(-_checked(m))


def murphy(m: float) -> float:
    """((1 - e^-m) / m)^2: the density itself spreads, in a triangle."""
    return (-math.expm1(-_checked(m)) / m) ** 2 if m else 1.0


def negative_binomial(m: float, clustering: float = CLUSTERING) -> float:
    """(1 + m / a)^-a: defects in clusters, the more so the smaller a is; Poisson for a large one."""
    if not 0 < clustering < math.inf:
        raise InputError(f"the clustering of defects must be positive, got {clustering}; {CLUSTERING:g} is usual")
    return (1 + _checked(m) / clustering) ** -clustering


def seeds(m: float) -> float:
    """1 / (1 + m): the density spreads exponentially."""
    return 1 / (1 + _checked(m))


def bose_einstein(m: float, layers: int = LAYERS) -> float:
    """1 / (1 + m)^n: n critical layers, with a mean of m defects in each."""
    if not (isinstance(layers, int) and layers >= 1):
        raise InputError(f"critical layers must be a whole number of at least 1, got {layers}")
    return (1 + _checked(m)) ** -layers


YIELDS: dict[str, Callable[[float], float]] = {
    model.__name__: model for model in (poisson, murphy, negative_binomial, seeds, bose_einstein)
}


def _checked(m: float) -> float:
    if not 0 <= m < math.inf:
        raise InputError(f"the mean defects of a die must be zero or positive, got {m}; give density times area")
    return m
