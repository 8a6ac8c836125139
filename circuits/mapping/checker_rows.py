"""The parts of a mapping file, each read as what it must be, or refused by name: rows, runs and numbers.

For `circuits.mapping.checker` alone; it shares nothing with what writes the file.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from circuits.errors import InputError
from circuits.tables import did_you_mean, shortened

MOST_NEURONS = 10**7
MOST_TEXT = 200
TOLERANCE = 1e-9
POPULATION = ("name", "first", "stop", "updated", "synapse_j", "unheard_spikes")


class Net(NamedTuple):
    """What one source drives: runs of targets, `first` to `last` of each not included."""

    source: int
    rate: float
    runs: list[tuple[int, int]]


def table_of(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{place} must be a table, got {shortened(value)}")
    return value


def require_keys(table: Any, keys: Iterable[str], place: str) -> None:
    """These keys and no other ones: what is not read is not checked."""
    known = tuple(keys)
    if missing := [key for key in known if key not in table_of(table, place)]:
        raise InputError(f"{place} lacks {', '.join(missing)}")
    if more := [key for key in table if key not in known]:
        raise InputError(f"unknown key {shortened(more[0])} in {place}{did_you_mean(more[0], known)}")


def text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MOST_TEXT or not value.isprintable():
        raise InputError(f"{place} must be a name of 1 to {MOST_TEXT} characters, got {shortened(value)}")
    return value


def rows_of(value: Any, place: str, most: int = MOST_NEURONS, least: int = 0) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise InputError(f"{place} must be a list of {least} to {most} entries, got {shortened(value)}")
    return value


def whole(value: Any, least: int, most: int, place: str, what: str = "") -> int:
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"{place} must be a whole number in {least}..{most}{what}, got {shortened(value)}")
    return value


def number(value: Any, place: str) -> float:
    if type(value) not in (int, float) or not 0 <= value < 1e300:
        raise InputError(f"{place} must be zero or positive and finite, got {shortened(value)}")
    return float(value)


def differences(told: dict[str, Any], found: dict[str, float], place: str) -> list[str]:
    """Figures of the file that are not those that follow from it."""
    require_keys(told, found, place)
    said = {key: number(told[key], f"{place}.{key}") for key in found}
    return [
        f"{place}.{key} is {said[key]:.12g}, the file adds up to {value:.12g}"
        for key, value in found.items()
        if not equal(said[key], value)
    ]


def equal(one: float, other: float) -> bool:
    """Whether two figures are the same, but for the order in which they were added up."""
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=1e-30)


def cores_of(table: dict[str, Any]) -> tuple[list[int], list[tuple[int, int]]]:
    """The core of each neuron, and column and row of each core's router; no router holds more than it has cores."""
    mesh = table_of(table["mesh"], "mesh")
    require_keys(mesh, ("width", "height", "cores_per_router"), "mesh")
    width, height, each = (whole(mesh[key], 1, 2**15, f"mesh.{key}") for key in ("width", "height", "cores_per_router"))
    where = []
    for i, place in enumerate(rows_of(table["router_of_core"], "router_of_core", least=1)):
        if not isinstance(place, list) or len(place) != 2:
            raise InputError(f"router_of_core[{i}] must be [column, row], got {shortened(place)}")
        name = f"router_of_core[{i}]"
        outside = f", inside the mesh of {width} x {height}"
        column = whole(place[0], 0, width - 1, f"column of {name}", outside)
        where.append((column, whole(place[1], 0, height - 1, f"row of {name}", outside)))
    for router, n in Counter(where).items():
        if n > each:
            raise InputError(f"router_of_core has {n} cores on router {router}, a router has {each}")
    rows = rows_of(table["core_of_neuron"], "core_of_neuron", least=1)
    named = f", one of the {len(where)} cores"
    core = [whole(c, 0, len(where) - 1, f"core_of_neuron[{i}]", named) for i, c in enumerate(rows)]
    if empty := sorted(set(range(len(where))) - set(core)):
        raise InputError(f"router_of_core[{empty[0]}] is of a core that no neuron is on")
    return core, where


def populations_of(value: Any, n: int) -> list[dict[str, Any]]:
    """Populations that follow one another and cover every neuron."""
    rows, stop, names = rows_of(value, "populations", 10_000), 0, set()
    for i, row in enumerate(rows):
        require_keys(row, POPULATION, f"populations[{i}]")
        if text(row["name"], f"populations[{i}].name") in names:
            raise InputError(f"populations[{i}].name {shortened(row['name'])} stands twice")
        names.add(row["name"])
        whole(row["first"], stop, stop, f"populations[{i}].first")
        stop = whole(row["stop"], stop, n, f"populations[{i}].stop", ", the neurons of core_of_neuron")
        if type(row["updated"]) is not bool:
            raise InputError(f"populations[{i}].updated must be true or false, got {shortened(row['updated'])}")
    if stop != n:
        raise InputError(f"populations end at neuron {stop}, core_of_neuron has {n}")
    return rows


def nets_of(value: Any, n: int) -> list[Net]:
    """Source, rate and runs of targets of each net; a source has one."""
    nets, seen = [], set()
    for i, row in enumerate(rows_of(value, "nets")):
        place = f"nets[{i}]"
        require_keys(row, ("source", "rate", "targets"), place)
        source = whole(row["source"], 0, n - 1, f"{place}.source", ", a neuron of core_of_neuron")
        if source in seen:
            raise InputError(f"{place}.source {source} has a net already")
        seen.add(source)
        bounds, runs, last = rows_of(row["targets"], f"{place}.targets"), [], 0
        if len(bounds) % 2:
            raise InputError(f"{place}.targets must be pairs of first and last + 1, got {len(bounds)} numbers")
        for a, b in zip(bounds[::2], bounds[1::2], strict=True):
            first = whole(a, last, n - 1, f"{place}.targets", ", a neuron of core_of_neuron, in order")
            last = whole(b, first + 1, n, f"{place}.targets", ", behind the first of its run")
            runs.append((first, last))
        nets.append(Net(source, number(row["rate"], f"{place}.rate"), runs))
    return nets
