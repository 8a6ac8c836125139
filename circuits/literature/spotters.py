"""Published keyword spotters: energy per decision or power, what it pays for, task and accuracy, with sources.

The rows live in `spotters.toml`; the loader refuses one that does not say where its number comes from and what it
pays for. Energy per decision and power are what the source states: neither is computed from the other.
"""

from dataclasses import dataclass
from pathlib import Path

from circuits.energy.boundary import BOUNDARIES
from circuits.literature.published import EVIDENCE, NEWEST, OLDEST
from circuits.tables import read_rows
from circuits.units import Joules, Metres, Seconds, Watts, freeze_si, require, require_plausible_fields


@dataclass(frozen=True, kw_only=True)
class PublishedSpotter:
    """One published figure of a keyword spotter, or of a front end of its own.

    boundary: what the joules pay for; one of `BOUNDARIES`.   evidence: who states the figure; one of `EVIDENCE`.
    task: data set and number of classes.   accuracy: on it, 0 to 1.
    power_w: of listening without a pause.   latency_s: from the sound to the answer.   None: not published.
    measured: False for simulation, and where the source does not say.
    Raises: InputError for an empty text, an unknown boundary or evidence, neither energy nor power, or a quantity that
      is not positive.
    """

    name: str
    year: int
    source: str
    evidence: str
    technology: str
    boundary: str
    task: str
    measured: bool
    accuracy: float | None = None
    energy_per_decision_j: Joules | None = None
    power_w: Watts | None = None
    latency_s: Seconds | None = None
    node_m: Metres | None = None
    note: str = ""

    def __post_init__(self) -> None:
        freeze_si(self)
        require_plausible_fields(self)
        require(self, "year", OLDEST <= self.year <= NEWEST, f"in {OLDEST}..{NEWEST}")
        for name in ("name", "source", "technology", "task"):
            require(self, name, bool(getattr(self, name).strip()), "given")
        require(self, "evidence", self.evidence in EVIDENCE, f"one of {', '.join(EVIDENCE)}")
        require(self, "boundary", self.boundary in BOUNDARIES, f"one of {', '.join(BOUNDARIES)}")
        require(self, "accuracy", self.accuracy is None or 0 < self.accuracy <= 1, "above 0 and at most 1")
        require(self, "power_w", not (self.power_w is None and self.energy_per_decision_j is None),
                "given, or energy_per_decision_j")  # fmt: skip
        for name in ("energy_per_decision_j", "power_w", "latency_s", "node_m"):
            value = getattr(self, name)
            require(self, name, value is None or value > 0, "positive")


def load_spotters(path: str | Path | None = None) -> tuple[PublishedSpotter, ...]:
    """Read the `[[spotter]]` tables of a TOML file, in file order; None: the table that comes with the package.

    Raises:  FileNotFoundError; InputError naming the row for a missing or unknown key or a bad value, or broken TOML.
    """
    path = Path(__file__).with_name("spotters.toml") if path is None else Path(path)
    return read_rows(path, "spotter", PublishedSpotter)
