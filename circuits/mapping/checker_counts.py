"""What a mapping file says of each neuron, core and population, compared with what its nets add up to.

For `circuits.mapping.checker` alone. These counts are what a moved source, a flipped switch or another name no longer
agree with, where no energy is charged for the difference.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from circuits.errors import InputError
from circuits.mapping.checker_rows import Net, differences, equal, number, rows_of, table_of, whole
from circuits.tables import shortened

MOST_COUNTED = 2**40


def differences_from_counts(
    table: dict[str, Any], pops: list[dict[str, Any]], nets: list[Net], used: list[list[int]], steps: float
) -> list[str]:
    """Counts that do not follow from the nets; used: of each core, in the order of the limits."""
    n = pops[-1]["stop"] if pops else 0
    faults = _whole_counts(table, "fan_in_of_neuron", _fan_in(nets, n))
    fan_out = [0] * n
    for source, _, runs in nets:
        fan_out[source] = sum(last - first for first, last in runs)
    faults += _whole_counts(table, "fan_out_of_neuron", fan_out)
    for c, row in enumerate(rows_of(table["used_of_core"], "used_of_core", len(used), len(used))):
        faults += _whole_counts({f"used_of_core[{c}]": row}, f"used_of_core[{c}]", used[c])
    spikes = [
        number(each, f"spikes_of_neuron[{i}]")
        for i, each in enumerate(rows_of(table["spikes_of_neuron"], "spikes_of_neuron", n, n))
    ]
    faults += _unlike_nets(spikes, nets) + _unheard(spikes, pops, nets)
    return faults + _by_population(table["by_population"], spikes, pops, nets, steps)


def _whole_counts(table: dict[str, Any], place: str, found: Sequence[int]) -> list[str]:
    """The first count of a row that is not the one that was found."""
    rows = rows_of(table[place], place, len(found), len(found))
    for i, (told, value) in enumerate(zip(rows, found, strict=True)):
        if whole(told, 0, MOST_COUNTED, f"{place}[{i}]") != value:
            return [f"{place}[{i}] is {told}, the file adds up to {value}"]
    return []


def _fan_in(nets: list[Net], n: int) -> list[int]:
    change = [0] * (n + 1)
    for _, _, runs in nets:
        for first, last in runs:
            change[first] += 1
            change[last] -= 1
    return list(accumulate(change))[:n]


def _unlike_nets(spikes: list[float], nets: list[Net]) -> list[str]:
    wrong = [(source, rate) for source, rate, _ in nets if not equal(spikes[source], rate)]
    return [f"spikes_of_neuron[{i}] is {spikes[i]:.12g}, the rate of its net {rate:.12g}" for i, rate in wrong[:1]]


def _unheard(spikes: list[float], pops: list[dict[str, Any]], nets: list[Net]) -> list[str]:
    """Spikes of neurons that drive none, by population."""
    heard, faults = {net.source for net in nets}, []
    for i, one in enumerate(pops):
        found = math.fsum(spikes[k] for k in range(one["first"], one["stop"]) if k not in heard)
        said = {"unheard_spikes": one["unheard_spikes"]}
        faults += differences(said, {"unheard_spikes": found}, f"populations[{i}]")
    return faults


def _by_population(
    told: Any, spikes: list[float], pops: list[dict[str, Any]], nets: list[Net], steps: float
) -> list[str]:
    names = [one["name"] for one in pops]
    if sorted(table_of(told, "by_population")) != sorted(names):
        raise InputError(f"by_population is of {shortened(list(told))}, populations of {shortened(names)}")
    faults, arriving = [], _arriving(pops, nets)
    for one, operations in zip(pops, arriving, strict=True):
        found = {
            "updates": (one["stop"] - one["first"]) * steps * one["updated"],
            "spikes": math.fsum(spikes[one["first"] : one["stop"]]),
            "synaptic_operations": operations,
        }
        faults += differences(told[one["name"]], found, f"by_population.{one['name']}")
    return faults


def _arriving(pops: list[dict[str, Any]], nets: list[Net]) -> list[float]:
    """Synaptic operations onto each population."""
    found = []
    for one in pops:
        first, stop = one["first"], one["stop"]
        found.append(math.fsum(rate * max(0, min(b, stop) - max(a, first)) for _, rate, runs in nets for a, b in runs))
    return found
