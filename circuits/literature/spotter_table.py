"""Whole keyword spotters beside ours: a ratio only at one boundary, of joules to joules or of watts to watts."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from circuits.energy.boundary import BOUNDARIES
from circuits.literature.spotters import PublishedSpotter, load_spotters
from circuits.units import Joules, Metres, Seconds, Watts

COMPUTED = "computed"  # evidence of our own figures, beside `EVIDENCE` of published ones


@dataclass(frozen=True, kw_only=True)
class SpotterRow:
    """A published spotter as `PublishedSpotter` has it, or ours, which is computed and has no source.

    power_w: of ours the energy of a decision over the real time of the sound.   accuracy: of ours None where nothing
    was trained.
    ratio_at_most: theirs over ours at the same boundary, tasks apart; ours lacks what is not modelled, so at most that.
    None: not alike, and `reason` says why.   basis: what the ratio is of, "energy" per decision where both state one,
    else "power".
    """

    name: str
    boundary: str
    evidence: str
    energy_per_decision_j: Joules | None
    power_w: Watts | None
    accuracy: float | None
    ratio_at_most: float | None = None
    basis: str = ""
    measured: bool = False
    year: int | None = None
    task: str
    latency_s: Seconds | None = None
    node_m: Metres | None = None
    technology: str = ""
    source: str = ""
    note: str = ""
    reason: str = ""


def spotter_rows(ours: Sequence[SpotterRow], rows: Iterable[PublishedSpotter] | None = None) -> tuple[SpotterRow, ...]:
    """Ours, one a boundary, and the published ones: by boundary, energies before powers, each cheapest first.

    rows: None: the table of the package.
    """
    published = load_spotters() if rows is None else rows
    own = {one.boundary: one for one in ours}
    return tuple(sorted((*ours, *(_beside(SpotterRow(**asdict(row)), own) for row in published)), key=_order))


def _beside(row: SpotterRow, own: dict[str, SpotterRow]) -> SpotterRow:
    """One published row with its ratio to ours, or why it has none."""
    ours = own.get(row.boundary)
    if ours is None:
        return replace(row, reason=f"ours has no figure for {row.boundary}: {BOUNDARIES[row.boundary]}")
    if ours.accuracy is None:
        return replace(row, reason=f"{ours.name} tells no words: {ours.note}")
    if row.energy_per_decision_j is not None:
        return replace(row, ratio_at_most=row.energy_per_decision_j / ours.energy_per_decision_j, basis="energy")
    return replace(row, ratio_at_most=row.power_w / ours.power_w, basis="power")


def _order(row: SpotterRow) -> tuple[int, bool, float]:
    by_power = row.energy_per_decision_j is None
    return list(BOUNDARIES).index(row.boundary), by_power, row.power_w if by_power else row.energy_per_decision_j
