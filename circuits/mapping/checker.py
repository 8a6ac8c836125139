"""A second opinion on a mapping file: limits, traffic and energy derived anew from the file alone, link by link.

Nothing of the mapper is used. Routes are walked hop by hop, axons are counted in sets, energies are summed one after
the other; what the file says of itself must agree to 1e-9. A file edited by hand is told by what no longer holds.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.errors import InputError
from circuits.tables import json_value, shortened, text_of

MOST_BYTES = 2**29  # of a file; 100,000 neurons of 100 synapses are about 60 MB
MOST_NEURONS = 10**7
TOLERANCE = 1e-9
MOST_TOLD = 8  # faults in one message
REMEDY = "write it again with `snn map RUN --chip X --mapping FILE`"
KEYS = ("version", "chip", "mesh", "limits", "populations", "core_of_neuron", "router_of_core", "nets", "traffic",
        "inference", "charges", "multicast", "parts_j", "total_j")  # fmt: skip
PARTS = ("synapses", "soma_access", "soma_update", "spikes", "messages", "links_east_west", "links_north_south",
         "cores", "routers")  # fmt: skip
Link = tuple[int, int, int, int]  # column and row of the routers at both ends


@dataclass(frozen=True)
class CheckedMapping:
    """What follows from the file: counts per inference and energies (J); it agreed with what the file says."""

    chip: str
    neurons: int
    cores: int
    used: dict[str, int]  # of each limit the largest over the cores
    traffic: dict[str, float]
    parts_j: dict[str, float]
    total_j: float

    def as_dict(self) -> dict[str, Any]:
        """What `snn map --check --json` prints."""
        return {"checked": True} | {name: getattr(self, name) for name in self.__dataclass_fields__}


def check_mapping(path: str | Path) -> CheckedMapping:
    """Derive everything from a mapping file again, and compare.

    Raises: InputError naming in one line what is missing, of the wrong kind, over a limit or does not add up.
    """
    table = json_value(text_of(path, MOST_BYTES), path, f"; {REMEDY}")
    try:
        return _checked(table)
    except InputError as error:
        raise InputError(f"{path}: {error}; {REMEDY}") from error


def _checked(table: Any) -> CheckedMapping:
    _require_keys(table, KEYS, "the file")
    core, where = _cores(table)
    pops = _populations(table["populations"], len(core))
    nets = _nets(table["nets"], len(core))
    faults, used = _over_limits(table["limits"], core, nets, len(where))
    traffic = _traffic(core, where, nets)
    parts = _energy(table, pops, nets, core, where, traffic)
    faults += _differences(_table(table["traffic"], "traffic"), traffic.figures(), "traffic")
    modelled = {name: joules for name, joules in parts.items() if joules is not None}
    faults += _differences(_table(table["parts_j"], "parts_j"), modelled, "parts_j")
    total = sum(modelled.values())
    faults += _differences({"total_j": table["total_j"]}, {"total_j": total}, "the file")
    if faults:
        more = f"; and {len(faults) - MOST_TOLD} more" if len(faults) > MOST_TOLD else ""
        raise InputError("; ".join(faults[:MOST_TOLD]) + more)
    return CheckedMapping(
        str(table["chip"])[:80], len(core), len(where), used, traffic.figures(), modelled, total
    )


def _table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{place} must be a table, got {shortened(value)}")
    return value


def _require_keys(table: Any, keys: Iterable[str], place: str) -> None:
    missing = [key for key in keys if key not in _table(table, place)]
    if missing:
        raise InputError(f"{place} lacks {', '.join(missing)}")


def _rows(value: Any, place: str, most: int = MOST_NEURONS) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise InputError(f"{place} must be a list of at most {most} entries, got {shortened(value)}")
    return value


def _whole(value: Any, least: int, most: int, place: str, what: str = "") -> int:
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"{place} must be a whole number in {least}..{most}{what}, got {shortened(value)}")
    return value


def _number(value: Any, place: str) -> float:
    if type(value) not in (int, float) or not 0 <= value < 1e300:
        raise InputError(f"{place} must be zero or positive and finite, got {shortened(value)}")
    return float(value)


def _cores(table: dict[str, Any]) -> tuple[list[int], list[tuple[int, int]]]:
    """The core of each neuron, and column and row of each core's router; no router holds more than it has cores."""
    mesh = _table(table["mesh"], "mesh")
    _require_keys(mesh, ("width", "height", "cores_per_router"), "mesh")
    width, height, each = (
        _whole(mesh[key], 1, 2**15, f"mesh.{key}") for key in ("width", "height", "cores_per_router")
    )
    where = []
    for i, place in enumerate(_rows(table["router_of_core"], "router_of_core")):
        if not isinstance(place, list) or len(place) != 2:
            raise InputError(f"router_of_core[{i}] must be [column, row], got {shortened(place)}")
        name = f"router_of_core[{i}]"
        outside = f", inside the mesh of {width} x {height}"
        column = _whole(place[0], 0, width - 1, f"column of {name}", outside)
        where.append((column, _whole(place[1], 0, height - 1, f"row of {name}", outside)))
    for router, n in Counter(where).items():
        if n > each:
            raise InputError(f"router_of_core has {n} cores on router {router}, a router has {each}")
    core = _rows(table["core_of_neuron"], "core_of_neuron")
    named = f", one of the {len(where)} cores"
    return [_whole(c, 0, len(where) - 1, f"core_of_neuron[{i}]", named) for i, c in enumerate(core)], where


