"""Connections as the compiled loop reads them: by group and source, for one block of target neurons."""

from collections.abc import Sequence

import numpy as np

from circuits.transient.connections import Connections, SpikeInput
from circuits.transient.edges import Outside, Synapses
from circuits.transient.population import Population


def synapses_onto(groups: Sequence[Connections], neurons: Population, block: slice) -> Synapses | None:
    """The synapses whose target lies in the block, targets counted from its start; None without any group."""
    if not groups:
        return None
    parts = [_sorted_by_source(group, neurons, block) for group in groups]
    n_sources = groups[0].n_channels + len(neurons)
    begin = np.cumsum([0, *(part[0].size for part in parts[:-1])])
    sources = np.arange(n_sources + 1)
    target, slope, charge = (np.concatenate([part[i] for part in parts]) for i in (1, 2, 3))
    return Synapses(
        delay=np.array([group.delay for group in groups]),
        t_pulse=np.array([group.t_pulse for group in groups]),
        start=np.array([np.searchsorted(part[0], sources) + first for part, first in zip(parts, begin, strict=True)]),
        target=target,
        slope=slope,
        charge=charge,
    )


def outside_of(spikes: SpikeInput | None) -> Outside:
    """Spikes from outside as the loop reads them."""
    if spikes is None:
        return Outside(np.zeros(0), np.zeros(0, np.int64), 0)
    return Outside(spikes.times, spikes.channels, spikes.n_channels)


def _sorted_by_source(group: Connections, neurons: Population, block: slice) -> tuple[np.ndarray, ...]:
    """Source, target in the block, slope (V/s) and excitatory charge over C (V) of the group's synapses."""
    inside = np.flatnonzero((group.target >= block.start) & (group.target < block.stop))
    chosen = inside[np.argsort(group.source[inside], kind="stable")]
    target = group.target[chosen]
    jump = group.charge[chosen] / neurons.c_mem[target]
    return group.source[chosen], target - block.start, jump / group.t_pulse, np.maximum(jump, 0.0)
