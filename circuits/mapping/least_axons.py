"""Axons that a network needs on any mesh of such cores, however it is cut: found by counting, before anything is cut.

A net reaches no fewer cores than its targets fill: with neurons, with synapses, or with the axons that they send out
themselves. So many axons leave the core of its source, and as many enter cores.
"""

import numpy as np

from circuits.mapping.hypergraph import Hypergraph
from circuits.mapping.mesh_limits import UNLIMITED, MeshLimits

PASSES = 8  # ASSUMED: times that axons of targets are counted into those of their sources; each pass is a bound


def least_axons(graph: Hypergraph, limits: MeshLimits) -> np.ndarray:
    """Cores that each net reaches at least, `(net,)`.

    cores >= |T| / neurons,  sum over T of fan-in / synapses,  |T| / floor(synapses / least fan-in of T),
    and sum over T of their own cores / axons out, with T the targets of the net
    """
    neurons, synapses, _, out = limits.array.tolist()
    net, fan_in, counts = graph.net_of_pin, graph.synapses[graph.targets], np.diff(graph.start)
    if not graph.n_nets:
        return counts
    least = np.maximum(_filled(counts, neurons), _filled(_summed(net, fan_in, graph.n_nets), synapses))
    narrowest = np.minimum.reduceat(fan_in, graph.start[:-1])
    least = np.maximum(least, _filled(counts, np.maximum(synapses // narrowest, 1)))
    for _ in range(PASSES if out < UNLIMITED else 0):
        sent = np.zeros(graph.n_vertices, np.int64)
        sent[graph.source] = least
        more = np.maximum(least, _filled(_summed(net, sent[graph.targets], graph.n_nets), out))
        if (more == least).all() or least.max() > out:
            break  # at rest, or beyond what any core sends
        least = more
    return least


def _filled(used: np.ndarray, each: int | np.ndarray) -> np.ndarray:
    return -(-used // each)


def _summed(net: np.ndarray, values: np.ndarray, n_nets: int) -> np.ndarray:
    return np.bincount(net, values, n_nets).astype(np.int64)