def _populations(value: Any, n: int) -> list[dict[str, Any]]:
    """Populations that follow one another and cover every neuron."""
    rows, stop = _rows(value, "populations", 10_000), 0
    for i, row in enumerate(rows):
        _require_keys(row, ("name", "first", "stop", "updated", "synapse_j"), f"populations[{i}]")
        _whole(row["first"], stop, stop, f"populations[{i}].first")
        stop = _whole(row["stop"], stop, n, f"populations[{i}].stop", ", the neurons of core_of_neuron")
        if type(row["updated"]) is not bool:
            raise InputError(f"populations[{i}].updated must be true or false, got {shortened(row['updated'])}")
    if stop != n:
        raise InputError(f"populations end at neuron {stop}, core_of_neuron has {n}")
    return rows


def _nets(value: Any, n: int) -> list[tuple[int, float, list[tuple[int, int]]]]:
    """Source, rate and runs of targets of each net; a source has one."""
    nets, seen = [], set()
    for i, row in enumerate(_rows(value, "nets")):
        place = f"nets[{i}]"
        _require_keys(row, ("source", "rate", "targets"), place)
        source = _whole(row["source"], 0, n - 1, f"{place}.source", ", a neuron of core_of_neuron")
        if source in seen:
            raise InputError(f"{place}.source {source} has a net already")
        seen.add(source)
        bounds, runs, last = _rows(row["targets"], f"{place}.targets"), [], 0
        if len(bounds) % 2:
            raise InputError(f"{place}.targets must be pairs of first and last + 1, got {len(bounds)} numbers")
        for a, b in zip(bounds[::2], bounds[1::2], strict=True):
            first = _whole(a, last, n - 1, f"{place}.targets", ", a neuron of core_of_neuron, in order")
            last = _whole(b, first + 1, n, f"{place}.targets", ", behind the first of its run")
            runs.append((first, last))
        nets.append((source, _number(row["rate"], f"{place}.rate"), runs))
    return nets


def _over_limits(
    limits: Any, core: list[int], nets: list[tuple[int, float, list[tuple[int, int]]]], n_cores: int
) -> tuple[list[str], dict[str, int]]:
    """What is above a limit, and of each limit the fullest core."""
    names = ("neurons", "synapses", "axons_in", "axons_out")
    _require_keys(limits, names, "limits")
    used = {name: Counter() for name in names}
    used["neurons"].update(core)
    for source, _, runs in nets:
        reached = Counter(core[i] for first, last in runs for i in range(first, last))
        used["synapses"].update(reached)
        used["axons_in"].update(reached.keys())
        used["axons_out"][core[source]] += len(reached)
    faults = []
    for name in names:
        if limits[name] is None:
            continue
        most = _whole(limits[name], 1, 2**31, f"limits.{name}")
        faults += [f"core {c} holds {n} {name}, allowed {most}" for c, n in sorted(used[name].items()) if n > most]
    return faults, {name: max((used[name][c] for c in range(n_cores)), default=0) for name in names}


@dataclass(frozen=True)
class _Walked:
    packets: float
    messages: float
    senders: float
    operations: float
    unicast: Counter
    multicast: Counter

    def figures(self) -> dict[str, float]:
        return {
            "packets": self.packets,
            "messages": self.messages,
            "senders": self.senders,
            "synaptic_operations": self.operations,
            "unicast_links": math.fsum(self.unicast.values()),
            "multicast_links": math.fsum(self.multicast.values()),
            "busiest_unicast_link": max(self.unicast.values(), default=0.0),
            "busiest_multicast_link": max(self.multicast.values(), default=0.0),
        }


