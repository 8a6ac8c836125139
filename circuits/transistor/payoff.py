"""Does tunnelling pay? What `compare_sources` says: where the tunnelling source is better, and what it costs.

A factor is the sub-threshold source over the tunnelling one: above 1 tunnelling is better. Spreads are compared by
their logarithms, ln(largest / smallest rate).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from circuits.transistor.sources import SourceRow

# Source: IEEE T-ED, process-voltage-temperature variability of the tunnelling current, IIT Gandhinagar repository
# 123456789/9630: the spread of its current is about this many times smaller than that of sub-threshold current
PUBLISHED_FACTOR = 3.0
EVEN = 1.05  # less is no difference that a sentence should make


@dataclass(frozen=True)
class Payoff:
    """Factors by figure; None where one of the two cells falls silent."""

    factors: Mapping[str, float | None]
    found_factor: float  # of the spread of the current

    @property
    def better(self) -> dict[str, float]:
        """Figures in which tunnelling is better, and how many times."""
        return {name: factor for name, factor in self.factors.items() if factor is not None and factor > EVEN}

    @property
    def worse(self) -> dict[str, float]:
        """Figures in which it is worse, and how many times."""
        return {name: 1 / factor for name, factor in self.factors.items() if factor is not None and factor < 1 / EVEN}

    @property
    def pays(self) -> bool:
        """Whether any spread of the rate is smaller."""
        return any(name.startswith("spread of rate") for name in self.better)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Whether tunnelling pays, at what cost, and how the published factor comes out."""
        verdict = f"Tunnelling pays where rates must agree: {_listed(self.better)} times better" if self.pays else \
                  "Tunnelling does not pay: no spread of the rate is smaller"  # fmt: skip
        cost = f"; it costs {_listed(self.worse)} times as much" if self.worse else "; nothing is worse"
        met = "comes out" if self.found_factor >= PUBLISHED_FACTOR else \
              f"is missed by {1 - self.found_factor / PUBLISHED_FACTOR:.0%}"  # fmt: skip
        return (
            verdict + cost,
            f"the published {PUBLISHED_FACTOR:g} times smaller spread of the current {met}: "
            f"{self.found_factor:.2g} times",
        )


def payoff(tunnelling: SourceRow, below: SourceRow) -> Payoff:
    """Compare a cell with a tunnelling source with the same cell with a sub-threshold one."""
    return Payoff(
        {
            "energy of a spike": below.energy_per_spike / tunnelling.energy_per_spike,
            "area": below.area / tunnelling.area,
            "smallest current": below.least_current / tunnelling.least_current,
            "spread of rate with temperature": _spreads(tunnelling.over_temperature, below.over_temperature),
            "spread of rate with supply (gate held)": _spreads(tunnelling.over_supply, below.over_supply),
            "spread of rate with supply (gate following)": _spreads(
                tunnelling.over_supply_followed, below.over_supply_followed
            ),
            "spread of rate with mismatch": below.sigma_ln_rate / tunnelling.sigma_ln_rate,
            "span of calibration": _ratio(below.calibration, tunnelling.calibration),
        },
        below.sigma_ln_current / tunnelling.sigma_ln_current,
    )


def _spreads(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else _ratio(math.log(other), math.log(own))


def _ratio(other: float | None, own: float | None) -> float | None:
    return other / own if other and own else None


def _listed(times: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {factor:.2g}" for name, factor in times.items())
