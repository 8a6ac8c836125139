"""What every technology's record of a chip holds and does alike: it is read from a file, asked to run, and refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from circuits.chips.front_end_ledger import FrontEndCosts, Sensed
from circuits.chips.inference_report import LedgerReport
from circuits.chips.operation import CHEAPEST, Operation
from circuits.errors import InputError
from circuits.mapping.limits import BrokenLimit, MappingError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.tables import NOT_IN_FILE, Table, record, unsourced
from circuits.units import Metres, Volts, freeze_si, require, require_plausible

# V^2 holds within 10 % from 0.65 V on (7 nm macro, Sinangil 2021); top ASSUMED.
V_RANGE: tuple[Volts, Volts] = (0.65, 1.1)
Own = TypeVar("Own", bound="ChipRecord")
Report = TypeVar("Report", bound=LedgerReport)


@dataclass(frozen=True)
class ChipRecord:
    """One chip; `sources` says by dotted key where each number of its file comes from."""

    name: str
    title: str
    node: Metres
    front_end: FrontEndCosts = field(default_factory=FrontEndCosts, kw_only=True)
    sources: Mapping[str, str] = field(default_factory=dict, metadata=NOT_IN_FILE, kw_only=True)
    operation: Operation = field(default=CHEAPEST, metadata=NOT_IN_FILE, kw_only=True)

    def __post_init__(self):
        freeze_si(self)
        require_plausible(self.node, "m", f"{type(self).__name__}.node")
        require(self, "node", self.node > 0, "positive")

    @property
    def ages(self) -> bool:
        """Whether what it computes changes with its age: numbers in memory do not."""
        return False

    @property
    def alike(self) -> bool:
        """Whether every piece computes the same: digital logic does."""
        return True

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks."""
        raise NotImplementedError

    def require_fits(self, net: NetworkSpec, activity: Activity | None = None) -> None:
        """Raise MappingError for a network that breaks a limit, InputError for activity of another network."""
        if broken := self.check(net):
            raise MappingError(broken)
        if activity is not None:
            activity.require_fits(net)

    def heard(self, report: Report, sensed: Sensed | None) -> Report:
        """The same report with its front end; None: nobody knows which."""
        return report if sensed is None else replace(report, sensed=sensed, front_end=self.front_end.ledger(sensed))

    @classmethod
    def read(cls: type[Own], table: Table, place: str, trained: ChipNetwork | None, operation: Operation) -> Own:
        """A chip of this kind from the table of its file. Raises: InputError naming key and file."""
        del trained  # a circuit of neurons; only a chip that has one takes its place
        values, sources = unsourced(table, place)
        chip = cls.of_values(values, place)
        costs = {name: getattr(chip, name) for name in ("costs", "front_end") if hasattr(chip, name)}
        cited = {name: replace(part, sources=sources) for name, part in costs.items()}
        return replace(chip, sources=sources, operation=operation, **cited)

    @classmethod
    def of_values(cls: type[Own], values: Table, place: str) -> Own:
        """A chip of the numbers of a file, without their sources. Raises: InputError."""
        return record(values, cls, place)


@dataclass(frozen=True)
class SwitchedChip(ChipRecord):
    """A chip whose joules are of switched charge, so that they follow the square of its supply."""

    v_dd: Volts

    def __post_init__(self):
        super().__post_init__()
        least, most = V_RANGE
        if not least <= self.supply <= most:
            raise InputError(
                f"a supply of {self.supply:g} V is outside of {least:g} to {most:g} V, where energies follow V^2; "
                "give a --supply within, or take a chip of kind near_threshold"
            )

    @property
    def supply(self) -> Volts:
        """That of the file, unless the operation names another."""
        return self.operation.supply(self.v_dd)