def _traffic(
    core: list[int], where: list[tuple[int, int]], nets: list[tuple[int, float, list[tuple[int, int]]]]
) -> _Walked:
    packets, messages, senders, operations = [], [], [], []
    unicast, multicast = Counter(), Counter()
    for source, rate, runs in nets:
        cores = {core[i] for first, last in runs for i in range(first, last)}
        senders.append(rate * bool(cores))
        messages.append(rate * len(cores))
        packets.append(rate * len(cores - {core[source]}))
        operations.append(rate * sum(last - first for first, last in runs))
        tree = set()
        for target in sorted(cores):
            way = _way(where[core[source]], where[target])
            tree.update(way)
            for link in way:
                unicast[link] += rate
        for link in tree:
            multicast[link] += rate
    sums = (math.fsum(one) for one in (packets, messages, senders, operations))
    return _Walked(*sums, unicast, multicast)


def _way(begin: tuple[int, int], end: tuple[int, int]) -> list[Link]:
    """Links from one router to another: along the row first, then along the column."""
    (x, y), links = begin, []
    while (x, y) != end:
        step = (x + (1 if end[0] > x else -1), y) if x != end[0] else (x, y + (1 if end[1] > y else -1))
        links.append((x, y, *step))
        x, y = step
    return links


def _energy(
    table: dict[str, Any], pops: list[dict[str, Any]], nets: list[tuple[int, float, list[tuple[int, int]]]],
    core: list[int], where: list[tuple[int, int]], walked: _Walked,
) -> dict[str, float | None]:  # fmt: skip
    """Each part (J); None where the file charges nothing for it, which is not modelled."""
    charges, inference = _table(table["charges"], "charges"), _table(table["inference"], "inference")
    names = ("access_j", "update_j", "spike_j", "message_j", "link_east_west_j", "link_north_south_j", "core_w",
             "router_w")  # fmt: skip
    _require_keys(charges, names, "charges")
    _require_keys(inference, ("steps", "duration_s", "routers_powered"), "inference")
    each = {key: None if charges[key] is None else _number(charges[key], f"charges.{key}") for key in names}
    steps, seconds = (_number(inference[key], f"inference.{key}") for key in ("steps", "duration_s"))
    if type(table["multicast"]) is not bool:
        raise InputError(f"multicast must be true or false, got {shortened(table['multicast'])}")
    load = walked.multicast if table["multicast"] else walked.unicast
    flat = math.fsum(rate for (_, y, _, y1), rate in load.items() if y == y1)
    routers = _whole(inference["routers_powered"], len(set(where)), 2**30, "inference.routers_powered",
                     ", all that cores are on")  # fmt: skip
    updated = [one for one in pops if one["updated"]]
    neurons = sum(one["stop"] - one["first"] for one in updated)
    counts = {
        "soma_access": (neurons * steps, "access_j"),
        "soma_update": (neurons * steps, "update_j"),
        "spikes": (_spikes(updated, nets), "spike_j"),
        "messages": (walked.senders if table["multicast"] else walked.messages, "message_j"),
        "links_east_west": (flat, "link_east_west_j"),
        "links_north_south": (math.fsum(load.values()) - flat, "link_north_south_j"),
        "cores": (len(set(core)) * seconds, "core_w"),
        "routers": (routers * seconds, "router_w"),
    }
    parts = {"synapses": _synapses(pops, nets)}
    return parts | {name: None if each[key] is None else n * each[key] for name, (n, key) in counts.items()}


def _spikes(updated: list[dict[str, Any]], nets: list[tuple[int, float, list[tuple[int, int]]]]) -> float:
    """Of neurons, not of channels; those that drive nothing are in `silent`."""
    spans = [(one["first"], one["stop"]) for one in updated]
    sent = math.fsum(rate for source, rate, _ in nets if any(a <= source < b for a, b in spans))
    return sent + math.fsum(_number(one.get("unheard_spikes", 0.0), "unheard_spikes") for one in updated)


def _synapses(pops: list[dict[str, Any]], nets: list[tuple[int, float, list[tuple[int, int]]]]) -> float | None:
    """Each operation at the price of the population that it arrives at."""
    total, known = [], False
    for one in pops:
        if one["synapse_j"] is None:
            continue
        known = True
        each = _number(one["synapse_j"], "synapse_j")
        span = range(one["first"], one["stop"])
        for _, rate, runs in nets:
            n = sum(max(0, min(last, span.stop) - max(first, span.start)) for first, last in runs)
            if n:
                total.append(rate * n * each)
    return math.fsum(total) if known else None


def _differences(told: dict[str, Any], found: dict[str, float], place: str) -> list[str]:
    """Figures of the file that are not those that follow from it."""
    _require_keys(told, found, place)
    faults = [f"{place}.{key} is no figure of a mapping" for key in sorted(set(told) - set(found), key=str)]
    for key, value in found.items():
        said = _number(told[key], f"{place}.{key}")
        if not math.isclose(said, value, rel_tol=TOLERANCE, abs_tol=1e-30):
            faults.append(f"{place}.{key} is {said:.12g}, the file adds up to {value:.12g}")
    return faults
