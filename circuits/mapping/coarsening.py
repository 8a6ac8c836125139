"""A first cut of a large hypergraph by its own levels: neurons that share nets are merged, few are cut, all refined.

The way of every multilevel partitioner (Karypis and Kumar, 1998), in plain arrays, for where no library is installed.
"""

from dataclasses import dataclass

import numpy as np

from circuits.compile import exact_lean_jit
from circuits.mapping.cut_state import new_cut
from circuits.mapping.hypergraph import Hypergraph, Progress, silent
from circuits.mapping.mesh_limits import UNLIMITED
from circuits.mapping.refinement import SMALL, anneal, refine, repair

COARSEST = 24  # ASSUMED: merged neurons a core at the coarsest level
SHARE = 8  # ASSUMED: a merged neuron is at most this part of a core
LARGEST_NET = 1000  # ASSUMED: pins above which a net says nothing of who belongs together
MERGED_TRIES = 200  # ASSUMED: changes that annealing tries for each merged neuron
SHRINKS = 0.95  # ASSUMED: a level that keeps more of the vertices is the last


@dataclass(frozen=True, eq=False)
class _Level:
    graph: Hypergraph
    size: np.ndarray  # (vertex, 2): neurons, synapses
    parent: np.ndarray | None  # (vertex of the finer level,), its vertex here; None at the finest


def own_partition(
    graph: Hypergraph, n_cores: int, limits: np.ndarray, rng: np.random.Generator, progress: Progress = silent
) -> np.ndarray:
    """The core of each vertex, `(vertex,)`; neurons and synapses within the limits as far as it could."""
    size = np.stack((np.ones(graph.n_vertices, np.int64), graph.synapses), 1)
    levels = [_Level(graph, size, None)]
    most = np.maximum(limits[:2] // SHARE, 1)
    while levels[-1].graph.n_vertices > max(COARSEST * n_cores, SMALL // 4):
        finer = levels[-1]
        coarser = _coarser(finer, most, rng)
        if coarser.graph.n_vertices > SHRINKS * finer.graph.n_vertices:
            break
        levels.append(coarser)
        progress("merging neurons", 1 - coarser.graph.n_vertices / graph.n_vertices)
    additive = np.concatenate((limits[:2], [UNLIMITED, UNLIMITED]))
    core = _grown(levels[-1], n_cores, additive[:2])
    for i, level in enumerate(reversed(levels)):
        cut = new_cut(level.graph, core, n_cores, additive, level.size)
        repair(cut, rng)
        if level.parent is not None and level.graph.n_vertices <= SMALL:
            anneal(cut, rng, MERGED_TRIES)
        refine(cut, rng)
        core = cut.core if level.parent is None else cut.core[level.parent]
        progress("cutting into cores", (i + 1) / len(levels))
    return core


def _coarser(level: _Level, most: np.ndarray, rng: np.random.Generator) -> _Level:
    graph = level.graph
    cut = new_cut(graph, np.zeros(graph.n_vertices, np.int64), 1, np.full(4, UNLIMITED))
    group = np.arange(graph.n_vertices)
    alone, score, seen = np.ones(len(group), bool), np.zeros(len(group)), np.zeros(len(group), np.int64)
    _merge(cut, level.size.copy(), most, rng.permutation(len(group)), group, alone, score, seen)
    _, parent = np.unique(group, return_inverse=True)
    return _Level(_contracted(graph, parent), _summed(level.size, parent), parent)


@exact_lean_jit
def _merge(cut, size, most, order, group, alone, score, seen):
    """Join each vertex that is alone to the group with which it shares most rate, `group` being its first vertex."""
    for vertex in order:
        if not alone[vertex]:
            continue
        n = 0
        for i in range(cut.first[vertex], cut.first[vertex + 1]):
            net = cut.nets[i]
            n_pins = cut.start[net + 1] - cut.start[net]
            if n_pins < 2 or n_pins > LARGEST_NET:
                continue
            for pin in range(cut.start[net], cut.start[net + 1]):
                other = group[cut.pins[pin]]
                if score[other] == 0.0:
                    seen[n] = other
                    n += 1
                score[other] += (cut.rate[net] + 1e-9) / (n_pins - 1)
        best, highest = -1, 0.0
        for i in range(n):
            other = seen[i]
            fits = size[other, 0] + size[vertex, 0] <= most[0] and size[other, 1] + size[vertex, 1] <= most[1]
            if other != vertex and fits and score[other] / size[other, 0] > highest:
                best, highest = other, score[other] / size[other, 0]
            score[other] = 0.0
        if best >= 0:
            group[vertex] = best
            alone[vertex] = alone[best] = False
            size[best, 0] += size[vertex, 0]
            size[best, 1] += size[vertex, 1]


def _contracted(graph: Hypergraph, parent: np.ndarray) -> Hypergraph:
    """Nets of merged vertices: a target that is the source's own falls away, and so do nets without another pin."""
    n = int(parent.max(initial=-1)) + 1
    net, pins = graph.net_of_pin, parent[graph.targets]
    keys = np.unique((net * n + pins)[pins != parent[graph.source[net]]])
    net, pins = np.divmod(keys, max(n, 1))
    kept, counts = np.unique(net, return_counts=True)
    start = np.concatenate(([0], np.cumsum(counts)))
    return Hypergraph(n, parent[graph.source[kept]], graph.rate[kept], start, pins)


def _summed(size: np.ndarray, parent: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(parent, size[:, i]) for i in range(2)], 1).astype(np.int64)


def _grown(level: _Level, n_cores: int, limits: np.ndarray) -> np.ndarray:
    """Cores filled one after the other, each from the largest vertex that is left, by what pulls most."""
    graph = level.graph
    cut = new_cut(graph, np.zeros(graph.n_vertices, np.int64), 1, np.full(4, UNLIMITED))
    fair = np.minimum(-(-level.size.sum(0) // n_cores), limits)
    core = np.full(graph.n_vertices, -1)
    for own in range(n_cores):
        room = fair if own < n_cores - 1 else np.full(2, UNLIMITED)
        _grow(cut, level.size, room, own, core, np.zeros(len(core)), np.zeros(graph.n_nets, bool))
    return core


@exact_lean_jit
def _grow(cut, size, room, own, core, pull, touched):
    """Fill one core: `pull` of each vertex is the rate of its nets that are on the core already."""
    neurons = synapses = 0
    while True:
        best = -1
        for vertex in range(len(core)):
            if core[vertex] >= 0 or neurons + size[vertex, 0] > room[0] or synapses + size[vertex, 1] > room[1]:
                continue
            more = best < 0 or pull[vertex] > pull[best]
            if more or (pull[vertex] == pull[best] and size[vertex, 1] > size[best, 1]):
                best = vertex
        if best < 0:
            return
        core[best] = own
        neurons += size[best, 0]
        synapses += size[best, 1]
        for i in range(cut.first[best], cut.first[best + 1]):
            net = cut.nets[i]
            if touched[net]:
                continue
            touched[net] = True
            for pin in range(cut.start[net], cut.start[net + 1]):
                pull[cut.pins[pin]] += cut.rate[net]
