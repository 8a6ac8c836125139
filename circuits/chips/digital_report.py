"""One inference on a digital accelerator: its ledger, its cycles layer by layer, its silicon and what a die costs."""

from dataclasses import asdict, dataclass, field
from typing import Any

from circuits.accelerator.layer_counts import DRAM, LayerCounts
from circuits.accelerator.machine import Machine, Memory
from circuits.accelerator.program import Program
from circuits.chips.chip_area import ChipArea
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.inference_report import front_end_table, ledger_table, with_front_end
from circuits.chips.operations_counted import ACTIVE_PRODUCTS
from circuits.ledger import Group, Ledger, unknown
from circuits.units import Hertz, Joules, Seconds, Volts, si

COVERS = (
    "array, vector unit, memories, DRAM accesses, clock and leak while it computes; sensor, front end and host excluded"
)
OPERATIONS_PER_MAC = 2


@dataclass(frozen=True)
class DiePrice:
    """Dies of a wafer of 300 mm, those that work, and what one of these costs; masks, test and package excluded."""

    dies: int
    good_dies: int
    fraction_good: float
    cost_usd: float


@dataclass(frozen=True)
class DigitalReport:
    """Energy of one inference; see `InferenceReport`."""

    chip: str
    ledger: Ledger[float]
    machine: Machine
    layers: tuple[LayerCounts, ...]
    cycles: int
    clock: Hertz
    v_dd: Volts
    area: ChipArea
    die: DiePrice
    program: Program
    notes: tuple[str, ...]
    sensed: Sensed | None = None
    front_end: Ledger[float] = field(default_factory=lambda: unknown("front_end"))

    @property
    def latency_s(self) -> Seconds:
        return self.cycles / self.clock

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
        operations = OPERATIONS_PER_MAC * self.counts["active_macs"]
        on_chip = sum(one.read.get(DRAM, 0) + one.written.get(DRAM, 0) for one in self.layers)
        table = {
            "chip": self.chip,
            "acceleration": 1.0,
            "v_dd_v": self.v_dd,
            "frequency_hz": self.clock,
            "covers": COVERS,
            "latency_s": self.latency_s,
            "counts": self.counts,
            "utilisation": self.utilisation,
            "operations_per_mac": OPERATIONS_PER_MAC,
            "operations_per_j": operations / self.ledger.total,
            "operations_counted": ACTIVE_PRODUCTS,
            "operations_boundary": "system",  # DRAM is paid for
            "dram_bytes": on_chip,
            "instructions": len(self.program.instructions),
            "area_m2": self.area.parts_m2 | {"total": self.area.total},
            "area_not_modelled": list(self.area.not_modelled),
            "die": asdict(self.die),
            "layers": [self._row(one) for one in self.layers],
            "notes": list(self.notes),
        }
        return table | ledger_table(self.ledger, by) | front_end_table(self.ledger, self.front_end, self.sensed)

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
