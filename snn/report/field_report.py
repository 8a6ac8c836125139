"""What `snn chips` prints: the chips that ship, published chips with ours among them, and well-known networks."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from circuits.chips.chip_sources import shipped_chips
from circuits.literature.field_of_chips import (
    GOAL_TOPS_PER_W,
    LISTENING_POWER,
    MAC,
    NORMAL,
    RECORD,
    FieldPoint,
    FieldRow,
    load_field,
)
from circuits.literature.spotter_table import COMPUTED
from circuits.literature.workload_table import WorkloadRow


def shipped_rows() -> list[dict[str, Any]]:
    """One chip a row: where its numbers come from, counted, and by key in full."""
    return [
        {
            "name": chip.name,
            "kind": chip.kind,
            "title": chip.title,
            "numbers": len(chip.sources),
            "numbers_from": ", ".join(f"{number} {lead}" for lead, number in chip.evidence.items()),
            "sources": chip.sources,
        }
        for chip in shipped_chips()
    ]


def field_report(ours: Sequence[FieldPoint] = (), rows: Sequence[FieldRow] | None = None) -> dict[str, Any]:
    """All rows, ours first, the best efficiency on top; what has no place in the field, and why.

    `tops_per_w` counts as the source does, `tops_per_w_normalised` two operations a MAC; None: not known.
    """
    rows = load_field() if rows is None else rows
    ordered = sorted(rows, key=lambda row: -(row.efficiency or 0.0))
    return {
        "record_tops_per_w": next((row.tops_per_w for row in rows if row.name == RECORD), None),
        "goal_tops_per_w": GOAL_TOPS_PER_W,
        "listening_power_w": LISTENING_POWER,
        "ops_per_mac_normalised": NORMAL,
        "rows": [*map(_own_row, ours), *map(_row, ordered)],
        "not_drawn": [{"name": row.name, "why": row.reason} for row in ordered if row.point is None],
    }


def _row(row: FieldRow) -> dict[str, Any]:
    """What is derived says so in `basis`."""
    place = row.point
    return {
        "name": row.name,
        "boundary": row.boundary,
        "tops_per_w": row.efficiency,
        "tops_per_w_normalised": row.normalised,
        "counts": _counts(row),
        "performance_ops": row.performance_ops if place is None else place.performance_ops / (row.factor or 1.0),
        "power_w": row.power_w if place is None else place.power_w,
        "evidence": row.evidence,
        "year": row.year,
        "basis": _basis(row),
        **{name: getattr(row, name) for name in ("ops_per_mac", "measured", "duty_cycled", "node_m", "v_dd_v")},
        **{name: getattr(row, name) for name in ("technology", "source", "note")},
    }


def _counts(row: FieldRow) -> str:
    """What one operation is; "" where none is counted."""
    if row.efficiency is None and row.performance_ops is None:
        return ""
    if row.operation != MAC:
        return f"{row.operation}, one each"
    return f"{MAC}, {'not stated how many' if row.ops_per_mac is None else f'{row.ops_per_mac} each'}"


def _basis(row: FieldRow) -> str:
    """Which of the three figures follows from the other two."""
    if row.point is None:
        return "as published"
    missing = [name for name in ("performance_ops", "power_w", "tops_per_w") if getattr(row, name) is None]
    return f"{missing[0]} from the other two" if missing else "as published"


def _own_row(place: FieldPoint) -> dict[str, Any]:
    """Ours in the columns of the others; what a model computes has no source."""
    efficiency = place.performance_ops / place.power_w / 1e12
    return {
        "name": place.name,
        "boundary": place.boundary,
        "tops_per_w": efficiency,
        "tops_per_w_normalised": efficiency if place.operation == MAC else None,
        "counts": f"{place.operation}, {f'{NORMAL} each' if place.operation == MAC else 'one each'}",
        "performance_ops": place.performance_ops,
        "power_w": place.power_w,
        "evidence": COMPUTED,
        "year": None,
        "basis": "tops_per_w from the other two",
        "ops_per_mac": NORMAL if place.operation == MAC else None,
        **{"measured": False, "duty_cycled": False, "node_m": None, "v_dd_v": None},
        **{"technology": "", "source": "", "note": ""},
    }


def workload_report(rows: Sequence[WorkloadRow]) -> dict[str, Any]:
    """What `snn chips --workloads` prints: what a chip makes of a network stands before what the network holds."""
    first = ("name", "weights", "macs", "cycles", "latency_s", "energy_j", "fits")
    return {"rows": [{name: row[name] for name in (*first, *row)} for row in map(asdict, rows)]}
