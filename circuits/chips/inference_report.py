"""What every technology tells of one inference, however it computes, and the record of it that all share."""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from circuits.chips.front_end_ledger import Sensed, boundary_with_front_end
from circuits.energy.boundary import CLASSIFIER
from circuits.ledger import Group, Ledger, unknown
from circuits.units import Joules, Seconds, si


@runtime_checkable
class InferenceReport(Protocol):
    """Energy of one inference on one chip; a technology's own record tells more, as its table shows."""

    @property
    def chip(self) -> str:
        """Its name."""

    @property
    def ledger(self) -> Ledger[float]:
        """Of the network alone, boundary "classifier"; its total is that of the modelled parts, a lower bound."""

    @property
    def latency_s(self) -> Seconds:
        """From input to answer, while the chip computes."""

    @property
    def counts(self) -> dict[str, float]:
        """What was done: "macs" of a chip that multiplies, "synaptic_operations" of one that spikes, and more."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is assumed, extrapolated or at a limit, one line each."""

    @property
    def heading(self) -> str:
        """What a picture of the ledger is called, with the total."""

    @property
    def covers(self) -> str:
        """What the joules pay for, and what not."""

    @property
    def silicon_boundary(self) -> str:
        """How much of the silicon they pay for, a word of `circuits.energy.boundary.SILICON`."""

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""


@dataclass(frozen=True, kw_only=True)
class LedgerReport:
    """Energy of one inference, what it pays for, and beside it that of the front end; see `InferenceReport`.

    ledger: of the network alone, boundary "classifier".   front_end: of what makes its input out of sound, beside it.
    sensed: None where nobody knows which front end it has.
    """

    chip: str
    ledger: Ledger[float]
    covers: str
    latency_s: Seconds
    notes: tuple[str, ...] = ()
    sensed: Sensed | None = None
    front_end: Ledger[float] = field(default_factory=lambda: unknown("front_end"))

    @property
    def heading(self) -> str:
        """What a picture of it is called."""
        return f"Energy per inference on {self.chip}: {si(self.ledger.total, 'J')}"

    @property
    def silicon_boundary(self) -> str:
        """How much of the silicon the joules pay for, a word of `SILICON`."""
        raise NotImplementedError

    @property
    def with_front_end(self) -> Joules | None:
        """Network and front end together; None where the front end has no published figure."""
        return None if self.front_end.unknown else self.ledger.total + self.front_end.total

    def head(self, **conditions: float) -> dict[str, Any]:
        """How a table begins: under which conditions, what its joules pay for, and how long it takes."""
        about = {"covers": self.covers, "latency_s": self.latency_s}
        return {"chip": self.chip, "acceleration": 1.0} | conditions | about

    def operations(self, each: int, products: float, counted: str) -> dict[str, Any]:
        """Operations per joule, None where nothing is paid for: `each` of a product, and of which."""
        total = self.ledger.total
        return {
            "operations_per_mac": each,
            "operations_per_j": each * products / total if total else None,
            "operations_counted": counted,
            "operations_boundary": self.silicon_boundary,
        }

    def ledgers(self, by: Group) -> dict[str, Any]:
        """How a table ends: total, parts, rows and what is not modelled, and the front end with what was sensed."""
        ledger, sensed = self.ledger, self.sensed
        groups = {} if by == "part" else {f"{by}s_j": ledger.sums(by)}
        heard = {} if sensed is None else {"features": sensed.features, "n_channels": sensed.n_channels}
        return {
            "total_j": ledger.total,
            "boundary": CLASSIFIER,
            "silicon_boundary": self.silicon_boundary,
            "parts_j": ledger.parts,
            **groups,
            "n_not_modelled": len(ledger.not_modelled),
            "not_modelled": ledger.not_modelled,
            "ledger": ledger.by(by).rows(),
            "total_with_front_end_j": self.with_front_end,
            "boundary_with_front_end": None if sensed is None else boundary_with_front_end(sensed),
            "front_end": [row | heard for row in self.front_end.rows()],
        }
