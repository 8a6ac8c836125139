"""What a good die costs: the wafer shared among the dies that work.

    cost = wafer cost / floor(floor(N) Y)

Masks, design, test, package and margin are not in it: a small series pays mostly for those.
"""

import math
from dataclasses import dataclass

from circuits.errors import InputError

ROUNDING = 1e-12  # of a product that is a whole number but for its last digit


@dataclass(frozen=True)
class DieCost:
    """Whole dies of a wafer, those that work, and what each of these costs, in the currency of the wafer."""

    dies: int
    good_dies: int
    each: float


def die_cost(wafer_cost: float, dies: float, fraction_good: float) -> DieCost:
    """One good die of a wafer that gives `dies`, of which a fraction works.

    Raises: InputError for a cost that is not positive, a fraction outside 0 to 1, or a wafer without a good die.
    """
    if not 0 < wafer_cost < math.inf:
        raise InputError(f"a wafer must cost more than nothing and a finite sum, got {wafer_cost}; give its price")
    if not 0 < fraction_good <= 1:
        raise InputError(f"the yield must be above 0 and at most 1, got {fraction_good}; 95 % are 0.95")
    if not 0 <= dies < math.inf:
        raise InputError(f"the dies of a wafer must be zero or more, got {dies}; count them with gross_dies")
    good = math.floor(math.floor(dies) * fraction_good * (1 + ROUNDING))
    if not good:
        raise InputError(
            f"{math.floor(dies)} dies at a yield of {fraction_good:g} leave no good one; give a smaller die, a larger "
            "wafer or a better yield"
        )
    return DieCost(math.floor(dies), good, wafer_cost / good)
