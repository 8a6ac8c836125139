"""What the comparison with published neurons amounts to, found in its rows rather than written down."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from circuits.literature.compare import ComparisonRow
from circuits.units import si

SIMILAR = 5.0  # ASSUMED: within this factor two areas or energies are alike; the abstract's pair lies 4.3 apart in F^2
CLOSE = 2.0  # ASSUMED: up to this multiple of our energy a neuron counts as about as frugal
SHOWN = 3  # simulated neurons that a sentence names; of more it names the first
SELF = "Chavan (BTBT)"  # the published neuron that ours reproduces: not compared with itself


@dataclass(frozen=True)
class Headline:
    """Three groups of published bare neurons beside ours.

    at_similar_area:  area in F^2 within `SIMILAR`, dearest spike first.
    at_similar_energy:  energy within `SIMILAR` and area known, largest first.
    as_frugal:  at most `CLOSE` times our energy, whatever the area, cheapest first.
    """

    at_similar_area: tuple[ComparisonRow, ...]
    at_similar_energy: tuple[ComparisonRow, ...]
    as_frugal: tuple[ComparisonRow, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each group in one sentence, measured silicon apart from simulation."""
        return (
            f"energy at similar area (within {SIMILAR:g} times in F^2): {_told(self.at_similar_area, _energy)}",
            f"area at similar energy (within {SIMILAR:g} times): {_told(self.at_similar_energy, _area)}",
            f"about as frugal or better (at most {CLOSE:g} times our energy): {_told(self.as_frugal, _both)}",
        )


def headline(rows: Sequence[ComparisonRow]) -> Headline:
    """The groups, from the rows of `compare`; a row of another scope has no ratio and is in none."""
    known = [row for row in rows if row.name != SELF and row.ratio_to_btbt is not None]
    sized = [row for row in known if row.area_ratio is not None]
    return Headline(
        _descending((row for row in sized if _similar(row.area_ratio)), "ratio_to_btbt"),
        _descending((row for row in sized if _similar(row.ratio_to_btbt)), "area_ratio"),
        tuple(sorted((row for row in known if row.ratio_to_btbt <= CLOSE), key=lambda row: row.ratio_to_btbt)),
    )


def _similar(ratio: float) -> bool:
    return 1 / SIMILAR <= ratio <= SIMILAR


def _descending(rows: Iterable[ComparisonRow], ratio: str) -> tuple[ComparisonRow, ...]:
    return tuple(sorted(rows, key=lambda row: -getattr(row, ratio)))


def _told(rows: Sequence[ComparisonRow], words: Callable[[ComparisonRow], str]) -> str:
    """The rows in words, measured ones first; of many simulated ones the first alone."""
    measured, simulated = [row for row in rows if row.measured], [row for row in rows if not row.measured]
    more = f" and {len(simulated) - 1} more" if len(simulated) > SHOWN else ""
    groups = (("measured", measured, ""), ("simulated", simulated[:1] if more else simulated, more))
    parts = [f"{kind}: {', '.join(_named(row, words) for row in group)}{rest}" for kind, group, rest in groups if group]
    return "; ".join(parts) or "no neuron of known figures"


def _named(row: ComparisonRow, words: Callable[[ComparisonRow], str]) -> str:
    return f"{row.name} {row.year} ({words(row)})"


def _energy(row: ComparisonRow) -> str:
    orders = round(math.log10(row.ratio_to_btbt))
    magnitude = f", {orders} orders of magnitude" if orders > 1 else ""
    return f"{si(row.energy_per_spike_j, 'J')}, {_times(row.ratio_to_btbt)} ours{magnitude}"


def _area(row: ComparisonRow) -> str:
    return f"{_times(row.area_ratio)} our area"


def _both(row: ComparisonRow) -> str:
    area = "area not known" if row.area_ratio is None else _area(row)
    return f"{si(row.energy_per_spike_j, 'J')}, {area}"


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times" if ratio < 1e3 else f"{float(f'{ratio:.2g}'):,.0f} times"
