"""Energy per spike against published neurons, like with like: one scope at a time, never a mixture."""

from collections.abc import Iterable
from dataclasses import dataclass

from circuits.errors import InputError
from circuits.literature.published import SCOPES, PublishedNeuron, load_published
from circuits.neuron.area import NODE, PUBLISHED_AREA
from circuits.units import Joules

OWN_AREA_F2 = PUBLISHED_AREA / NODE**2  # 781: the neuron that the default circuit reproduces


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """One published neuron beside ours.

    ratio_to_btbt:  its energy per spike over ours; None where the two pay for different things (`reason` says so).
    area_f2:  area over node squared, free of the technology; None where area or node is not published.
    area_ratio:  that over ours; None where it is not known, or not the area of a bare neuron.
    """

    name: str
    year: int
    energy_per_spike_j: Joules
    evidence: str
    measured: bool
    scope: str
    source: str
    note: str
    ratio_to_btbt: float | None
    area_f2: float | None
    area_ratio: float | None
    reason: str = ""


def compare(
    energy_per_spike_j: Joules,
    rows: Iterable[PublishedNeuron] | None = None,
    *,
    scope: str = "neuron",
    area_f2: float = OWN_AREA_F2,
) -> tuple[ComparisonRow, ...]:
    """Published neurons of one scope, cheapest first, with the ratios of energy and of area, theirs over ours.

    Ours is a bare cell, so only the scope "neuron" has a ratio: a core or a chip also pays for synapses and routing.
    Args:  energy_per_spike_j: energy per spike of our bare neuron (J).   rows: None: the table of the package.
    area_f2: our area in squares of the node.
    Raises:  InputError for an energy or area that is not positive and finite, or an unknown scope.
    """
    if not 0 < energy_per_spike_j < float("inf"):
        raise InputError(f"energy_per_spike_j = {energy_per_spike_j!r}; expected a positive number of joules")
    if not 0 < area_f2 < float("inf"):
        raise InputError(f"area_f2 = {area_f2!r}; expected a positive number of squares")
    if scope not in SCOPES:
        raise InputError(f"scope = {scope!r}; expected one of {', '.join(SCOPES)}")
    rows = load_published() if rows is None else rows
    chosen = sorted((row for row in rows if row.scope == scope), key=lambda row: row.energy_per_spike_j)
    return tuple(_beside(row, energy_per_spike_j, area_f2) for row in chosen)


def _beside(row: PublishedNeuron, energy_per_spike_j: Joules, own_f2: float) -> ComparisonRow:
    """One published row beside our energy per spike and area."""
    like_with_like, area_f2 = row.scope == "neuron", _area_f2(row)
    return ComparisonRow(
        name=row.name,
        year=row.year,
        energy_per_spike_j=row.energy_per_spike_j,
        scope=row.scope,
        measured=row.measured,
        source=row.source,
        evidence=row.evidence,
        note=row.note,
        ratio_to_btbt=row.energy_per_spike_j / energy_per_spike_j if like_with_like else None,
        area_f2=area_f2,
        area_ratio=area_f2 / own_f2 if like_with_like and area_f2 is not None else None,
        reason="" if like_with_like else f"the figure pays for a whole {row.scope}, ours for a bare neuron",
    )


def _area_f2(row: PublishedNeuron) -> float | None:
    """Area in squares of the node, where both are known and the area covers what the energy covers."""
    if row.area_m2 is None or row.node_m is None or row.area_scope not in (None, row.scope):
        return None
    return row.area_m2 / row.node_m**2
