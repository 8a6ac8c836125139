"""A chip as data: what fits on a core and what its events cost, every number with its source."""

import math
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

from circuits.errors import InputError


@dataclass(frozen=True)
class Sourced:
    """A number with the place that it comes from."""

    value: float
    source: str

    def __post_init__(self):
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not 0 <= self.value < math.inf:
            raise InputError(f"a chip's number must be zero or positive and finite, got {self.value!r}")
        if not isinstance(self.source, str) or not self.source.strip():
            raise InputError(f"the number {self.value} has no source; name the paper and table, or write ASSUMED")


LIMITS = ("cores", "input_neurons", "neurons", "lines", "synapses", "weight_bits")  # per core, but for `cores`
ENERGIES = ("hop_j", "synapse_wire_j")  # per spike and core boundary; per synaptic event
POWERS = ("bias_w", "standby_w")  # per core


@dataclass(frozen=True)
class ChipSpec:
    """Limits, energies (J) and powers (W) of one chip; a key that is absent is unknown, not zero."""

    name: str
    title: str
    node_m: Sourced
    limits: dict[str, Sourced]
    energy: dict[str, Sourced] = field(default_factory=dict)
    power: dict[str, Sourced] = field(default_factory=dict)

    def __post_init__(self):
        for name, limit in self.limits.items():
            if limit.value != int(limit.value):
                raise InputError(f"limits.{name} of {self.name} must be a whole number, got {limit.value!r}")

    def limit(self, name: str) -> int:
        return int(self.limits[name].value)

    def energy_j(self, name: str) -> float | None:
        return self.energy[name].value if name in self.energy else None

    def power_w(self, name: str) -> float | None:
        return self.power[name].value if name in self.power else None

    def source(self, name: str) -> str:
        """Where an energy or power comes from."""
        known = self.energy | self.power
        return known[name].source if name in known else "not published"


def chip_names() -> tuple[str, ...]:
    """The chips that ship with the package."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml")))


def load_chip(name: str) -> ChipSpec:
    """The chip of that name, or of a TOML file at that path.

    Raises: ValueError for an unknown name, an unknown key or a number without a source.
    """
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise InputError(f"no chip file {name}")
        text, place = Path(name).read_text(encoding="utf-8"), name
    elif name in chip_names():
        text, place = (_folder() / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml"
    else:
        raise InputError(f"unknown chip {name!r}; known: {', '.join(chip_names())}; or give the path of a .toml file")
    try:
        return _parse(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{place}: {error}") from error


def _folder() -> Any:
    return files("circuits") / "chips"


def _parse(table: dict[str, Any]) -> ChipSpec:
    _check_keys(table, ("name", "title", "node_m", "limits", "energy", "power"), "chip")
    _check_keys(table.get("limits", {}), LIMITS, "limits")  # a misspelt limit is better named than missed
    missing = {"name", "title", "node_m", "limits"} - set(table)
    missing |= set(LIMITS) - set(table.get("limits", {}))
    if missing:
        raise InputError(f"missing {', '.join(sorted(missing))}")
    return ChipSpec(
        name=table["name"],
        title=table["title"],
        node_m=_number(table["node_m"], "node_m"),
        limits=_numbers(table["limits"], LIMITS, "limits"),
        energy=_numbers(table.get("energy", {}), ENERGIES, "energy"),
        power=_numbers(table.get("power", {}), POWERS, "power"),
    )


def _numbers(table: dict[str, Any], known: tuple[str, ...], place: str) -> dict[str, Sourced]:
    _check_keys(table, known, place)
    return {name: _number(entry, f"{place}.{name}") for name, entry in table.items()}


def _number(entry: Any, place: str) -> Sourced:
    if not isinstance(entry, dict) or set(entry) != {"value", "source"}:
        raise InputError(f'{place} must be {{ value = ..., source = "..." }}, got {entry!r}')
    try:
        return Sourced(**entry)
    except ValueError as error:
        raise InputError(f"{place}: {error}") from error


def _check_keys(table: dict[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            nearest = get_close_matches(key, known, 1)
            raise InputError(f"unknown key {key!r} in {place}" + (f"; did you mean {nearest[0]!r}?" if nearest else ""))
