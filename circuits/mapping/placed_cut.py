"""A small cut made better once its cores have their places: swaps of neurons that save packets and hops together.

    cost = sum over nets of rate (sum over foreign cores that it touches of 1 + hops to there)

A cut of fewest packets may be one that no placement serves well; near it lie others that one does.
"""

import numpy as np

from circuits.compile import exact_lean_jit
from circuits.mapping.cut_state import Cut, below, fraction, move, packets_of, random_state, saving
from circuits.mapping.refinement import tries_for

TRIES = 4000  # ASSUMED: changes tried for each neuron


def settle(cut: Cut, distance: np.ndarray, most: float, rng: np.random.Generator, per_vertex: int = TRIES) -> None:
    """Anneal packets and hops together, at most `most` packets, cores staying at `distance`, `(core, core)` hops.

    The best cut on the way is kept.
    """
    n = len(cut.core)
    if n < 2 or len(cut.used) < 2:
        return
    hot = 3 * float(cut.rate.sum()) / n
    best = np.copy(cut.core)
    room = most - packets_of(cut)
    _settle(cut, distance, tries_for(cut, per_vertex), hot, hot / 300, room, random_state(rng), best)
    for vertex in np.flatnonzero(best != cut.core):
        move(cut, int(vertex), int(best[vertex]))


@exact_lean_jit
def _reach(cut, distance, vertex):
    """Cost of all nets of a vertex."""
    total = 0.0
    for i in range(cut.first[vertex], cut.first[vertex + 1]):
        net = cut.nets[i]
        home = cut.core[cut.source[net]]
        for slot in range(cut.start[net], cut.start[net] + cut.n_slots[net]):
            core = cut.slot_core[slot]
            if core != home:
                total += cut.rate[net] * (1 + distance[home, core])
    return total


@exact_lean_jit
def _settle(cut, distance, tries, hot, cold, room, state, best):
    n = len(cut.core)
    value = lowest = 0.0
    heat, cooling = hot, (cold / hot) ** (1.0 / max(tries, 1)) if hot > 0 else 1.0
    for _ in range(tries):
        heat *= cooling
        vertex, other = below(state, n), below(state, n)
        old, new = cut.core[vertex], cut.core[other]
        if old == new:
            continue
        swap, excess = below(state, 4) > 0, cut.excess[0]
        gain, saved = _reach(cut, distance, vertex), saving(cut, vertex, new)
        move(cut, vertex, new)
        gain -= _reach(cut, distance, vertex)
        if swap:
            gain += _reach(cut, distance, other)
            saved += saving(cut, other, old)
            move(cut, other, old)
            gain -= _reach(cut, distance, other)
        broken = cut.excess[0] > excess or room + saved < 0
        if broken or (gain < 0 and (heat <= 0 or fraction(state) >= np.exp(gain / heat))):
            if swap:
                move(cut, other, new)
            move(cut, vertex, old)
            continue
        room += saved
        value -= gain
        if value < lowest - 1e-9:
            lowest = value
            for other in range(n):
                best[other] = cut.core[other]
