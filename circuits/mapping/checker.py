"""A second opinion on a mapping file: limits, traffic and energy derived anew from the file alone, link by link.

Nothing of the mapper is used. Routes are walked hop by hop, axons are counted in sets, energies are summed one after
the other; what the file says of itself must agree to 1e-9. A file edited by hand is told by its SHA-256, and if that
was made anew by what no longer holds.
"""

import hashlib
import json
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from circuits.errors import InputError
from circuits.mapping.checker_chip import CHARGES, LIMITS, CheckedChip, chip_of, differences_from_chip
from circuits.mapping.checker_counts import differences_from_counts
from circuits.mapping.checker_rows import (
    Net,
    cores_of,
    differences,
    equal,
    nets_of,
    number,
    populations_of,
    require_keys,
    table_of,
    whole,
)
from circuits.tables import json_value, shortened, text_of

MOST_BYTES = 2**29  # of a file; 100,000 neurons of 100 synapses are about 60 MB
VERSION = 2
MOST_TOLD = 8  # faults in one message
REMEDY = "write it again with `snn map RUN --chip X --mapping FILE`"
AGAIN = "map again with `snn map RUN --chip X --mapping FILE`, or take back the edit"
KEYS = ("version", "chip", "mesh", "limits", "populations", "core_of_neuron", "router_of_core", "spikes_of_neuron",
        "fan_in_of_neuron", "fan_out_of_neuron", "used_of_core", "by_population", "nets", "traffic", "inference",
        "charges", "multicast", "parts_j", "total_j", "sha256")  # fmt: skip
INFERENCE = ("dt_s", "steps", "duration_s", "routers_powered")
Link = tuple[int, int, int, int]  # column and row of the routers at both ends


@dataclass(frozen=True)
class CheckedMapping:
    """What follows from the file: counts per inference and energies (J); it agreed with what the file says."""

    chip: str
    compared_with: str  # the file of its chip
    neurons: int
    cores: int
    used: dict[str, int]  # of each limit the largest over the cores
    traffic: dict[str, float]
    parts_j: dict[str, float]
    total_j: float

    def as_dict(self) -> dict[str, Any]:
        """What `snn map --check --json` prints."""
        return {"checked": True} | {name: getattr(self, name) for name in self.__dataclass_fields__}


def check_mapping(path: str | Path, chip: str | Path | None = None) -> CheckedMapping:
    """Derive everything from a mapping file again, and compare, with its chip too.

    Args:  chip: the chip that it is of, a name or TOML file; by default the one that ships under the name in the file.
    Raises: InputError naming in one line what is missing, of the wrong kind, over a limit or does not add up, an edit
      by hand, or a chip that is not known.
    """
    table = json_value(text_of(path, MOST_BYTES), path, f"; {REMEDY}")
    try:
        _require_shape(table)
    except InputError as error:
        raise InputError(f"{path}: {error}; {REMEDY}") from error
    if table["sha256"] != _digest(table):
        raise InputError(f"{path}: edited since it was written, its sha256 is of other content; {AGAIN}")
    try:
        known = chip_of(table["chip"], chip)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    try:
        return _checked(table, known)
    except InputError as error:
        raise InputError(f"{path}: {error}; {REMEDY}") from error


def _require_shape(table: Any) -> None:
    version = table_of(table, "the file").get("version", VERSION)
    whole(version, VERSION, VERSION, "version")
    require_keys(table, KEYS, "the file")


def _digest(table: dict[str, Any]) -> str:
    """SHA-256 of everything else, as JSON without spaces, names in order."""
    rest = {key: value for key, value in table.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def _checked(table: dict[str, Any], chip: CheckedChip) -> CheckedMapping:
    core, where = cores_of(table)
    pops = populations_of(table["populations"], len(core))
    nets = nets_of(table["nets"], len(core))
    used = _used(core, nets)
    faults = _over_limits(table["limits"], used)
    steps = _steps(table["inference"])
    by_core = [[used[name][c] for name in LIMITS] for c in range(len(where))]
    faults += differences_from_counts(table, pops, nets, by_core, steps)
    traffic = _traffic(core, where, nets)
    parts = _energy(table, pops, nets, core, where, traffic)
    faults += differences(table_of(table["traffic"], "traffic"), traffic.figures(), "traffic")
    faults += differences_from_chip(table, chip, len(set(where)))
    modelled = {name: joules for name, joules in parts.items() if joules is not None}
    faults += differences(table_of(table["parts_j"], "parts_j"), modelled, "parts_j")
    total = sum(modelled.values())
    faults += differences({"total_j": table["total_j"]}, {"total_j": total}, "the file")
    if faults:
        more = f"; and {len(faults) - MOST_TOLD} more" if len(faults) > MOST_TOLD else ""
        raise InputError("; ".join(faults[:MOST_TOLD]) + more)
    fullest = {name: max(used[name].values(), default=0) for name in LIMITS}
    return CheckedMapping(chip.name, chip.file, len(core), len(where), fullest, traffic.figures(), modelled, total)


def _steps(inference: Any) -> float:
    """Time steps of an inference, which are as long as it together."""
    require_keys(inference, INFERENCE, "inference")
    dt, steps, seconds = (number(inference[key], f"inference.{key}") for key in INFERENCE[:3])
    if not min(dt, steps, seconds) > 0:
        raise InputError(f"inference.dt_s, steps and duration_s must be positive, got {dt:g}, {steps:g}, {seconds:g}")
    if not equal(dt * steps, seconds):
        raise InputError(f"inference.duration_s is {seconds:.12g}, {steps:.12g} steps of {dt:.12g} s are not so long")
    return steps


def _used(core: list[int], nets: list[Net]) -> dict[str, Counter[int]]:
    """What each core holds of each limit."""
    used = {name: Counter() for name in LIMITS}
    used["neurons"].update(core)
    for source, _, runs in nets:
        reached = Counter(core[i] for first, last in runs for i in range(first, last))
        used["synapses"].update(reached)
        used["axons_in"].update(reached.keys())
        used["axons_out"][core[source]] += len(reached)
    return used


def _over_limits(limits: Any, used: dict[str, Counter[int]]) -> list[str]:
    require_keys(limits, LIMITS, "limits")
    faults = []
    for name in LIMITS:
        if limits[name] is None:
            continue
        most = whole(limits[name], 1, 2**31, f"limits.{name}")
        faults += [f"core {c} holds {n} {name}, allowed {most}" for c, n in sorted(used[name].items()) if n > most]
    return faults


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
    parts = {"synapses": _synapses(pops, nets, walked.operations, each["dense_synapse_j"])}
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


def _synapses(pops: list[dict[str, Any]], nets: list[Net], operations: float, dense: float | None) -> float | None:
    """Each operation at the price of the population that it arrives at; without any, nothing where it has a price."""
    if not operations:
        return None if dense is None else 0.0
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
