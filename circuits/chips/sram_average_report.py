"""One inference in arrays of an SRAM that averages: its ledger, what each layer takes of the chip, and its latency."""

from dataclasses import asdict, dataclass, field
from typing import Any

from circuits.chips.chip_area import ChipArea
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.inference_report import front_end_table, ledger_table, with_front_end
from circuits.chips.operations_counted import ACTIVE_PRODUCTS
from circuits.chips.sram_placement import SramPlacement
from circuits.ledger import Group, Ledger, unknown
from circuits.units import Joules, Seconds, Volts, si

COVERS = (
    "drivers of lines, bit lines, converters, digital additions of partial codes, weights written; buffers, control, "
    "digital scales and neurons, leak, sensor, front end and host excluded"
)
OPERATIONS_PER_MAC = 2
BOUNDARY = "array"


@dataclass(frozen=True)
class SramAverageReport:
    """Energy of one inference; see `InferenceReport`."""

    chip: str
    ledger: Ledger[float]
    latency_s: Seconds
    notes: tuple[str, ...]
    placement: SramPlacement
    v_dd: Volts
    area: ChipArea
    active_macs: float  # products whose input is driven: of spikes those that come
    sensed: Sensed | None = None
    front_end: Ledger[float] = field(default_factory=lambda: unknown("front_end"))

    @property
    def heading(self) -> str:
        return f"Energy per inference on {self.chip}: {si(self.ledger.total, 'J')}"

    @property
    def covers(self) -> str:
        return COVERS

    @property
    def with_front_end(self) -> Joules | None:
        """Network and front end together; None where the front end has no published figure."""
        return with_front_end(self.ledger, self.front_end)

    @property
    def counts(self) -> dict[str, float]:
        """Products, conversions, evaluations of arrays and bits written of one inference."""
        layers = self.placement.layers
        return {
            "macs": sum(layer.macs for layer in layers),
            "active_macs": self.active_macs,
            "evaluations": sum(layer.rounds * layer.evaluations for layer in layers),
            "lines_driven": self.ledger.count("drivers") if layers else 0,
            "conversions": self.ledger.count("converters") if layers else 0,
            "bits_written": sum(layer.bits_written for layer in layers),
        }

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds, areas in square metres."""
        total, placement = self.ledger.total, self.placement
        table = {
            "chip": self.chip,
            "acceleration": 1.0,
            "v_dd_v": self.v_dd,
            "covers": COVERS,
            "latency_s": self.latency_s,
            "counts": self.counts,
            "operations_per_mac": OPERATIONS_PER_MAC,
            "operations_per_j": OPERATIONS_PER_MAC * self.active_macs / total if total else None,
            "operations_counted": ACTIVE_PRODUCTS,
            "operations_boundary": BOUNDARY,
            "arrays": placement.arrays,
            "arrays_on_chip": placement.count,
            "weights_stay": placement.fits,
            "utilisation": placement.utilisation,
            "area_m2": self.area.parts_m2 | {"total": self.area.total},
            "area_not_modelled": list(self.area.not_modelled),
            "layers": [asdict(layer) for layer in placement.layers],
            "notes": list(self.notes),
        }
        return table | ledger_table(self.ledger, by) | front_end_table(self.ledger, self.front_end, self.sensed)
