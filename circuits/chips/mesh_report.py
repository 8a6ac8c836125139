"""One inference on a mesh of spiking cores: its ledger, its traffic, and how full each core is."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from circuits.chips.chip_area import ChipArea
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.inference_report import front_end_table, ledger_table, with_front_end
from circuits.chips.operations_counted import SYNAPTIC_OPERATIONS
from circuits.ledger import Group, Ledger, unknown
from circuits.mapping.mesh_limits import RESOURCES
from circuits.mapping.mesh_placement import MeshPlacement
from circuits.mapping.mesh_routes import core_traffic
from circuits.units import Joules, Seconds, si


@dataclass(frozen=True)
class MeshReport:
    """Energy of one inference; see `InferenceReport`. boundary: of what its joules are, a word of `SILICON`."""

    chip: str
    ledger: Ledger[float]
    boundary: str
    covers: str
    placement: MeshPlacement
    multicast: bool
    duration: Seconds
    area: ChipArea
    notes: tuple[str, ...]
    sensed: Sensed | None = None
    front_end: Ledger[float] = field(default_factory=lambda: unknown("front_end"))

    @property
    def latency_s(self) -> Seconds:
        """As long as its signal: the chip steps with it."""
        return self.duration

    @property
    def heading(self) -> str:
        return f"Energy per inference on {self.chip}: {si(self.ledger.total, 'J')}, boundary {self.boundary}"

    @property
    def with_front_end(self) -> Joules | None:
        """Network and front end together; None where the front end has no published figure."""
        return with_front_end(self.ledger, self.front_end)

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
        table = {
            "chip": self.chip,
            "acceleration": 1.0,
            "covers": self.covers,
            "latency_s": self.latency_s,
            "counts": counts,
            "operations_per_mac": 1,  # a synaptic operation counts as one
            "operations_per_j": operations / total if total else None,
            "operations_boundary": self.boundary,
            "operations_counted": SYNAPTIC_OPERATIONS,
            "energy_per_synaptic_operation_j": total / operations if operations else None,
            "cores_used": self.placement.cores_used,
            "partitioner": self.placement.partitioner,
            "traffic": self._traffic(),
            "cores": self._cores(),
            "area_m2": self.area.parts_m2 | {"total": self.area.total},
            "area_not_modelled": list(self.area.not_modelled),
            "notes": list(self.notes),
        }
        return table | ledger_table(self.ledger, by) | front_end_table(self.ledger, self.front_end, self.sensed)

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
