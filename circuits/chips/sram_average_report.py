"""One inference in arrays of an SRAM that averages: its ledger, what each layer takes of the chip, and its latency."""

from dataclasses import asdict, dataclass
from typing import Any

from circuits.chips.chip_area import ChipArea
from circuits.chips.inference_report import LedgerReport
from circuits.chips.operations_counted import ACTIVE_PRODUCTS
from circuits.chips.sram_placement import SramPlacement
from circuits.ledger import Group
from circuits.units import Volts

COVERS = (
    "drivers of lines, bit lines, converters, digital additions of partial codes, weights written; buffers, control, "
    "digital scales and neurons, leak, sensor, front end and host excluded"
)


@dataclass(frozen=True, kw_only=True)
class SramAverageReport(LedgerReport):
    """Energy of one inference, and what each layer takes."""

    covers: str = COVERS
    placement: SramPlacement
    v_dd: Volts
    area: ChipArea
    active_macs: float  # products whose input is driven: of spikes those that come

    @property
    def silicon_boundary(self) -> str:
        """Of what stands beside the arrays the least alone is modelled."""
        return "array"

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
        placement = self.placement
        return self.head(v_dd_v=self.v_dd) | {
            "counts": self.counts,
            **self.operations(2, self.active_macs, ACTIVE_PRODUCTS),
            "arrays": placement.arrays,
            "arrays_on_chip": placement.count,
            "weights_stay": placement.fits,
            "utilisation": placement.utilisation,
            **self.area.as_dict(),
            "layers": [asdict(layer) for layer in placement.layers],
            "notes": list(self.notes),
            **self.ledgers(by),
        }
