"""Time and traffic of mapping a large synthetic network: `python tests/benchmarks/mapping_scale.py [neurons]`.

Neurons lie on a square grid. Each drives 20 near ones, at Gaussian distances of 5 neurons along rows and columns, and
4 anywhere; it spikes 1 to 49 times an inference. Cores hold 1,024 neurons, 4 cores a router of a 16 x 16 mesh. Ours is
beside neurons in order (row-major), cut edges of METIS where pymetis is installed, and our own partitioner alone.
"""

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import TextIO

import numpy as np

from circuits.mapping.core_partition import partition_cores
from circuits.mapping.core_sites import place_on_mesh
from circuits.mapping.hypergraph import Hypergraph, hypergraph_of_edges
from circuits.mapping.mesh_limits import Mesh, MeshLimits
from circuits.mapping.mesh_routes import core_traffic, route
from circuits.mapping.partition_library import library_installed

NEAR, SPREAD, FAR = 20, 5.0, 4
LIMITS, MESH = MeshLimits(1024, 8), Mesh(16, 16, 4)


def synthetic(n: int, rng: np.random.Generator) -> Hypergraph:
    """Local and random connectivity, as the module says; targets off the grid fall away."""
    side = int(np.ceil(np.sqrt(n)))
    near = np.repeat(np.arange(n), NEAR)
    row, column = (x + np.rint(rng.normal(0, SPREAD, len(near))).astype(int) for x in np.divmod(near, side))
    target = row * side + column
    inside = (row >= 0) & (column >= 0) & (column < side) & (target < n) & (target != near)
    far = np.repeat(np.arange(n), FAR)
    sources = np.concatenate((near[inside], far))
    targets = np.concatenate((target[inside], rng.integers(0, n, len(far))))
    return hypergraph_of_edges(n, sources, targets, rng.integers(1, 50, n).astype(float))


def in_order(graph: Hypergraph) -> np.ndarray:
    return np.arange(graph.n_vertices) // LIMITS.neurons


def metis(graph: Hypergraph) -> np.ndarray:
    """Cut edges, each weighted by the spikes that it carries both ways."""
    import pymetis

    n, net = graph.n_vertices, graph.net_of_pin
    a, b = graph.source[net], graph.targets
    keys, index = np.unique(np.minimum(a, b) * n + np.maximum(a, b), return_inverse=True)
    weights = np.bincount(index, graph.rate[net]).astype(int)
    low, high = np.divmod(keys, n)
    ends, others = np.concatenate((low, high)), np.concatenate((high, low))
    order = np.argsort(ends, kind="stable")
    start = np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=n))))
    weights = np.concatenate((weights, weights))[order]
    k = -(-n // LIMITS.neurons)
    _, core = pymetis.part_graph(k, xadj=start.tolist(), adjncy=others[order].tolist(), eweights=weights.tolist())
    return np.array(core)


def _say(line: str, stream: TextIO = sys.stdout) -> None:
    stream.write(line + "\n")
    stream.flush()


def ours(which: str) -> Callable[[Hypergraph], np.ndarray]:
    def told(step: str, share: float) -> None:
        _say(f"  {which}: {step} {share:.0%}", sys.stderr)

    return lambda graph: partition_cores(graph, LIMITS, MESH, partitioner=which, progress=told)[0].core


def main(n: int) -> None:
    graph = synthetic(n, np.random.default_rng(0))
    partition_cores(synthetic(400, np.random.default_rng(0)), MeshLimits(100, 8), MESH)  # compiled once, not timed
    _say(f"{n:,} neurons, {len(graph.targets):,} synapses, {graph.rate.sum():,.0f} spikes")
    _say(f"{'partition':12} {'s':>7} {'cores':>6} {'fullest':>8} {'packets':>12} {'hops':>12} {'busiest link':>13}")
    candidates = {"row-major": in_order}
    candidates |= {"METIS": metis} if find_spec("pymetis") else {}
    candidates |= {"Mt-KaHyPar": ours("mtkahypar")} if library_installed() else {}
    candidates |= {"own": ours("own")}
    for name, partition in candidates.items():
        begin = time.perf_counter()
        core = partition(graph)
        seconds, n_cores = time.perf_counter() - begin, int(core.max()) + 1
        site = place_on_mesh(core_traffic(graph, core, n_cores), MESH, np.random.default_rng(0))
        traffic, fullest = route(graph, core, MESH.routers(site), MESH), np.bincount(core).max()
        busiest = traffic.busiest(True)[1]
        _say(
            f"{name:12} {seconds:7.1f} {n_cores:6d} {fullest:8d} {traffic.packets:12,.0f} {traffic.hops:12,.0f} "
            f"{busiest:13,.0f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
