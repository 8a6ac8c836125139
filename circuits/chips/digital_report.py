"""One inference on a digital accelerator: its ledger, its cycles layer by layer, its silicon and what a die costs."""

from dataclasses import asdict, dataclass
from typing import Any

from circuits.accelerator.layer_counts import DRAM, LayerCounts
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.program import Program
from circuits.chips.chip_area import ChipArea
from circuits.chips.inference_report import LedgerReport
from circuits.chips.operations_counted import ACTIVE_PRODUCTS
from circuits.ledger import Group
from circuits.units import Hertz, Volts

COVERS = (
    "array, vector unit, memories, DRAM accesses, clock and leak while it computes; sensor, front end and host excluded"
)


@dataclass(frozen=True)
class DiePrice:
    """Dies of a wafer of 300 mm, those that work, and what one of these costs; masks, test and package excluded."""

    dies: int
    good_dies: int
    fraction_good: float
    cost_usd: float


@dataclass(frozen=True, kw_only=True)
class DigitalReport(LedgerReport):
    """Energy of one inference, cycle by cycle."""

    covers: str = COVERS
    machine: Machine
    layers: tuple[LayerCounts, ...]
    cycles: int
    clock: Hertz
    v_dd: Volts
    area: ChipArea
    die: DiePrice
    program: Program

    @property
    def silicon_boundary(self) -> str:
        """DRAM is paid for."""
        return "system"

    @property
    def counts(self) -> dict[str, float]:
        """Products, clock cycles and bytes of one inference."""
        moved = {
            f"{way}_{name}_bytes": self._bytes(way, name) for name in (*_MEMORIES, DRAM) for way in ("read", "written")
        }
        macs, stalls = sum(one.macs for one in self.layers), sum(one.stalls for one in self.layers)
        active = self.ledger.count("products")  # those with an input of 0 switch nothing
        return {"macs": macs, "active_macs": min(active, macs), "cycles": self.cycles, "stalls": stalls} | moved

    @property
    def utilisation(self) -> float:
        """Share of the products that the array could have made."""
        return self.counts["macs"] / (self.cycles * self.machine.rows * self.machine.columns)

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds, areas in square metres."""
        counts, head = self.counts, self.head(v_dd_v=self.v_dd, frequency_hz=self.clock)
        return head | {
            "counts": counts,
            "utilisation": self.utilisation,
            **self.operations(2, counts["active_macs"], ACTIVE_PRODUCTS),
            "dram_bytes": sum(one.read.get(DRAM, 0) + one.written.get(DRAM, 0) for one in self.layers),
            "instructions": len(self.program.instructions),
            **self.area.as_dict(),
            "die": asdict(self.die),
            "layers": [self._row(one) for one in self.layers],
            "notes": list(self.notes),
            **self.ledgers(by),
        }

    def _row(self, one: LayerCounts) -> dict[str, Any]:
        return {
            "layer": one.name,
            "kind": one.kind,
            "macs": one.macs,
            "cycles": one.cycles,
            "stalls": one.stalls,
            "utilisation": one.utilisation(self.machine),
            "read_bytes": dict(one.read),
            "written_bytes": dict(one.written),
        }

    def _bytes(self, way: str, name: str) -> int:
        return sum(getattr(one, way).get(name, 0) for one in self.layers)


_MEMORIES = tuple(memory.name.lower() for memory in Memory)
