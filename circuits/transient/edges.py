"""Edges of synaptic currents: which begin or end within a step, in order of time for each neuron."""

from typing import NamedTuple

import numpy as np

from circuits.compile import ordered_jit


class Synapses(NamedTuple):
    """Synapses by group of equal timing and then by source; `start[g, source]` to the next one are its synapses.

    Sources are the channels from outside and then the neurons; `slope` is the current at the start over C of the target
    (V/s). A group is of pulses, or of exponentials, which never end; two of these make one of order 2.
    """

    delay: np.ndarray  # (group,)
    t_pulse: np.ndarray  # (group,); infinite for an exponential
    decay: np.ndarray  # (group,) which of `Decays.rate`; -1 for a pulse
    start: np.ndarray  # (group, source + 1)
    target: np.ndarray  # (synapse,)
    slope: np.ndarray  # (synapse,)
    charge: np.ndarray  # (synapse,) excitatory charge over C (V): what the supply pays; 0 of an inhibitory one


class Outside(NamedTuple):
    """Spikes from outside in order of time, and how many channels there are."""

    times: np.ndarray
    channels: np.ndarray
    n_channels: int


@ordered_jit
def deliver(synapses, outside, times, neurons, n_spikes, cursors, end, edges, chain, first):
    """Collect the edges before `end`: rows `(time, slope, charge, decay)`, chained per neuron from `first[neuron]` on.

    A spike at t has edges at t + delay and t + delay + t_pulse. Each of the four cursors of a group walks one sorted
    list of spikes (outside or own, beginnings or ends), so every edge is seen once.
    """
    first[:] = -1
    count = 0
    for group in range(synapses.delay.size):
        for kind in range(4):
            late = synapses.delay[group] + (synapses.t_pulse[group] if kind % 2 else 0.0)
            spikes, senders, n, offset = (
                (outside.times, outside.channels, outside.times.size, 0)
                if kind < 2
                else (times, neurons, n_spikes, outside.n_channels)
            )
            while cursors[group, kind] < n and spikes[cursors[group, kind]] + late < end:
                time, source = spikes[cursors[group, kind]] + late, senders[cursors[group, kind]] + offset
                cursors[group, kind] += 1
                begin, stop = synapses.start[group, source], synapses.start[group, source + 1]
                if count + stop - begin > chain.size:
                    edges, chain = _room(edges, chain, count + stop - begin)
                for k in range(begin, stop):
                    edges[count, 0] = time
                    edges[count, 1] = -synapses.slope[k] if kind % 2 else synapses.slope[k]
                    edges[count, 2] = 0.0 if kind % 2 else synapses.charge[k]
                    edges[count, 3] = synapses.decay[group]
                    _insert(edges, chain, first, synapses.target[k], count)
                    count += 1
    return edges, chain


@ordered_jit
def _insert(edges, chain, first, neuron, new):
    """Put an edge into its neuron's chain, after those of the same or an earlier time."""
    before, here = -1, first[neuron]
    while here >= 0 and edges[here, 0] <= edges[new, 0]:
        before, here = here, chain[here]
    chain[new] = here
    if before < 0:
        first[neuron] = new
    else:
        chain[before] = new


@ordered_jit
def _room(edges, chain, needed):
    """Copies with room for twice the edges needed."""
    wider, longer = np.empty((2 * needed, 4)), np.empty(2 * needed, np.int64)
    for k in range(chain.size):  # slices compile for seconds: what they say of shapes that differ has to be made too
        for column in range(4):
            wider[k, column] = edges[k, column]
        longer[k] = chain[k]
    return wider, longer


@ordered_jit
def ordered(times, neurons, begin, end):
    """Sort the spikes of one step by time: a few, nearly in order."""
    for i in range(begin + 1, end):
        time, neuron, place = times[i], neurons[i], i
        while place > begin and times[place - 1] > time:
            times[place], neurons[place] = times[place - 1], neurons[place - 1]
            place -= 1
        times[place], neurons[place] = time, neuron
