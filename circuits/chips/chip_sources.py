"""The chips that ship with the package, and where their numbers come from, whatever their technology."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from circuits.chips.chip import FOLDER, chip_names
from circuits.tables import Table, read_toml

LEADS = ("ASSUMED", "press", "derived", "vendor", "second-hand", "simulated")  # what a source may begin with
PUBLISHED = "published"  # a source that begins with none of them names a paper


@dataclass(frozen=True)
class ChipSources:
    """One chip; `sources` by dotted key of its file."""

    name: str
    title: str
    kind: str
    sources: dict[str, str]

    @property
    def evidence(self) -> dict[str, int]:
        """How many of its numbers each kind of source gives, most first."""
        return dict(Counter(_lead(source) for source in self.sources.values()).most_common())


def shipped_chips() -> tuple[ChipSources, ...]:
    """Every chip of the package by name."""
    return tuple(_read(name) for name in chip_names())


def _read(name: str) -> ChipSources:
    table = read_toml(Path(str(FOLDER / f"{name}.toml")))
    return ChipSources(name, str(table.get("title", "")), str(table.get("kind", "")), dict(_sources(table)))


def _sources(table: Table, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted key and source of each `{ value, source }`, in order."""
    for key, entry in table.items():
        if not isinstance(entry, dict):
            continue
        if {"value", "source"} <= set(entry):
            yield prefix + key, str(entry["source"])
        else:
            yield from _sources(entry, f"{prefix}{key}.")


def _lead(source: str) -> str:
    return next((lead for lead in LEADS if source.lower().startswith(lead.lower())), PUBLISHED)
