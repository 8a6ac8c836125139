"""Neurons are cut into cores and cores placed on the mesh; compiled, so imported where it is used."""

import numpy as np

from circuits.mapping.core_partition import NEAR, CorePartition, Partitioner, partition_cores
from circuits.mapping.core_sites import place_on_mesh
from circuits.mapping.cut_state import new_cut, packets_of
from circuits.mapping.hypergraph import Hypergraph, Progress, silent, split_fan_in
from circuits.mapping.mesh_limits import Mesh, MeshLimits
from circuits.mapping.mesh_placement import MeshPlacement
from circuits.mapping.mesh_routes import core_traffic
from circuits.mapping.placed_cut import settle
from circuits.mapping.refinement import SMALL

ROUNDS = 3  # ASSUMED: times that cores are placed and neurons settle on them, in turn


def place_network(
    graph: Hypergraph,
    limits: MeshLimits,
    mesh: Mesh,
    seed: int = 0,
    partitioner: Partitioner = "auto",
    n_cores: int | None = None,
    steps: float = 1.0,
    progress: Progress = silent,
) -> MeshPlacement:
    """Neurons on cores and cores on the mesh; the same seed gives the same placement.

    Args:  steps: of an inference, in each of which a partial sum is sent where a fan-in is split.
    Raises: MappingError that lists every limit that cannot be met; InputError; MissingPackageError.
    """
    if limits.split_fan_in:
        graph = split_fan_in(graph, limits.fan_in, steps)
    cuts = partition_cores(graph, limits, mesh, seed, partitioner, n_cores, progress)
    placed = []
    for i, cut in enumerate(cuts):
        most = NEAR * cuts[0].packets
        placed.append(_placed(graph, limits, mesh, cut, most, np.random.default_rng([seed, 1, i])))
        progress("placing cores", (i + 1) / len(cuts))
    return min(placed, key=lambda one: one[0])[1]


def given_placement(
    graph: Hypergraph, limits: MeshLimits, mesh: Mesh, core: np.ndarray, site: np.ndarray
) -> MeshPlacement:
    """A placement that was made elsewhere, `core` of each vertex and `site` of each core."""
    used = new_cut(graph, core, len(site), limits.array).used
    return MeshPlacement(graph, mesh, limits, np.asarray(core), np.asarray(site), used)


def _placed(
    graph: Hypergraph, limits: MeshLimits, mesh: Mesh, found: CorePartition, most: float, rng: np.random.Generator
) -> tuple[float, MeshPlacement]:
    """Packets and hops together, and the placement."""
    cut = new_cut(graph, found.core, found.n_cores, limits.array)
    best: tuple[float, np.ndarray, np.ndarray] | None = None
    for again in range(ROUNDS if graph.n_vertices <= SMALL else 1):
        traffic = core_traffic(graph, cut.core, found.n_cores)
        site = place_on_mesh(traffic, mesh, rng)
        routers = mesh.routers(site)
        distance = np.abs(routers[:, None] - routers[None]).sum(-1).astype(float)
        cost = packets_of(cut) + float((traffic * distance).sum())
        if best is None or cost < best[0]:
            best = cost, cut.core.copy(), site
        if graph.n_vertices <= SMALL and again < ROUNDS - 1:
            settle(cut, distance, most, rng)
    cost, core, site = best
    kept, core = np.unique(core, return_inverse=True)  # settling may have emptied a core
    used = new_cut(graph, core, len(kept), limits.array).used
    return cost, MeshPlacement(graph, mesh, limits, core, site[kept], used, found.partitioner)
