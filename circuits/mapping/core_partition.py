"""Neurons onto cores: the best of several cuts, refined, and repaired until every limit of every core holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from circuits.errors import InputError, MissingPackageError
from circuits.mapping.coarsening import own_partition
from circuits.mapping.cut_state import Cut, new_cut, packets_of
from circuits.mapping.hypergraph import Hypergraph, Progress, silent
from circuits.mapping.limits import BrokenLimit, MappingError
from circuits.mapping.mesh_demand import least_cores, too_large_for_mesh
from circuits.mapping.mesh_limits import RESOURCES, Mesh, MeshLimits
from circuits.mapping.partition_library import library_installed, library_partition
from circuits.mapping.refinement import SMALL, anneal, refine, repair

Partitioner = Literal["auto", "mtkahypar", "own"]
ATTEMPTS = 5  # ASSUMED: starts of a small network, of which the best is kept
# ASSUMED: neurons from which one start must do, and ours: there the library takes five to seven times as long, nearly
# all of it for its coarsest cut, for 1 % fewer packets (measured on the network of tests/benchmarks/mapping_scale.py).
LARGE = 20_000
NEAR = 1.02  # ASSUMED: so many times the fewest packets are allowed where hops fall
KEPT = 5  # ASSUMED: of these cuts
WIDENED = 0.1  # ASSUMED: share of cores that is added where limits cannot be met, twice as much each time
TRIES = 8  # ASSUMED: numbers of cores that are tried, the last of them the whole mesh
LOST = 2  # ASSUMED: starts that break a limit, from the second number of cores on, after which it is given up


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
) -> tuple[CorePartition, ...]:
    """Cuts of a network into as few cores as hold it, of the fewest packets between them that were found.

    The best comes first; the others, different cuts of nearly as few packets, may be better placed on a mesh.

    Args:
      seed: the same gives the same cut.   partitioner: "mtkahypar" of the extra `mapping`, "own", or by default the
        library where it is installed and the network is not `LARGE`.
      n_cores: to begin with; by default the least that neurons, synapses and axons fill. At most `TRIES` are tried.
    Raises: MappingError that lists every limit that could not be met; MissingPackageError; InputError.
    """
    if broken := too_large_for_mesh(graph, limits, mesh):
        raise MappingError(broken)
    which = _chosen(partitioner, graph.n_vertices)
    cores = least_cores(graph, limits) if n_cores is None else n_cores
    if not 1 <= cores <= mesh.n_cores:
        raise InputError(f"{cores} cores: the mesh has {mesh.n_cores}; give 1 to {mesh.n_cores}")
    for tries, n in enumerate(_numbers_of_cores(cores, mesh.n_cores)):
        cuts = _by_packets(graph, limits, n, seed, which, progress, LOST if tries else ATTEMPTS)
        if cuts[0].excess[0] == 0:
            most = NEAR * packets_of(cuts[0])
            near = [cut for cut in cuts if cut.excess[0] == 0 and packets_of(cut) <= most]
            return tuple(_without_gaps(cut, which) for cut in _different(near)[:KEPT])
    raise MappingError(_still_broken(cuts[0], f"{tries + 1} numbers of cores were tried, {cores} to {n}"))


def _numbers_of_cores(least: int, most: int) -> Iterator[int]:
    """From the least on in steps that grow, at most `TRIES`, to all."""
    n = least
    for again in range(TRIES - 1):
        yield n
        if n == most:
            return
        n = min(most, n + max(1, int(WIDENED * 2**again * n)))
    yield most


def _chosen(partitioner: str, n_vertices: int) -> str:
    if partitioner == "auto":
        return "mtkahypar" if library_installed() and n_vertices < LARGE else "own"
    if partitioner not in ("mtkahypar", "own"):
        raise InputError(f"unknown partitioner {partitioner!r}; choose auto, mtkahypar or own")
    if partitioner == "mtkahypar" and not library_installed():
        raise MissingPackageError("mtkahypar is not installed: pip install 'tunnelspike[mapping]', or choose own")
    return partitioner


def _by_packets(
    graph: Hypergraph, limits: MeshLimits, n_cores: int, seed: int, which: str, progress: Progress, lost: int
) -> list[Cut]:
    """Cuts from several starts, those of least excess first, and of these of fewest packets; lost: see `LOST`."""
    n = 1 if n_cores == 1 else ATTEMPTS if graph.n_vertices < LARGE else 1
    cuts = []
    for attempt in range(n):
        cuts.append(_one(graph, limits, n_cores, np.random.default_rng([seed, attempt]), which, progress))
        progress(f"cutting into {n_cores} cores", (attempt + 1) / n)
        if len(cuts) >= lost and all(cut.excess[0] for cut in cuts):
            break
    return sorted(cuts, key=lambda cut: (cut.excess[0], packets_of(cut)))


def _different(cuts: list[Cut]) -> list[Cut]:
    """Each cut once, of those that count the same."""
    return list({round(packets_of(cut), 6): cut for cut in reversed(cuts)}.values())[::-1]


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
        anneal(cut, rng)
        refine(cut, rng)
    return cut


def _scarcest(graph: Hypergraph, most: np.ndarray, n_cores: int) -> tuple[np.ndarray, int]:
    """Weights of the vertices, and how much of them a core holds: neurons, or synapses where these fill cores first.

    The library knows one capacity; the rest is for the repair.
    """
    synapses = graph.synapses
    if synapses.sum() / most[1] > graph.n_vertices / most[0]:
        weights = np.maximum(synapses, 1)  # the library takes no weight of 0, which channels from outside have
        return weights, max(int(most[1]), -(-int(weights.sum()) // n_cores))
    return np.ones(graph.n_vertices, int), int(most[0])


def _without_gaps(cut: Cut, which: str) -> CorePartition:
    """Cores without neurons fall away, those after them move up."""
    kept, core = np.unique(cut.core, return_inverse=True)
    return CorePartition(core, len(kept), packets_of(cut), cut.used[kept].copy(), which)


def _still_broken(cut: Cut, tried: str) -> list[BrokenLimit]:
    """Of each limit the core that is farthest above it."""
    remedy, broken = f"{tried}; choose a chip of more or larger cores, or train a sparser network", []
    for i in np.flatnonzero((cut.used > cut.limits).any(0)).tolist():
        core = int(np.argmax(cut.used[:, i]))
        broken.append(BrokenLimit(RESOURCES[i], f"core {core}", int(cut.used[core, i]), int(cut.limits[i]), remedy))
    return broken
