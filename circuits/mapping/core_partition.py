"""Neurons onto cores: the best of several cuts, refined, and repaired until every limit of every core holds."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from circuits.errors import InputError, MissingPackageError
from circuits.mapping.coarsening import own_partition
from circuits.mapping.cut_state import Cut, new_cut, packets_of
from circuits.mapping.hypergraph import Hypergraph, Progress, silent
from circuits.mapping.limits import BrokenLimit, MappingError
from circuits.mapping.mesh_limits import RESOURCES, Mesh, MeshLimits, least_cores, too_large_for_mesh
from circuits.mapping.partition_library import library_installed, library_partition
from circuits.mapping.refinement import SMALL, anneal, refine, repair

Partitioner = Literal["auto", "mtkahypar", "own"]
ATTEMPTS = 5  # ASSUMED: starts of a small network, of which the best is kept
LARGE = 20_000  # ASSUMED: neurons from which two starts must do
WIDENED = 0.1  # ASSUMED: share of cores that is added where limits cannot be met


@dataclass(frozen=True, eq=False)
class CorePartition:
    """core: of each vertex, `(vertex,)`.   packets: spikes per inference times the foreign cores that need each."""

    core: np.ndarray
    n_cores: int
    packets: float
    used: np.ndarray  # (core, resource), see `RESOURCES`
    partitioner: str


def partition_cores(
    graph: Hypergraph,
    limits: MeshLimits,
    mesh: Mesh,
    seed: int = 0,
    partitioner: Partitioner = "auto",
    n_cores: int | None = None,
    progress: Progress = silent,
) -> CorePartition:
    """Cut a network into as few cores as hold it, with the fewest packets between them that were found.

    Args:
      seed: the same gives the same cut.   partitioner: "mtkahypar" of the extra `mapping`, "own", or what is there.
      n_cores: to begin with; by default the least that neurons and synapses fill.
    Raises: MappingError that lists every limit that could not be met; MissingPackageError; InputError.
    """
    if broken := too_large_for_mesh(graph, limits, mesh):
        raise MappingError(broken)
    which = _chosen(partitioner)
    cores = least_cores(graph, limits) if n_cores is None else n_cores
    if not 1 <= cores <= mesh.n_cores:
        raise InputError(f"{cores} cores: the mesh has {mesh.n_cores}; give 1 to {mesh.n_cores}")
    while True:
        best = _best_of(graph, limits, cores, seed, which, progress)
        if best.excess[0] == 0:
            core, used = _without_gaps(best)
            return CorePartition(core, len(used), packets_of(best), used, which)
        if cores == mesh.n_cores:
            raise MappingError(_still_broken(best))
        cores = min(mesh.n_cores, cores + max(1, int(WIDENED * cores)))


def _chosen(partitioner: str) -> str:
    if partitioner == "auto":
        return "mtkahypar" if library_installed() else "own"
    if partitioner not in ("mtkahypar", "own"):
        raise InputError(f"unknown partitioner {partitioner!r}; choose auto, mtkahypar or own")
    if partitioner == "mtkahypar" and not library_installed():
        raise MissingPackageError("mtkahypar is not installed: pip install 'tunnelspike[mapping]', or choose own")
    return partitioner


def _best_of(
    graph: Hypergraph, limits: MeshLimits, n_cores: int, seed: int, which: str, progress: Progress
) -> Cut:
    """The cut of least excess, and of these of fewest packets."""
    n = 1 if n_cores == 1 else ATTEMPTS if graph.n_vertices < LARGE else 2
    best: Cut | None = None
    for attempt in range(n):
        cut = _one(graph, limits, n_cores, np.random.default_rng([seed, attempt]), which, progress)
        progress(f"cutting into {n_cores} cores", (attempt + 1) / n)
        if best is None or (cut.excess[0], packets_of(cut)) < (best.excess[0], packets_of(best)):
            best = cut
    return best


def _one(
    graph: Hypergraph, limits: MeshLimits, n_cores: int, rng: np.random.Generator, which: str, progress: Progress
) -> Cut:
    most = limits.array
    if which == "own":
        core = own_partition(graph, n_cores, most, rng, progress)
    else:
        weights, capacity = _scarcest(graph, most, n_cores)
        core = library_partition(graph, n_cores, capacity, weights, int(rng.integers(2**31)))
    cut = new_cut(graph, core, n_cores, most)
    repair(cut, rng)
    refine(cut, rng)
    if graph.n_vertices <= SMALL:
        anneal(cut, rng, per_vertex=1000)
        refine(cut, rng)
    return cut


def _scarcest(graph: Hypergraph, most: np.ndarray, n_cores: int) -> tuple[np.ndarray, int]:
    """Weights of the vertices, and how much of them a core holds: neurons, or synapses where these fill cores first.

    The library knows one capacity; the rest is for the repair.
    """
    synapses = graph.synapses
    if synapses.sum() / most[1] > graph.n_vertices / most[0]:
        return np.maximum(synapses, 1), int(most[1])
    return np.ones(graph.n_vertices, int), int(most[0])


def _without_gaps(cut: Cut) -> tuple[np.ndarray, np.ndarray]:
    """Cores without neurons fall away, those after them move up."""
    kept, core = np.unique(cut.core, return_inverse=True)
    return core, cut.used[kept].copy()


def _still_broken(cut: Cut) -> list[BrokenLimit]:
    remedy = "choose a chip of more or larger cores, or train a sparser network"
    above = np.argwhere(cut.used > cut.limits)
    return [
        BrokenLimit(RESOURCES[resource], f"core {core}", int(cut.used[core, resource]), int(cut.limits[resource]), remedy)
        for core, resource in above
    ]
