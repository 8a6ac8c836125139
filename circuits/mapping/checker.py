"""A second opinion on a mapping file: limits, traffic and energy derived anew from the file alone, link by link.

Nothing of the mapper is used. Routes are walked hop by hop, axons are counted in sets, energies are summed one after
the other; what the file says of itself must agree to 1e-9. A file edited by hand is told by what no longer holds.
"""

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.errors import InputError
from circuits.mapping.checker_chip import CHARGES, LIMITS, chip_name, differences_from_chip, shipped_file
from circuits.mapping.checker_rows import Net, cores_of, nets_of, number, populations_of, require_keys, table_of, whole
from circuits.tables import json_value, shortened, text_of

MOST_BYTES = 2**29  # of a file; 100,000 neurons of 100 synapses are about 60 MB
TOLERANCE = 1e-9
VERSION = 1
MOST_TOLD = 8  # faults in one message
REMEDY = "write it again with `snn map RUN --chip X --mapping FILE`"
KEYS = ("version", "chip", "mesh", "limits", "populations", "core_of_neuron", "router_of_core", "nets", "traffic",
        "inference", "charges", "multicast", "parts_j", "total_j")  # fmt: skip
Link = tuple[int, int, int, int]  # column and row of the routers at both ends


@dataclass(frozen=True)
class CheckedMapping:
    """What follows from the file: counts per inference and energies (J); it agreed with what the file says."""

    chip: str
    compared_with: str | None  # the file of a chip that ships; None: a chip of the reader's own, taken at its word
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
    require_keys(table, KEYS, "the file")
    whole(table["version"], VERSION, VERSION, "version")
    chip = chip_name(table["chip"])
    shipped = shipped_file(chip)
    core, where = cores_of(table)
    pops = populations_of(table["populations"], len(core))
    nets = nets_of(table["nets"], len(core))
    faults, used = _over_limits(table["limits"], core, nets, len(where))
    traffic = _traffic(core, where, nets)
    parts = _energy(table, pops, nets, core, where, traffic)
    faults += _differences(table_of(table["traffic"], "traffic"), traffic.figures(), "traffic")
    if shipped is not None:
        faults += differences_from_chip(table, shipped, len(set(where)))
    modelled = {name: joules for name, joules in parts.items() if joules is not None}
    faults += _differences(table_of(table["parts_j"], "parts_j"), modelled, "parts_j")
    total = sum(modelled.values())
    faults += _differences({"total_j": table["total_j"]}, {"total_j": total}, "the file")
    if faults:
        more = f"; and {len(faults) - MOST_TOLD} more" if len(faults) > MOST_TOLD else ""
        raise InputError("; ".join(faults[:MOST_TOLD]) + more)
    return CheckedMapping(chip, shipped, len(core), len(where), used, traffic.figures(), modelled, total)


def _over_limits(limits: Any, core: list[int], nets: list[Net], n_cores: int) -> tuple[list[str], dict[str, int]]:
    """What is above a limit, and of each limit the fullest core."""
    require_keys(limits, LIMITS, "limits")
    used = {name: Counter() for name in LIMITS}
    used["neurons"].update(core)
    for source, _, runs in nets:
        reached = Counter(core[i] for first, last in runs for i in range(first, last))
        used["synapses"].update(reached)
        used["axons_in"].update(reached.keys())
        used["axons_out"][core[source]] += len(reached)
    faults = []
    for name in LIMITS:
        if limits[name] is None:
            continue
        most = whole(limits[name], 1, 2**31, f"limits.{name}")
        faults += [f"core {c} holds {n} {name}, allowed {most}" for c, n in sorted(used[name].items()) if n > most]
    return faults, {name: max((used[name][c] for c in range(n_cores)), default=0) for name in LIMITS}


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


def _traffic(core: list[int], where: list[tuple[int, int]], nets: list[Net]) -> _Walked:
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
    table: dict[str, Any], pops: list[dict[str, Any]], nets: list[Net],
    core: list[int], where: list[tuple[int, int]], walked: _Walked,
) -> dict[str, float | None]:  # fmt: skip
    """Each part (J); None where the file charges nothing for it, which is not modelled."""
    charges, inference = table_of(table["charges"], "charges"), table_of(table["inference"], "inference")
    require_keys(charges, CHARGES, "charges")
    require_keys(inference, ("steps", "duration_s", "routers_powered"), "inference")
    each = {key: None if charges[key] is None else number(charges[key], f"charges.{key}") for key in CHARGES}
    steps, seconds = (number(inference[key], f"inference.{key}") for key in ("steps", "duration_s"))
    if type(table["multicast"]) is not bool:
        raise InputError(f"multicast must be true or false, got {shortened(table['multicast'])}")
    load = walked.multicast if table["multicast"] else walked.unicast
    flat = math.fsum(rate for (_, y, _, y1), rate in load.items() if y == y1)
    routers = _routers(inference["routers_powered"], len(set(where)), table["mesh"])
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


def _routers(powered: Any, used: int, mesh: dict[str, int]) -> int:
    """Routers that draw power: those that cores are on, or the whole mesh."""
    every = mesh["width"] * mesh["height"]
    if type(powered) is not int or powered not in (used, every):
        raise InputError(
            f"inference.routers_powered must be {used}, all that cores are on, or {every}, the whole mesh, "
            f"got {shortened(powered)}"
        )
    return powered


def _spikes(updated: list[dict[str, Any]], nets: list[Net]) -> float:
    """Of neurons, not of channels; those that drive nothing are counted in `unheard_spikes`."""
    spans = [(one["first"], one["stop"]) for one in updated]
    sent = math.fsum(rate for source, rate, _ in nets if any(a <= source < b for a, b in spans))
    return sent + math.fsum(number(one["unheard_spikes"], "unheard_spikes") for one in updated)


def _synapses(pops: list[dict[str, Any]], nets: list[Net]) -> float | None:
    """Each operation at the price of the population that it arrives at."""
    total, known = [], False
    for one in pops:
        if one["synapse_j"] is None:
            continue
        known = True
        each = number(one["synapse_j"], "synapse_j")
        span = range(one["first"], one["stop"])
        for _, rate, runs in nets:
            n = sum(max(0, min(last, span.stop) - max(first, span.start)) for first, last in runs)
            if n:
                total.append(rate * n * each)
    return math.fsum(total) if known else None


def _differences(told: dict[str, Any], found: dict[str, float], place: str) -> list[str]:
    """Figures of the file that are not those that follow from it."""
    require_keys(told, found, place)
    faults = []
    for key, value in found.items():
        said = number(told[key], f"{place}.{key}")
        if not math.isclose(said, value, rel_tol=TOLERANCE, abs_tol=1e-30):
            faults.append(f"{place}.{key} is {said:.12g}, the file adds up to {value:.12g}")
    return faults
