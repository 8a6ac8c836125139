"""Better cuts of a hypergraph: moves and swaps that save packets, annealing of small ones, and repair of broken limits.

Nothing here leaves a core above a limit that it was not above before: a change that adds excess is taken back.
"""

import numpy as np

from circuits.compile import exact_lean_jit
from circuits.mapping.cut_state import Cut, attraction, below, clear, fraction, move, packets_of, random_state, saving

PASSES = 20  # ASSUMED: sweeps over all neurons; the gain of later ones is below a thousandth
LEAST_GAIN = 1e-3  # ASSUMED: share of the packets below which another sweep does not pay
PARTNERS = 24  # ASSUMED: neurons of a full core that a swap is tried with
SMALL = 2000  # ASSUMED: neurons up to which annealing takes seconds
ANNEALED = 4000  # ASSUMED: changes tried for each neuron
WORK = 1_500_000  # ASSUMED: nets that all changes of one annealing may look at, about a second


def refine(cut: Cut, rng: np.random.Generator, passes: int = PASSES) -> None:
    """Sweeps of moves and swaps in random order, until they save next to nothing."""
    state = random_state(rng)
    for _ in range(passes):
        before, excess = packets_of(cut), int(cut.excess[0])
        by_core, begin = _members(cut)
        _sweep(cut, rng.permutation(len(cut.core)), by_core, begin, np.zeros(len(cut.used)), state, PARTNERS)
        if before - packets_of(cut) <= LEAST_GAIN * before and cut.excess[0] == excess:
            return


def _members(cut: Cut) -> tuple[np.ndarray, np.ndarray]:
    """Vertices core by core, and where those of each core begin."""
    counts = np.bincount(cut.core, minlength=len(cut.used))
    return np.argsort(cut.core, kind="stable"), np.concatenate(([0], np.cumsum(counts)))


@exact_lean_jit
def _sweep(cut, order, by_core, begin, pull, state, n_partners):
    n_cores = len(cut.used)
    for vertex in order:
        attraction(cut, vertex, pull)
        old = cut.core[vertex]
        best, most = -1, pull[old] + 1e-9
        for core in range(n_cores):
            if pull[core] > most and core != old:
                best, most = core, pull[core]
        gain = most - pull[old]
        clear(cut, vertex, pull)
        if best < 0:
            continue
        excess = cut.excess[0]
        move(cut, vertex, best)
        if cut.excess[0] <= excess:
            continue
        if not _swapped(cut, vertex, old, best, gain, excess, by_core, begin, state, n_partners):
            move(cut, vertex, old)


@exact_lean_jit
def _swapped(cut, vertex, old, new, gain, excess, by_core, begin, state, n_partners):
    """Whether one of the members of the new core goes back for the vertex, at a gain together."""
    n = begin[new + 1] - begin[new]
    offset = below(state, n) if n else 0
    for i in range(min(n, n_partners)):
        other = by_core[begin[new] + (offset + i) % n]
        if cut.core[other] != new or other == vertex:
            continue
        if gain + saving(cut, other, old) <= 1e-9:
            continue
        move(cut, other, old)
        if cut.excess[0] <= excess:
            return True
        move(cut, other, new)
    return False


def anneal(cut: Cut, rng: np.random.Generator, per_vertex: int = ANNEALED) -> None:
    """Simulated annealing of moves and swaps from where a tenth of a neuron's packets is noise down to none.

    Source: Kirkpatrick, Gelatt and Vecchi, Science 220, 671 (1983). The best cut on the way is kept.
    """
    n = len(cut.core)
    if n < 2 or len(cut.used) < 2:
        return
    hot = 2 * float(cut.rate.sum()) / n
    best = np.copy(cut.core)
    _anneal(cut, tries_for(cut, per_vertex), hot, hot / 300, random_state(rng), best)
    for vertex in np.flatnonzero(best != cut.core):
        move(cut, int(vertex), int(best[vertex]))


def tries_for(cut: Cut, per_vertex: int) -> int:
    """So many changes for each neuron, fewer where neurons have many nets."""
    n = len(cut.core)
    return min(per_vertex * n, int(WORK * n / max(len(cut.nets), 1)))


@exact_lean_jit
def _anneal(cut, tries, hot, cold, state, best):
    n, n_cores = len(cut.core), len(cut.used)
    value = lowest = 0.0
    lowest_excess = cut.excess[0]
    cooling = (cold / hot) ** (1.0 / max(tries, 1)) if hot > 0 else 1.0
    heat = hot
    for _ in range(tries):
        heat *= cooling
        vertex, excess = below(state, n), cut.excess[0]
        old = cut.core[vertex]
        other, new = -1, old
        if below(state, 4) == 0:
            new = below(state, n_cores)
        else:
            other = below(state, n)
            new = cut.core[other]
        if new == old:
            continue
        gain = saving(cut, vertex, new)
        move(cut, vertex, new)
        if other >= 0:
            gain += saving(cut, other, old)
            move(cut, other, old)
        worse = cut.excess[0] > excess
        if worse or (gain < 0 and (heat <= 0 or fraction(state) >= np.exp(gain / heat))):
            if other >= 0:
                move(cut, other, new)
            move(cut, vertex, old)
            continue
        value -= gain
        if cut.excess[0] < lowest_excess or (value < lowest - 1e-9 and cut.excess[0] <= lowest_excess):
            lowest, lowest_excess = value, cut.excess[0]
            for other in range(n):
                best[other] = cut.core[other]


def repair(cut: Cut, rng: np.random.Generator, passes: int = PASSES) -> None:
    """Move neurons off cores above a limit, each to where it takes away most excess and costs least packets."""
    for _ in range(passes):
        before = int(cut.excess[0])
        if before == 0:
            return
        _repair(cut, rng.permutation(len(cut.core)), np.zeros(len(cut.used)), np.zeros(len(cut.used)))
        if cut.excess[0] >= before:
            return


@exact_lean_jit
def _repair(cut, order, pull, kept):
    n_cores = len(cut.used)
    for vertex in order:
        old = cut.core[vertex]
        above = False
        for resource in range(4):
            above |= cut.used[old, resource] > cut.limits[resource]
        if not above:
            continue
        attraction(cut, vertex, pull)
        for core in range(n_cores):
            kept[core] = pull[core]
        clear(cut, vertex, pull)
        best, least, most = old, cut.excess[0], 0.0
        for core in range(n_cores):
            if core == old or cut.used[core, 0] + cut.size[vertex, 0] > cut.limits[0]:
                continue
            move(cut, vertex, core)
            now = cut.excess[0]
            if now < least or (now == least and best != old and kept[core] > most):
                best, least, most = core, now, kept[core]
            move(cut, vertex, old)
        move(cut, vertex, best)
