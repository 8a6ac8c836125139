"""Cores onto the sites of a mesh, by rate times hops: exact for a few, else from a spectral start by annealed swaps.

cost = sum over pairs of cores of T[a, b] (|x_a - x_b| + |y_a - y_b|),   T: packets per inference from a to b
"""

import numpy as np

from circuits.compile import exact_lean_jit
from circuits.mapping.cut_state import below, fraction, random_state
from circuits.mapping.mesh_limits import Mesh

EXACT = 9  # sites of which every permutation is tried: 362,880
STARTS = 4  # ASSUMED: anneals, of which the best is kept
SWAPS = 4000  # ASSUMED: swaps tried for each site, fewer where they take longer than a fraction of a second
WORK = 5_000_000  # ASSUMED: pairs of cores that all swaps of one annealing may look at


def place_on_mesh(traffic: np.ndarray, mesh: Mesh, rng: np.random.Generator) -> np.ndarray:
    """The site of each core, `(core,)`, see `Mesh.routers`; sites that stay empty take part in the swaps."""
    n_cores, n_sites = len(traffic), mesh.n_cores
    both = np.zeros((n_sites, n_sites))
    both[:n_cores, :n_cores] = traffic + traffic.T
    xy = mesh.routers(np.arange(n_sites)).astype(float)
    distance = np.abs(xy[:, None] - xy[None]).sum(-1)
    if n_sites <= EXACT:
        best = np.arange(n_sites)
        _permuted(both, distance, best, np.full(n_sites, -1), np.ones(n_sites, bool), np.zeros(n_sites + 1))
        return best[:n_cores]
    starts = [_spectral(both, xy, n_cores), *(rng.permutation(n_sites) for _ in range(STARTS - 1))]
    found = [_annealed(both, distance, start, n_cores, rng) for start in starts]
    return min(found, key=lambda site: _cost(both, distance, site))[:n_cores]


def _cost(both: np.ndarray, distance: np.ndarray, site: np.ndarray) -> float:
    return float((both * distance[np.ix_(site, site)]).sum()) / 2


def _spectral(both: np.ndarray, xy: np.ndarray, n_cores: int) -> np.ndarray:
    """Cores in the order of the second eigenvector of their traffic's Laplacian, along a path through the sites."""
    middle = np.abs(xy - xy.mean(0)).max(1)
    path = np.lexsort((np.where(xy[:, 1] % 2 == 0, xy[:, 0], -xy[:, 0]), xy[:, 1], middle))
    used = np.sort(path[:n_cores])
    order = np.arange(n_cores)
    if n_cores > 2:
        weights = both[:n_cores, :n_cores]
        vector = np.linalg.eigh(np.diag(weights.sum(1)) - weights)[1][:, 1]
        order = np.argsort(np.round(vector, 12), kind="stable")
    site = np.empty(len(xy), np.int64)
    site[order] = used
    site[n_cores:] = np.setdiff1d(np.arange(len(xy)), used)
    return site


def _annealed(
    both: np.ndarray, distance: np.ndarray, start: np.ndarray, n_cores: int, rng: np.random.Generator
) -> np.ndarray:
    """Swaps from where a core's mean traffic over one hop is noise down to none, then every swap that helps."""
    site, n_sites = start.astype(np.int64), len(start)
    hot = 2 * float(both.sum()) / max(n_cores, 1)
    tries = min(SWAPS * n_sites, WORK // n_sites)
    _swap_annealed(both, distance, site, n_cores, tries, hot, random_state(rng))
    _swap_down(both, distance, site, n_cores)
    return site


@exact_lean_jit
def _change(both, distance, site, a, b):
    """What swapping the sites of two cores adds to the cost."""
    more, at, to = 0.0, site[a], site[b]
    for c in range(len(site)):
        if c != a and c != b:
            more += (both[a, c] - both[b, c]) * (distance[to, site[c]] - distance[at, site[c]])
    return more


@exact_lean_jit
def _swap_annealed(both, distance, site, n_cores, tries, hot, state):
    heat = hot
    cooling = 0.001 ** (1.0 / max(tries, 1))
    for _ in range(tries):
        heat *= cooling
        a, b = below(state, n_cores), below(state, len(site))
        if a == b:
            continue
        more = _change(both, distance, site, a, b)
        if more <= 0 or (heat > 0 and fraction(state) < np.exp(-more / heat)):
            site[a], site[b] = site[b], site[a]


@exact_lean_jit
def _swap_down(both, distance, site, n_cores):
    better = True
    while better:
        better = False
        for a in range(n_cores):
            for b in range(a + 1, len(site)):
                if _change(both, distance, site, a, b) < -1e-9:
                    site[a], site[b] = site[b], site[a]
                    better = True


@exact_lean_jit
def _permuted(both, distance, best, site, free, cost):
    """The permutation of least cost: cores are placed in turn, and a way that costs more than the best is left."""
    n = len(best)
    least, depth = np.inf, 0
    while depth >= 0:
        if site[depth] >= 0:
            free[site[depth]] = True
        site[depth] += 1
        while site[depth] < n and not free[site[depth]]:
            site[depth] += 1
        if site[depth] == n:
            site[depth] = -1
            depth -= 1
            continue
        more = cost[depth]
        for other in range(depth):
            more += both[depth, other] * distance[site[depth], site[other]]
        if more >= least - 1e-9:
            continue
        if depth == n - 1:
            least = more
            for other in range(n):
                best[other] = site[other]
            continue
        free[site[depth]] = False
        depth += 1
        cost[depth] = more
