"""Published spiking processors: static power of the chip and marginal energy of a synaptic operation, with sources.

The rows live in `processors.toml`. They pay for a whole chip, so none is compared with a bare neuron.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from circuits.literature.published import EVIDENCE, NEWEST, OLDEST
from circuits.tables import read_rows
from circuits.units import Joules, Metres, Volts, Watts, freeze_si, require, require_plausible_fields


@dataclass(frozen=True, kw_only=True)
class PublishedProcessor:
    """One chip, P = static_power + energy_per_operation rate; idle_j per clock cycle comes on top.

    Raises:  InputError for an empty source, an unknown evidence, or a quantity that is not positive.
    """

    name: str
    year: int
    source: str
    evidence: str
    technology: str
    n_neurons: int
    static_power_w: Watts
    energy_per_operation_j: Joules
    measured: bool
    node_m: Metres | None = None
    v_dd_v: Volts | None = None
    idle_j: Joules | None = None
    note: str = ""

    def __post_init__(self):
        freeze_si(self)
        require_plausible_fields(self)
        require(self, "year", OLDEST <= self.year <= NEWEST, f"in {OLDEST}..{NEWEST}")
        for name in ("name", "source", "technology"):
            require(self, name, bool(getattr(self, name).strip()), "given")
        require(self, "evidence", self.evidence in EVIDENCE, f"one of {', '.join(EVIDENCE)}")
        require(self, "n_neurons", self.n_neurons >= 1, "at least 1")
        for name in ("static_power_w", "energy_per_operation_j", "node_m", "v_dd_v", "idle_j"):
            value = getattr(self, name)
            require(self, name, value is None or value > 0, "positive")

    def chips(self, n_neurons: int) -> int:
        """Whole chips that hold so many neurons."""
        return math.ceil(n_neurons / self.n_neurons)


def load_processors(path: str | Path | None = None) -> tuple[PublishedProcessor, ...]:
    """Read the `[[processor]]` tables of a TOML file, in file order; None: the table that comes with the package.

    Raises:  FileNotFoundError; InputError naming the row for a missing or unknown key or a bad value, or broken TOML.
    """
    path = Path(__file__).with_name("processors.toml") if path is None else Path(path)
    return read_rows(path, "processor", PublishedProcessor)
