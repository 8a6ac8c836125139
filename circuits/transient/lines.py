"""Connections as the compiled loop reads them: by group and source, for one block of target neurons.

A group of order 2 is two of order 1 there, the difference of two exponentials (see `Connections.flows`).
"""

from collections.abc import Sequence

import numpy as np

from circuits.transient.connections import Connections, Flow, SpikeInput
from circuits.transient.decaying import Decays
from circuits.transient.edges import Outside, Synapses
from circuits.transient.population import Population
from circuits.units import Seconds


def synapses_onto(groups: Sequence[Connections], neurons: Population, block: slice) -> Synapses | None:
    """The synapses whose target lies in the block, targets counted from its start; None without any group."""
    if not groups:
        return None
    parts = [_sorted_by_source(group, flow, neurons, block) for group in groups for flow in group.flows]
    delays = [group.delay for group in groups for _ in group.flows]
    flows = [flow for group in groups for flow in group.flows]
    taus = time_constants(groups)
    n_sources = groups[0].n_channels + len(neurons)
    begin = np.cumsum([0, *(part[0].size for part in parts[:-1])])
    sources = np.arange(n_sources + 1)
    target, slope, charge = (np.concatenate([part[i] for part in parts]) for i in (1, 2, 3))
    return Synapses(
        delay=np.array(delays),
        t_pulse=np.array([np.inf if flow.decays else flow.time for flow in flows]),
        decay=np.array([np.searchsorted(taus, flow.time) if flow.decays else -1 for flow in flows]),
        start=np.array([np.searchsorted(part[0], sources) + first for part, first in zip(parts, begin, strict=True)]),
        target=target,
        slope=slope,
        charge=charge,
    )


def time_constants(groups: Sequence[Connections]) -> np.ndarray:
    """Each time constant of a decaying current once, ascending (s)."""
    return np.unique([flow.time for group in groups for flow in group.flows if flow.decays])


def decays_of(groups: Sequence[Connections], n_neurons: int, h: Seconds, duration: Seconds) -> Decays | None:
    """No current yet, for steps of h (s); None where none decays."""
    if not any(group.order for group in groups):
        return None
    taus = time_constants(groups)
    now, before = np.zeros((2, taus.size, n_neurons))
    return Decays(
        1 / taus, np.exp(-h / taus), duration, now, before, np.zeros((5, n_neurons)), np.zeros((2, taus.size))
    )


def outside_of(spikes: SpikeInput | None) -> Outside:
    """Spikes from outside as the loop reads them."""
    if spikes is None:
        return Outside(np.zeros(0), np.zeros(0, np.int64), 0)
    return Outside(spikes.times, spikes.channels, spikes.n_channels)


def _sorted_by_source(group: Connections, flow: Flow, neurons: Population, block: slice) -> tuple[np.ndarray, ...]:
    """Source, target in the block, slope (V/s) and excitatory charge over C (V) of the group's synapses."""
    inside = np.flatnonzero((group.target >= block.start) & (group.target < block.stop))
    chosen = inside[np.argsort(group.source[inside], kind="stable")]
    target = group.target[chosen]
    jump = group.charge[chosen] / neurons.c_mem[target]
    slope, paid = flow.share * jump / flow.time, flow.share * np.maximum(jump, 0.0)
    return group.source[chosen], target - block.start, slope, paid
