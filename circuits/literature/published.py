"""Conventional and tunnelling neurons from the literature: energy per emitted spike, each figure with its source.

The rows live in `published.toml`; the loader refuses a row that does not say where its number comes from and what
it pays for.
"""

from dataclasses import dataclass
from pathlib import Path

from circuits.energy.core import SCOPES
from circuits.errors import InputError
from circuits.tables import read_rows
from circuits.units import Hertz, Joules, Metres, SquareMetres, Volts, Watts, freeze_si, require_plausible_fields

OLDEST, NEWEST = 1950, 2100  # years
EVIDENCE = ("abstract", "second-hand", "derived", "vendor", "press")


@dataclass(frozen=True, kw_only=True)
class PublishedNeuron:
    """One published figure of energy per emitted spike.

    scope:  what the joules pay for: the bare "neuron", a "core" with its synapses, a "chip" or a "system".
    evidence:  who states the figure; one of `EVIDENCE`.
    measured:  False for simulation, and where the source does not say.
    area_scope:  what the area covers; None: the same as `scope`.   None elsewhere: not published.
    static_power_w:  paid without any spike, beside the energy per spike; of what `scope` says.
    static_source:  who states it and how it was read; a static power without it is refused.
    Raises:  InputError for an empty source, an unknown scope or evidence, or a quantity that is not positive.
    """

    name: str
    year: int
    source: str
    evidence: str
    technology: str
    energy_per_spike_j: Joules
    scope: str
    measured: bool
    note: str = ""
    node_m: Metres | None = None
    v_dd_v: Volts | None = None
    rate_hz: Hertz | None = None
    area_m2: SquareMetres | None = None
    area_scope: str | None = None
    static_power_w: Watts | None = None
    static_source: str = ""

    def __post_init__(self) -> None:
        freeze_si(self)
        if not OLDEST <= self.year <= NEWEST:
            raise InputError(f"year = {self.year!r} for {self.name!r}; expected one in {OLDEST}..{NEWEST}")
        for key in ("name", "source", "technology"):
            if not getattr(self, key).strip():
                raise InputError(f"{key} is empty for {self.name!r}; say what it is and where it stands")
        _one_of("scope", self.scope, SCOPES, self.name)
        _one_of("evidence", self.evidence, EVIDENCE, self.name)
        if self.area_scope is not None:
            _one_of("area_scope", self.area_scope, SCOPES, self.name)
        if (self.static_power_w is None) != (not self.static_source.strip()):
            raise InputError(f"static_power_w and static_source of {self.name!r} come together; give both or neither")
        for key in ("energy_per_spike_j", "node_m", "v_dd_v", "rate_hz", "area_m2", "static_power_w"):
            value = getattr(self, key)
            if value is not None and value <= 0:
                raise InputError(f"{key} = {value!r} for {self.name!r}; expected a positive number (SI), or no key")
        require_plausible_fields(self)


def load_published(path: str | Path | None = None) -> tuple[PublishedNeuron, ...]:
    """Read the rows of a TOML file, in file order.

    Args:  path: a file of `[[neuron]]` tables; None: the table that comes with the package.
    Raises:  FileNotFoundError; InputError naming the row for a missing or unknown key or a bad value, or broken TOML.
    """
    path = Path(__file__).with_name("published.toml") if path is None else Path(path)
    return read_rows(path, "neuron", PublishedNeuron)


def _one_of(key: str, value: object, allowed: tuple[str, ...], name: str) -> None:
    if value not in allowed:
        raise InputError(f"{key} = {value!r} for {name!r}; expected one of {', '.join(allowed)}")
