"""One inference on analog tiles: its ledger at its boundary, its tiles, its time, and what was published beside it."""

from dataclasses import dataclass
from typing import Any

from circuits.chips.chip_area import ChipArea
from circuits.chips.crossbar_efficiency import BOUNDARIES, Efficiency, PublishedFrame
from circuits.chips.crossbar_ledger import measured_products
from circuits.chips.crossbar_placement import CrossbarPlacement
from circuits.chips.inference_report import LedgerReport
from circuits.chips.operations_counted import ACTIVE_PRODUCTS
from circuits.ledger import Group
from circuits.units import Joules

COVERS = {
    "tile": "readings of tiles at their best; routing, control, digital side, sensor, front end and host excluded",
    "chip": "readings of tiles with routing and control of the chip, and digital additions; the rest of the digital "
    "side, sensor, front end and host excluded",
    "system": "chips and the digital side beside them, as published for a transcription network; sensor, front end and "
    "host excluded",
}
NO_AREA = ChipArea({}, ("the whole die",))  # nothing of it is published


@dataclass(frozen=True, kw_only=True)
class CrossbarReport(LedgerReport):
    """Energy of one inference; boundary: of what its joules are, a word of `COVERS`."""

    boundary: str
    efficiency: Efficiency
    placement: CrossbarPlacement
    evaluations: float
    readings: int  # of one product: 2 where it is balanced
    used_alone: Joules
    active_macs: float  # products whose input is driven: of spikes those that come
    published: PublishedFrame

    @property
    def heading(self) -> str:
        return f"{super().heading}, boundary {self.boundary}"

    @property
    def silicon_boundary(self) -> str:
        """As it was asked for."""
        return self.boundary

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

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""
        each = self.efficiency.operations_per_mac
        return self.head() | {
            "counts": self.counts,
            "utilisation": self.placement.utilisation,
            **self.operations(each, self.active_macs, ACTIVE_PRODUCTS),
            "energy_per_mac": [{"boundary": name, "energy_j": self._mac(name)} for name in ("array", *BOUNDARIES)],
            "used_products_alone_j": self.used_alone,
            "published": self.published.as_dict(),
            **NO_AREA.as_dict(),
            "notes": list(self.notes),
            "placement": self.placement.as_dict(),
            **self.ledgers(by),
        }

    def _mac(self, boundary: str) -> Joules | None:
        """Of full tiles, the mean over all products; None where nothing is published, of the array alone."""
        if boundary not in BOUNDARIES:
            return None
        products = sum(one.macs for one in self.placement.layers)
        share = measured_products(self.placement) / products if products else 1.0
        return share * self.efficiency.mac(boundary)
