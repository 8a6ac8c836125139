"""One inference on a mesh of spiking cores: its ledger, its traffic, and how full each core is."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.chips.chip_area import ChipArea
from circuits.chips.inference_report import LedgerReport
from circuits.chips.operations_counted import SYNAPTIC_OPERATIONS
from circuits.ledger import Group
from circuits.mapping.mesh_limits import RESOURCES
from circuits.mapping.mesh_placement import MeshPlacement
from circuits.mapping.mesh_routes import core_traffic


@dataclass(frozen=True, kw_only=True)
class MeshReport(LedgerReport):
    """Energy of one inference, as long as its signal; boundary: of what its joules are, a word of `SILICON`."""

    boundary: str
    placement: MeshPlacement
    multicast: bool
    area: ChipArea

    @property
    def heading(self) -> str:
        return f"{super().heading}, boundary {self.boundary}"

    @property
    def silicon_boundary(self) -> str:
        """As the file of the chip says."""
        return self.boundary

    @property
    def counts(self) -> dict[str, float]:
        """Events of one inference."""
        traffic = self.placement.traffic()
        return {
            "synaptic_operations": self.placement.graph.events,
            "updates": self.ledger.count("soma_update"),
            "spikes": self.ledger.count("spikes"),
            "packets": traffic.packets,
            "messages": traffic.senders if self.multicast else traffic.messages,
            "links": sum(traffic.along(self.multicast)),
        }

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds, areas in square metres."""
        counts, total = self.counts, self.ledger.total
        operations = counts["synaptic_operations"]
        return self.head() | {
            "counts": counts,
            **self.operations(1, operations, SYNAPTIC_OPERATIONS),
            "energy_per_synaptic_operation_j": total / operations if operations else None,
            "cores_used": self.placement.cores_used,
            "partitioner": self.placement.partitioner,
            "traffic": self._traffic(),
            "cores": self._cores(),
            **self.area.as_dict(),
            "notes": list(self.notes),
            **self.ledgers(by),
        }

    def _traffic(self) -> dict[str, Any]:
        """Multicast trees and packets one by one, side by side; "charged" says which of them the chip sends."""
        traffic, shown = self.placement.traffic(), {"charged": "multicast" if self.multicast else "unicast"}
        for name, multicast in (("multicast", True), ("unicast", False)):
            link, load = traffic.busiest(multicast)
            shown[name] = {"links": sum(traffic.along(multicast)), "busiest_link": link, "busiest_load": load}
        return shown

    def _cores(self) -> list[dict[str, Any]]:
        """What each core holds of each limit, and what it sends and receives."""
        placement = self.placement
        packets = core_traffic(placement.graph, placement.core, placement.cores_used)
        limits = placement.limits
        rows = []
        for i, router in enumerate(placement.routers.tolist()):
            used = dict(zip(RESOURCES, placement.used[i].tolist(), strict=True))
            shares = [used[name] / most for name in RESOURCES if (most := getattr(limits, name)) is not None]
            traffic = {"packets_out": float(packets[i].sum()), "packets_in": float(packets[:, i].sum())}
            rows.append({"core": i, "router": router, **used, "utilisation": float(np.max(shares)), **traffic})
        return rows
