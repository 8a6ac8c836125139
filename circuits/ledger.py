"""One ledger for every joule: a part, how often it is paid, what it costs each time, and who says so.

    energy = count each_j,   total = sum of all entries that have a figure

An entry without a figure is a cost that exists and has no published number: it is listed, never zero. What is counted
are events, seconds of a power or coulombs from a supply; counts and figures may be arrays of one shape, `(neuron,)`.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar, get_args

import numpy as np

from circuits.errors import InputError
from circuits.units import Joules

Kind = Literal["dynamic", "static"]
Group = Literal["part", "layer", "core"]
Number = TypeVar("Number", float, np.ndarray)  # of one thing, or `(neuron,)`
SHARED = "shared"  # the group of what belongs to no single layer or core


@dataclass(frozen=True)
class Entry(Generic[Number]):
    """One cost. Its energy is count times `each_j`; `each_j` None: not modelled."""

    part: str
    count: Number
    each_j: Joules | np.ndarray | None
    kind: Kind = "dynamic"
    per: str = "spike"  # what is counted
    source: str = ""  # where `each_j` comes from, or ASSUMED
    layer: str | None = None
    core: int | None = None

    @property
    def energy_j(self) -> Number | None:
        return None if self.each_j is None else self.count * self.each_j

    @property
    def name(self) -> str:
        """The part in words."""
        return self.part.replace("_", " ")

    def group(self, by: Group) -> str:
        """Name of its part, layer or core."""
        value = getattr(self, by)
        return SHARED if value is None else str(value)


@dataclass(frozen=True)
class Ledger(Generic[Number]):
    """Entries that add up; see `spike_energy` of a neuron and `energy_report` of an inference."""

    entries: tuple[Entry[Number], ...] = ()

    def __add__(self, other: "Ledger[Number]") -> "Ledger[Number]":
        return Ledger(self.entries + other.entries)

    def __mul__(self, times: float) -> "Ledger[Number]":
        return Ledger(tuple(replace(entry, count=entry.count * times) for entry in self.entries))

    def __getitem__(self, part: str) -> Number | None:
        """Energy of a part; None where it is not modelled. Raises: KeyError for a part that is not there."""
        return _sum(self._of(part))

    def count(self, part: str) -> Number:
        """How often a part is paid. Raises: KeyError for a part that is not there."""
        return sum(entry.count for entry in self._of(part))

    def _of(self, part: str) -> list[Entry[Number]]:
        found = [entry for entry in self.entries if entry.part == part]
        if not found:
            raise KeyError(f"no part {part!r}; there are {', '.join(dict.fromkeys(e.part for e in self.entries))}")
        return found

    def where(self, keep: Callable[[Entry[Number]], bool]) -> "Ledger[Number]":
        return Ledger(tuple(entry for entry in self.entries if keep(entry)))

    def labelled(self, part: str | None = None, layer: str | None = None, core: int | None = None) -> "Ledger[Number]":
        """The same costs under another part, layer or core; None keeps the entry's own."""
        return Ledger(
            tuple(
                replace(
                    entry,
                    part=part or entry.part,
                    layer=layer or entry.layer,
                    core=entry.core if core is None else core,
                )
                for entry in self.entries
            )
        )

    @property
    def unknown(self) -> tuple[Entry[float], ...]:
        """One entry for each part without a figure."""
        return self.where(lambda entry: entry.each_j is None).by("part").entries

    @property
    def not_modelled(self) -> list[str]:
        """The unknown parts in words."""
        return list(dict.fromkeys(entry.name for entry in self.unknown))

    @property
    def parts(self) -> dict[str, Number]:
        """Energy of each part that has a figure."""
        return self.sums("part")

    @property
    def total(self) -> Number:
        """Sum of the parts: a lower bound where `unknown` lists any."""
        return sum(self.parts.values())

    @property
    def dynamic(self) -> Number | None:
        """What events cost: marginal energy. None where none of it has a figure."""
        return _sum(entry for entry in self.entries if entry.kind == "dynamic")

    @property
    def static(self) -> Number | None:
        """What time costs. None where none of it has a figure."""
        return _sum(entry for entry in self.entries if entry.kind == "static")

    def sums(self, by: Group) -> dict[str, Number]:
        """Energy with a figure of each part, layer or core, in order; together the total."""
        known: dict[str, list[Entry[Number]]] = {}
        for entry in self.entries:
            if entry.each_j is not None:
                known.setdefault(entry.group(by), []).append(entry)
        return {name: _sum(known[name]) for name in _ordered(known)}

    def by(self, group: Group) -> "Ledger[float]":
        """Alike entries of each part, layer or core merged, neurons summed; the total stays."""
        alike: dict[str, dict[tuple, list[Entry]]] = {}
        for entry in self.entries:
            key = (entry.part, entry.kind, entry.per, entry.source, entry.each_j is None)
            alike.setdefault(entry.group(group), {}).setdefault(key, []).append(entry)
        return Ledger(tuple(_merged(same, group) for name in _ordered(alike) for same in alike[name].values()))

    def rows(self) -> list[dict[str, Any]]:
        """One record for each entry, as tables, CSV and JSON show it; its share is of the total."""
        total, columns = float(np.sum(self.total)), ("part", "kind", "count", "per", "each_j", "source")
        places = [name for name in ("layer", "core") if any(getattr(e, name) is not None for e in self.entries)]
        return [
            {name: entry.group(name) for name in places}
            | {"part": entry.part, "energy_j": (energy := entry.energy_j)}
            | {"share": None if energy is None or not total else energy / total}
            | {name: getattr(entry, name) for name in columns[1:]}
            for entry in self.entries
        ]

    def csv(self) -> str:
        """The rows as CSV text; what has no figure says so."""
        rows, text = self.rows(), io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]) if rows else ["part", "energy_j"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: "not modelled" if cell is None else cell for key, cell in row.items()} for row in rows)
        return text.getvalue()


