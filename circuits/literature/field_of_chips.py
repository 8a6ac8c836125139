"""Published chips by performance and power: each figure with its boundary and what it counts as an operation.

The rows live in `field.toml`. A ratio is only made of figures that belong to one another: the mean power of a chip that
sleeps between two frames is not that of its peak performance.
"""

from dataclasses import dataclass
from pathlib import Path

from circuits.literature.published import EVIDENCE, NEWEST, OLDEST
from circuits.tables import read_rows
from circuits.units import Metres, Volts, Watts, freeze_si, require, require_plausible_fields

NOT_STATED = "not stated"
SILICON_BOUNDARIES = {  # what the watts of a performance pay for
    "array": "memory cells, their drivers and converters",
    "tile": "an array with its own control and routing",
    "chip": "the whole die",
    "system": "all dies that the task needs, memory or sensor too",
    NOT_STATED: "the source does not say",
}
MAC, SYNAPTIC = "MAC", "synaptic operation"
NORMAL = 2  # operations of a multiply-accumulate: a product and a sum
RECORD = "AnIA"  # the row whose efficiency is the record of 2020
GOAL_TOPS_PER_W = 10_000.0  # Source: press on AnIA, imec and GlobalFoundries 2020-07: their ambition
LISTENING_POWER: Watts = 2e-3  # ASSUMED: what a device that listens all day may draw
AGREES = 0.05  # ASSUMED: three figures of one row agree within this; they are rounded to two or three digits


@dataclass(frozen=True)
class FieldPoint:
    """A place in the field: operations per second, two a MAC where the source says what it counts, at a power."""

    name: str
    boundary: str
    operation: str
    performance_ops: float
    power_w: Watts


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One published figure of a chip or of a part of it.

    boundary: what the power pays for, a word of `SILICON_BOUNDARIES`.   operation: counted is a `MAC` or `SYNAPTIC`.
    ops_per_mac: operations that the source counts for one MAC, 1 or 2; None: not stated, or no MAC is counted.
    performance_ops: operations per second.   power_w: at that performance.   tops_per_w: 1e12 operations per joule.
    duty_cycled: the power is a mean over sleep, so no performance belongs to it.
    None: not published; a row without any figure says in its note what was looked for.
    Raises: InputError for an empty text, an unknown word, a quantity that is not positive, or figures at odds.
    """

    name: str
    year: int
    source: str
    evidence: str
    technology: str
    boundary: str
    measured: bool
    operation: str = MAC
    ops_per_mac: int | None = None
    performance_ops: float | None = None
    power_w: Watts | None = None
    tops_per_w: float | None = None
    duty_cycled: bool = False
    node_m: Metres | None = None
    v_dd_v: Volts | None = None
    note: str = ""

    def __post_init__(self) -> None:
        freeze_si(self)
        require_plausible_fields(self)
        self._require_words()
        for name in ("performance_ops", "power_w", "tops_per_w", "node_m", "v_dd_v"):
            value = getattr(self, name)
            require(self, name, value is None or value > 0, "positive")
        self._require_figures()

    def _require_words(self) -> None:
        require(self, "year", OLDEST <= self.year <= NEWEST, f"in {OLDEST}..{NEWEST}")
        for name in ("name", "source", "technology"):
            require(self, name, bool(getattr(self, name).strip()), "given")
        require(self, "evidence", self.evidence in EVIDENCE, f"one of {', '.join(EVIDENCE)}")
        require(self, "boundary", self.boundary in SILICON_BOUNDARIES, f"one of {', '.join(SILICON_BOUNDARIES)}")
        require(self, "operation", self.operation in (MAC, SYNAPTIC), f"{MAC} or {SYNAPTIC}")
        counts = (None, 1, 2) if self.operation == MAC else (None,)
        require(self, "ops_per_mac", self.ops_per_mac in counts, "1 or 2, and left out where no MAC is counted")

    def _require_figures(self) -> None:
        rate, power, ratio = self.performance_ops, self.power_w, self.tops_per_w
        require(self, "note", bool(self.note.strip()) or not (rate is None and power is None and ratio is None),
                "given where no figure is")  # fmt: skip
        alone = power is not None and rate is None and ratio is None
        require(self, "duty_cycled", alone or not self.duty_cycled, "of a power alone: no performance belongs to it")
        if rate is not None and power is not None and ratio is not None:
            agrees = abs(rate / power / 1e12 / ratio - 1) <= AGREES
            require(self, "tops_per_w", agrees, f"performance_ops over power_w, {rate / power / 1e12:.4g}")

    @property
    def efficiency(self) -> float | None:
        """1e12 operations per joule as the source counts them, published or else performance over power."""
        if self.tops_per_w is not None or self.performance_ops is None or self.power_w is None:
            return self.tops_per_w
        return self.performance_ops / self.power_w / 1e12

    @property
    def factor(self) -> float | None:
        """From the source's operations to two a MAC; None where it does not say, or counts synaptic operations."""
        return None if self.ops_per_mac is None else NORMAL / self.ops_per_mac

    @property
    def normalised(self) -> float | None:
        """Efficiency at two operations a MAC; None where that is not known."""
        return None if self.factor is None or self.efficiency is None else self.efficiency * self.factor

    @property
    def point(self) -> FieldPoint | None:
        """Its place, the third figure from the other two; None where only one is known."""
        rate, power, ratio = self.performance_ops, self.power_w, self.tops_per_w
        if rate is None and power is not None and ratio is not None:
            rate = ratio * 1e12 * power
        if power is None and rate is not None and ratio is not None:
            power = rate / ratio / 1e12
        if rate is None or power is None:
            return None
        return FieldPoint(self.name, self.boundary, self.operation, rate * (self.factor or 1.0), power)

    @property
    def reason(self) -> str:
        """Why it has no place in the field; "" where it has one."""
        if self.point is not None:
            return ""
        if self.duty_cycled:
            return "no performance belongs to its power, a mean over sleep"
        if self.tops_per_w is not None:
            return "no performance and no power published: a line of its efficiency"
        if self.performance_ops is not None:
            return "no power published at its performance"
        return "no performance published" if self.power_w is not None else f"not found: {self.note}"


def load_field(path: str | Path | None = None) -> tuple[FieldRow, ...]:
    """Read the `[[chip]]` tables of a TOML file, in file order; None: the table that comes with the package.

    Raises:  FileNotFoundError; InputError naming the row for a missing or unknown key or a bad value, or broken TOML.
    """
    path = Path(__file__).with_name("field.toml") if path is None else Path(path)
    return read_rows(path, "chip", FieldRow)
