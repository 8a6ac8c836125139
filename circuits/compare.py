"""Energy per spike against published neurons, like with like: one scope at a time, never a mixture."""

from collections.abc import Iterable
from dataclasses import dataclass

from circuits.published import SCOPES, PublishedNeuron, load_published
from circuits.units import Joules


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """One published neuron beside ours.

    ratio_to_btbt:  its energy per spike over ours; None where the two pay for different things (`reason` says so).
    area_f2:  area over node squared, free of the technology; None where area or node is not published.
    """

    name: str
    year: int
    energy_per_spike_j: Joules
    scope: str
    measured: bool
    source: str
    evidence: str
    note: str
    ratio_to_btbt: float | None
    area_f2: float | None
    reason: str = ""


def compare(
    energy_per_spike_j: Joules, rows: Iterable[PublishedNeuron] | None = None, *, scope: str = "neuron"
) -> tuple[ComparisonRow, ...]:
    """Published neurons of one scope, cheapest first, with the ratio  row energy / our energy.

    Ours is a bare cell, so only the scope "neuron" has a ratio: a core or a chip also pays for synapses and routing.
    Args:  energy_per_spike_j: energy per spike of our bare neuron (J).   rows: None: the table of the package.
    Raises:  ValueError for an energy that is not positive and finite, or an unknown scope.
    """
    if not 0 < energy_per_spike_j < float("inf"):
        raise ValueError(f"energy_per_spike_j = {energy_per_spike_j!r}; expected a positive number of joules")
    if scope not in SCOPES:
        raise ValueError(f"scope = {scope!r}; expected one of {', '.join(SCOPES)}")
    rows = load_published() if rows is None else rows
    chosen = sorted((row for row in rows if row.scope == scope), key=lambda row: row.energy_per_spike_j)
    return tuple(_beside(row, energy_per_spike_j) for row in chosen)


def _beside(row: PublishedNeuron, energy_per_spike_j: Joules) -> ComparisonRow:
    """One published row beside our energy per spike."""
    like_with_like = row.scope == "neuron"
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
        area_f2=_area_f2(row),
        reason="" if like_with_like else f"the figure pays for a whole {row.scope}, ours for a bare neuron",
    )


def _area_f2(row: PublishedNeuron) -> float | None:
    """Area in squares of the node, where both are known and the area covers what the energy covers."""
    if row.area_m2 is None or row.node_m is None or row.area_scope not in (None, row.scope):
        return None
    return row.area_m2 / row.node_m**2