def require_group(by: str) -> Group:
    """The grouping of that name. Raises: InputError for another."""
    if by not in get_args(Group):
        raise InputError(f"no ledger by {by!r}; choose one of {', '.join(get_args(Group))}")
    return by


def ledger_of(parts: Mapping[str, Number], source: str = "") -> Ledger[Number]:
    """Energies by part (J), each paid once; the part "static" is static."""
    return Ledger(
        tuple(
            Entry(part, 1.0, joules, "static" if part == "static" else "dynamic", "sum", source)
            for part, joules in parts.items()
        )
    )


def unknown(*parts: str) -> Ledger[Any]:
    """Costs that exist and have no published figure."""
    return Ledger(tuple(Entry(part, 1.0, None, per="inference", source="not published") for part in parts))


def _sum(entries: Iterable[Entry[Number]]) -> Number | None:
    """Energy of those with a figure; None where there are entries and none has one."""
    entries = list(entries)
    known = [entry.energy_j for entry in entries if entry.each_j is not None]
    return None if entries and not known else sum(known)


def _ordered(groups: Iterable[str]) -> list[str]:
    """Groups as they came, but cores by number and what is shared last."""
    names = list(groups)
    numbers = all(name.isdecimal() or name == SHARED for name in names)
    return sorted(names, key=lambda name: (name == SHARED, int(name) if numbers and name != SHARED else 0))


def _merged(alike: list[Entry], by: Group) -> Entry[float]:
    """One entry for all: counts and energies summed, over arrays too."""
    first = replace(alike[0], **{name: None for name in ("layer", "core") if name != by})
    count = float(sum(np.sum(entry.count) for entry in alike))
    if first.each_j is None:
        return replace(first, count=count)
    energy = float(sum(np.sum(entry.energy_j) for entry in alike))
    if all(np.ndim(entry.each_j) == 0 and entry.each_j == first.each_j for entry in alike):
        return replace(first, count=count)
    return replace(first, count=count, each_j=energy / count if count else 0.0)
