"""One inference on analog tiles: its ledger at its boundary, its tiles, its time, and what was published beside it."""

from dataclasses import dataclass, field
from typing import Any

from circuits.chips.crossbar_efficiency import BOUNDARIES, Efficiency, PublishedFrame, share_of_reading
from circuits.chips.crossbar_placement import CrossbarPlacement
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.inference_report import front_end_table, ledger_table, with_front_end
from circuits.chips.operations_counted import ACTIVE_PRODUCTS
from circuits.ledger import Group, Ledger, unknown
from circuits.units import Joules, Seconds, si

COVERS = {
    "tile": "readings of tiles at their best; routing, control, digital side, sensor, front end and host excluded",
    "chip": "readings of tiles with routing and control of the chip, and digital additions; the rest of the digital "
    "side, sensor, front end and host excluded",
    "system": "chips and the digital side beside them, as published for a transcription network; sensor, front end and "
    "host excluded",
}


@dataclass(frozen=True)
class CrossbarReport:
    """Energy of one inference; see `InferenceReport`."""

    chip: str
    ledger: Ledger[float]
    boundary: str
    efficiency: Efficiency
    placement: CrossbarPlacement
    evaluations: float
    readings: int  # of one product: 2 where it is balanced
    latency_s: Seconds
    used_alone: Joules
    active_macs: float  # products whose input is driven: of spikes those that come
    devices: int  # of a weight
    published: PublishedFrame
    notes: tuple[str, ...]
    sensed: Sensed | None = None
    front_end: Ledger[float] = field(default_factory=lambda: unknown("front_end"))

    @property
    def heading(self) -> str:
        return f"Energy per inference on {self.chip}: {si(self.ledger.total, 'J')}, boundary {self.boundary}"

    @property
    def covers(self) -> str:
        return COVERS[self.boundary]

    @property
    def with_front_end(self) -> Joules | None:
        """Network and front end together; None where the front end has no published figure."""
        return with_front_end(self.ledger, self.front_end)

    @property
    def counts(self) -> dict[str, float]:
        """Products of the network, all and those with an input, readings of tiles and digital additions."""
        layers = self.placement.layers
        return {
            "macs": self.evaluations * sum(one.macs for one in layers),
            "active_macs": self.active_macs,
            "tile_readings": self.evaluations * self.readings * sum(one.uses * one.tiles for one in layers),
            "digital_additions": self.evaluations * sum(one.additions for one in layers),
        }

    @property
    def operations_per_j(self) -> float | None:
        """Of products whose input is not silent; None where nothing is paid for."""
        total = self.ledger.total
        return self.efficiency.operations_per_mac * self.active_macs / total if total else None

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""
        table = {
            "chip": self.chip,
            "acceleration": 1.0,
            "covers": self.covers,
            "latency_s": self.latency_s,
            "counts": self.counts,
            "utilisation": self.placement.utilisation,
            "operations_per_mac": self.efficiency.operations_per_mac,
            "operations_per_j": self.operations_per_j,
            "operations_counted": ACTIVE_PRODUCTS,
            "operations_boundary": self.boundary,
            "energy_per_mac": [{"boundary": name, "energy_j": self._mac(name)} for name in ("array", *BOUNDARIES)],
            "used_products_alone_j": self.used_alone,
            "published": self.published.as_dict(),
            "area_m2": {"total": None},
            "area_not_modelled": ["the whole die"],
            "notes": list(self.notes),
            "placement": self.placement.as_dict(),
        }
        return table | ledger_table(self.ledger, by) | front_end_table(self.ledger, self.front_end, self.sensed)

    def _mac(self, boundary: str) -> Joules | None:
        """Of a full tile; None where nothing is published, of the array alone."""
        return share_of_reading(self.devices) * self.efficiency.mac(boundary) if boundary in BOUNDARIES else None
