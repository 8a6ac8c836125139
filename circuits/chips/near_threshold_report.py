"""One inference on a processor near threshold: its ledger, its energy over the supply, and its life on a battery."""

from dataclasses import asdict, dataclass
from typing import Any

from circuits.chips.inference_report import LedgerReport
from circuits.chips.layer_passes import Schedule
from circuits.chips.near_threshold_body import OperatingPoint
from circuits.chips.operations_counted import ALL_PRODUCTS
from circuits.ledger import Group
from circuits.units import Hertz, Joules, Kelvin, Seconds, Volts, Watts

COVERS = (
    "multiplications, local memory and leak of the processor while it computes; sensor, front end, host, clock source "
    "and supply converter excluded"
)


@dataclass(frozen=True)
class SupplyPoint:
    """The same inference at another supply. holds: None where all works, else what fails there first."""

    v_dd_v: Volts
    energy_j: Joules
    dynamic_j: Joules
    leak_j: Joules
    frequency_hz: Hertz
    delay_s: Seconds  # from input to answer
    fails: str | None = None


@dataclass(frozen=True)
class SpeedCorner:
    """How fast, and how leaky, slow, typical and fast chips are at the supply of the inference."""

    corner: str
    temperature_k: Kelvin
    frequency_hz: Hertz
    leak_w: Watts


@dataclass(frozen=True)
class OneASecond:
    """The chip that infers so often and sleeps in between; battery: of `circuits.cost.battery`."""

    inferences_per_s: Hertz
    duty: float
    standby_w: Watts
    wake_j: Joules
    average_power_w: Watts
    non_volatile_power_w: Watts  # with a memory that is stored, switched off and restored instead of kept
    battery: str
    battery_life_s: Seconds
    break_even_s: Seconds  # pause from which on a memory that remembers without power is cheaper


@dataclass(frozen=True, kw_only=True)
class NearThresholdReport(LedgerReport):
    """Energy of one inference, at the operating point and over the supply."""

    covers: str = COVERS
    point: OperatingPoint
    schedule: Schedule
    evaluations: float
    capacity: int  # bytes of the memory
    budget: int
    supplies: tuple[SupplyPoint, ...]
    least: SupplyPoint  # of all supplies
    least_usable: SupplyPoint  # of those at which nothing fails
    corners: tuple[SpeedCorner, ...]
    delay_sigma: float  # of ln delay, of paths on one chip
    limits: dict[str, Volts]
    use: OneASecond
    published: dict[str, float | str]  # of the whole silicon: power, frames, energy of one, boundary
    operations_per_mac: int

    @property
    def silicon_boundary(self) -> str:
        """Processor with its memory."""
        return "chip"

    @property
    def heading(self) -> str:
        return f"{super().heading} at {self.point.v_dd:g} V"

    @property
    def counts(self) -> dict[str, float]:
        """Products of weights, all other operations of the multipliers, and clock cycles of one inference."""
        macs, others = (sum(getattr(work, name) for work in self.schedule.layers) for name in ("macs", "updates"))
        each = {"macs": macs, "other_operations": others, "cycles": self.schedule.cycles}
        return {name: self.evaluations * n for name, n in each.items()}

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""
        point = self.point
        return self.head(temperature_k=point.temperature, v_dd_v=point.v_dd, frequency_hz=point.clock) | {
            "counts": self.counts,
            **self.operations(self.operations_per_mac, self.counts["macs"], ALL_PRODUCTS),
            "notes": list(self.notes),
            **asdict(self.use),
            "published": self.published,
            "minimum_energy_v": self.least.v_dd_v,
            "minimum_energy_j": self.least.energy_j,
            "minimum_usable_v": self.least_usable.v_dd_v,
            "minimum_usable_j": self.least_usable.energy_j,
            **self.limits,
            "memory": self._memory(),
            "energy_over_voltage": [
                asdict(at) | {"minimum": at == self.least, "operating": at.v_dd_v == point.v_dd} for at in self.supplies
            ],
            "delay_sigma": self.delay_sigma,
            "corners": [asdict(corner) for corner in self.corners],
            "schedule": [asdict(work) for work in self.schedule.layers],
            **self.ledgers(by),
        }

    def _memory(self) -> dict[str, Any]:
        """Bytes, and whether they stay within the budget."""
        parts = {name: getattr(self.schedule, name) for name in ("weights", "activations", "state")}
        used = self.schedule.memory
        named = {f"{name}_bytes": size for name, size in (parts | {"used": used}).items()}
        return named | {"capacity_bytes": self.capacity, "budget_bytes": self.budget, "in_budget": used <= self.budget}
