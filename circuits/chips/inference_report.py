"""What every technology tells of one inference, however it computes, and the part of the table that all share."""

from typing import Any, Protocol, runtime_checkable

from circuits.chips.front_end_ledger import Sensed, boundary_with_front_end
from circuits.energy.boundary import CLASSIFIER
from circuits.ledger import Group, Ledger
from circuits.units import Joules, Seconds


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

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""


def ledger_table(ledger: Ledger[float], by: Group) -> dict[str, Any]:
    """Total, parts, rows and what is not modelled, as every report prints them."""
    groups = {} if by == "part" else {f"{by}s_j": ledger.sums(by)}
    return {
        "total_j": ledger.total,
        "boundary": CLASSIFIER,
        "parts_j": ledger.parts,
        **groups,
        "n_not_modelled": len(ledger.not_modelled),
        "not_modelled": ledger.not_modelled,
        "ledger": ledger.by(by).rows(),
    }


def with_front_end(ledger: Ledger[float], front_end: Ledger[float]) -> Joules | None:
    """Network and front end together; None where the front end has no published figure."""
    return None if front_end.unknown else ledger.total + front_end.total


def front_end_table(ledger: Ledger[float], front_end: Ledger[float], sensed: Sensed | None) -> dict[str, Any]:
    """The ledger of the front end, each entry with what was sensed, and what both cost and pay for together."""
    heard = {} if sensed is None else {"features": sensed.features, "n_channels": sensed.n_channels}
    return {
        "total_with_front_end_j": with_front_end(ledger, front_end),
        "boundary_with_front_end": None if sensed is None else boundary_with_front_end(sensed),
        "front_end": [row | heard for row in front_end.rows()],
    }
