"""Ways of spikes over a mesh: XY routes, as one tree to all cores that need a spike or one packet for each of them.

A packet travels along its row first, then along its column. A multicast tree is the union of these ways: a link that
several of them share carries the spike once.
"""

from dataclasses import dataclass

import numpy as np

from circuits.mapping.hypergraph import Hypergraph
from circuits.mapping.mesh_limits import Mesh

WAYS = ("east", "west", "south", "north")  # rows are counted from the north


@dataclass(frozen=True, eq=False)
class MeshTraffic:
    """Mean of one inference. Loads are `(way, row, column)` of the router that a link leaves.

    packets: a spike once for each foreign core that needs it.   messages: the same with the spike's own core, where it
    is needed there.   senders: spikes that anything needs.   hops: links that packets travel, each packet by itself.
    """

    packets: float
    messages: float
    senders: float
    multicast: np.ndarray
    unicast: np.ndarray

    @property
    def hops(self) -> float:
        return float(self.unicast.sum())

    @property
    def tree_links(self) -> float:
        """Links that multicast trees travel."""
        return float(self.multicast.sum())

    def along(self, multicast: bool) -> tuple[float, float]:
        """Links travelled east or west, and south or north."""
        load = self.multicast if multicast else self.unicast
        return float(load[:2].sum()), float(load[2:].sum())

    def busiest(self, multicast: bool) -> tuple[str, float]:
        """The link of the largest load, in words, and that load."""
        load = self.multicast if multicast else self.unicast
        way, row, column = np.unravel_index(int(np.argmax(load)), load.shape)
        return f"{WAYS[way]} from router ({column}, {row})", float(load[way, row, column])


def needs(graph: Hypergraph, core: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Net and core of every core that needs a net, each once and in order, its own core too; both `(need,)`."""
    n_cores = int(core.max(initial=0)) + 1
    keys = np.unique(graph.net_of_pin * n_cores + core[graph.targets])
    return np.divmod(keys, n_cores)


def core_traffic(graph: Hypergraph, core: np.ndarray, n_cores: int) -> np.ndarray:
    """Packets per inference from each core to each other one, `(core, core)`."""
    net, target = needs(graph, core)
    traffic = np.zeros((n_cores, n_cores))
    np.add.at(traffic, (core[graph.source[net]], target), graph.rate[net])
    np.fill_diagonal(traffic, 0.0)
    return traffic


def route(graph: Hypergraph, core: np.ndarray, router: np.ndarray, mesh: Mesh) -> MeshTraffic:
    """Traffic of neurons on cores `(vertex,)` whose routers lie at column and row `(core, 2)`."""
    net, target = needs(graph, core)
    home = core[graph.source]
    rate, foreign = graph.rate[net], target != home[net]
    ends = np.concatenate((router[home[net]], router[target]), 1)  # column and row of both ends
    return MeshTraffic(
        packets=float(rate[foreign].sum()),
        messages=float(rate.sum()),
        senders=float(graph.rate.sum()),
        multicast=_trees(net, ends, rate, mesh),
        unicast=_loads(_spans(ends), rate, mesh),
    )


def _spans(ends: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """Of each way the line (row or column) it runs in, where it begins and where it ends, in that order."""
    x0, y0, x1, y1 = ends.T
    return [(y0, x0, np.maximum(x1, x0)), (y0, x0, np.minimum(x1, x0)), (x1, y0, np.maximum(y1, y0)),
            (x1, y0, np.minimum(y1, y0))]  # fmt: skip


def _trees(net: np.ndarray, ends: np.ndarray, rate: np.ndarray, mesh: Mesh) -> np.ndarray:
    """Loads where a link carries a spike once: the row as far as the farthest column, each column to its ends."""
    spans = _spans(ends)
    for way, (line, begin, end) in enumerate(spans):
        group = net if way < 2 else net * mesh.width + line
        spans[way] = (line, begin, _farthest(group, end, way % 2 == 0))
    kept = []
    for way, (line, begin, end) in enumerate(spans):
        group = net if way < 2 else net * mesh.width + line
        _, one = np.unique(group, return_index=True)
        kept.append((line[one], begin[one], end[one], rate[one]))
    load = np.zeros((4, mesh.height, mesh.width))
    for way, (line, begin, end, each) in enumerate(kept):
        load[way] = _one_way(way, line, begin, end, each, mesh)
    return load


def _farthest(group: np.ndarray, end: np.ndarray, most: bool) -> np.ndarray:
    """Of each group the last of its ends, for every member."""
    _, index = np.unique(group, return_inverse=True)
    last = np.full(int(index.max(initial=-1)) + 1, -1 if most else np.iinfo(np.int64).max)
    (np.maximum if most else np.minimum).at(last, index, end)
    return last[index]


def _loads(spans: list[tuple[np.ndarray, ...]], rate: np.ndarray, mesh: Mesh) -> np.ndarray:
    return np.stack([_one_way(way, *span, rate, mesh) for way, span in enumerate(spans)])


def _one_way(
    way: int, line: np.ndarray, begin: np.ndarray, end: np.ndarray, rate: np.ndarray, mesh: Mesh
) -> np.ndarray:
    """Loads of one way `(row, column)`: what enters a line at `begin` and leaves it before `end`."""
    length, lines = (mesh.width, mesh.height) if way < 2 else (mesh.height, mesh.width)
    change = np.zeros((lines, length + 1))
    forward = way % 2 == 0
    low, high = (begin, end) if forward else (end + 1, begin + 1)  # routers from which a link is left
    np.add.at(change, (line, low), rate)
    np.add.at(change, (line, high), -rate)
    load = np.cumsum(change, 1)[:, :-1]
    load[np.abs(load) < 1e-9 * max(float(rate.sum()), 1e-300)] = 0.0  # what rounding leaves behind
    return load if way < 2 else load.T
