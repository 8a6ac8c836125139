"""One inference on a processor near threshold: its ledger, its energy over the supply, and its life on a battery."""

from dataclasses import asdict, dataclass, field
from typing import Any

from circuits.chips.front_end_ledger import Sensed
from circuits.chips.inference_report import front_end_table, ledger_table, with_front_end
from circuits.chips.layer_passes import Schedule
from circuits.chips.near_threshold_body import OperatingPoint
from circuits.chips.operations_counted import ALL_PRODUCTS
from circuits.ledger import Group, Ledger, unknown
from circuits.units import Hertz, Joules, Kelvin, Seconds, Volts, Watts, si

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


@dataclass(frozen=True)
class NearThresholdReport:
    """Energy of one inference, at the operating point and over the supply; see `InferenceReport`."""

    chip: str
    ledger: Ledger[float]
    latency_s: Seconds
    notes: tuple[str, ...]
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
    sensed: Sensed | None = None
    front_end: Ledger[float] = field(default_factory=lambda: unknown("front_end"))

    @property
    def heading(self) -> str:
        return f"Energy per inference on {self.chip}: {si(self.ledger.total, 'J')} at {self.point.v_dd:g} V"

    @property
    def covers(self) -> str:
        return COVERS

    @property
    def with_front_end(self) -> Joules | None:
        """Network and front end together; None where the front end has no published figure."""
        return with_front_end(self.ledger, self.front_end)

    @property
    def counts(self) -> dict[str, float]:
        """Products of weights, all other operations of the multipliers, and clock cycles of one inference."""
        macs, others = (sum(getattr(work, name) for work in self.schedule.layers) for name in ("macs", "updates"))
        each = {"macs": macs, "other_operations": others, "cycles": self.schedule.cycles}
        return {name: self.evaluations * n for name, n in each.items()}

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""
        table = {
            "chip": self.chip,
            "acceleration": 1.0,
            "temperature_k": self.point.temperature,
            "v_dd_v": self.point.v_dd,
            "frequency_hz": self.point.clock,
            "covers": COVERS,
            "latency_s": self.latency_s,
            "counts": self.counts,
            "operations_per_mac": self.operations_per_mac,
            "operations_per_j": self.operations_per_mac * self.counts["macs"] / self.ledger.total,
            "operations_counted": ALL_PRODUCTS,
            "operations_boundary": "chip",
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
                asdict(at) | {"minimum": at == self.least, "operating": at.v_dd_v == self.point.v_dd}
                for at in self.supplies
            ],
            "delay_sigma": self.delay_sigma,
            "corners": [asdict(corner) for corner in self.corners],
            "schedule": [asdict(work) for work in self.schedule.layers],
        }
        return table | ledger_table(self.ledger, by) | front_end_table(self.ledger, self.front_end, self.sensed)

    def _memory(self) -> dict[str, Any]:
        """Bytes, and whether they stay within the budget."""
        parts = {name: getattr(self.schedule, name) for name in ("weights", "activations", "state")}
        used = self.schedule.memory
        named = {f"{name}_bytes": size for name, size in (parts | {"used": used}).items()}
        return named | {"capacity_bytes": self.capacity, "budget_bytes": self.budget, "in_budget": used <= self.budget}
