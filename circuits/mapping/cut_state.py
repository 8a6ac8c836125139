"""A cut of a hypergraph that is changed vertex by vertex: what each net has on each core, and what each core holds.

Each net keeps a short list of the cores that it touches, so memory is that of the pins, whatever the number of cores.
All loops are compiled; randomness comes in as whole numbers of a Generator, so a seed gives the same cut every time.
"""

from typing import NamedTuple

import numpy as np

from circuits.compile import exact_lean_jit
from circuits.mapping.hypergraph import Hypergraph

NEURONS, SYNAPSES, AXONS_IN, AXONS_OUT = range(4)


class Cut(NamedTuple):
    """Pins of a net: its source, then its targets other than that. Arrays of the second half change in place."""

    start: np.ndarray  # (net + 1,) into pins
    pins: np.ndarray  # (pin,)
    rate: np.ndarray  # (net,)
    source: np.ndarray  # (net,)
    loops: np.ndarray  # (net,), True where the source is a target too
    first: np.ndarray  # (vertex + 1,) into nets
    nets: np.ndarray  # (pin,), nets of each vertex
    size: np.ndarray  # (vertex, 2): neurons, synapses
    limits: np.ndarray  # (resource,)
    core: np.ndarray  # (vertex,)
    slot_core: np.ndarray  # (pin,), from start[net] on the cores that the net touches
    slot_pins: np.ndarray  # (pin,), and its pins on each
    n_slots: np.ndarray  # (net,)
    used: np.ndarray  # (core, resource)
    excess: np.ndarray  # (1,), sum over cores and resources of what is above the limit


def new_cut(
    graph: Hypergraph, core: np.ndarray, n_cores: int, limits: np.ndarray, size: np.ndarray | None = None
) -> Cut:
    """The cut of an assignment `(vertex,)`; size `(vertex, 2)` where a vertex stands for several neurons."""
    net = graph.net_of_pin
    loop = graph.targets == graph.source[net]
    keep = ~loop
    counts = np.bincount(net[keep], minlength=graph.n_nets) + 1
    start = np.concatenate(([0], np.cumsum(counts)))
    pins = np.empty(start[-1], np.int64)
    heads = np.zeros(start[-1], bool)
    heads[start[:-1]] = True
    pins[heads], pins[~heads] = graph.source, graph.targets[keep]
    order = np.argsort(pins, kind="stable")
    first = np.concatenate(([0], np.cumsum(np.bincount(pins, minlength=graph.n_vertices))))
    loops = np.zeros(graph.n_nets, bool)
    loops[net[loop]] = True
    if size is None:
        size = np.stack((np.ones(graph.n_vertices, np.int64), graph.synapses), 1)
    cut = Cut(
        start, pins, graph.rate.astype(float), graph.source.astype(np.int64), loops, first,
        np.repeat(np.arange(graph.n_nets), counts)[order], size.astype(np.int64), limits.astype(np.int64),
        core.astype(np.int64), np.zeros(len(pins), np.int64), np.zeros(len(pins), np.int64),
        np.zeros(graph.n_nets, np.int64), np.zeros((n_cores, 4), np.int64), np.zeros(1, np.int64),
    )  # fmt: skip
    fill(cut)
    return cut


def packets_of(cut: Cut) -> float:
    """Spikes per inference times the foreign cores that each has to reach: the (lambda - 1) metric."""
    return float(cut.rate @ (cut.n_slots - 1))


@exact_lean_jit
def slot_of(cut, net, core):
    """Where a net keeps what it has on a core; -1 where it has nothing."""
    for slot in range(cut.start[net], cut.start[net] + cut.n_slots[net]):
        if cut.slot_core[slot] == core:
            return slot
    return -1


@exact_lean_jit
def hold(cut, core, resource, more):
    """Book what a core holds, and what that is above its limit."""
    limit = cut.limits[resource]
    before = cut.used[core, resource]
    cut.used[core, resource] = before + more
    cut.excess[0] += max(before + more - limit, 0) - max(before - limit, 0)


@exact_lean_jit
def fill(cut):
    """Book every pin of the assignment, on a cut that is empty."""
    for vertex in range(len(cut.core)):
        hold(cut, cut.core[vertex], NEURONS, cut.size[vertex, 0])
        hold(cut, cut.core[vertex], SYNAPSES, cut.size[vertex, 1])
    for net in range(len(cut.source)):
        for pin in range(cut.start[net], cut.start[net + 1]):
            _join(cut, net, cut.core[cut.pins[pin]])
        _book_axons(cut, net, 1)


@exact_lean_jit
def _join(cut, net, core):
    slot = slot_of(cut, net, core)
    if slot < 0:
        slot = cut.start[net] + cut.n_slots[net]
        cut.n_slots[net] += 1
        cut.slot_core[slot], cut.slot_pins[slot] = core, 0
    cut.slot_pins[slot] += 1


@exact_lean_jit
def _leave(cut, net, core):
    slot = slot_of(cut, net, core)
    cut.slot_pins[slot] -= 1
    if cut.slot_pins[slot] == 0:
        cut.n_slots[net] -= 1
        last = cut.start[net] + cut.n_slots[net]
        cut.slot_core[slot], cut.slot_pins[slot] = cut.slot_core[last], cut.slot_pins[last]


@exact_lean_jit
def _book_axons(cut, net, sign):
    """An axon into each core that holds a target, and as many out of the core of the source."""
    home = cut.core[cut.source[net]]
    for slot in range(cut.start[net], cut.start[net] + cut.n_slots[net]):
        core = cut.slot_core[slot]
        if core != home or cut.slot_pins[slot] > 1 or cut.loops[net]:
            hold(cut, core, AXONS_IN, sign)
            hold(cut, home, AXONS_OUT, sign)


@exact_lean_jit
def move(cut, vertex, core):
    """Put a vertex on another core."""
    old = cut.core[vertex]
    if old == core:
        return
    begin, end = cut.first[vertex], cut.first[vertex + 1]
    axons = cut.limits[AXONS_IN] < 2147483647 or cut.limits[AXONS_OUT] < 2147483647
    if axons:
        for i in range(begin, end):
            _book_axons(cut, cut.nets[i], -1)
    for resource in range(2):
        hold(cut, old, resource, -cut.size[vertex, resource])
        hold(cut, core, resource, cut.size[vertex, resource])
    cut.core[vertex] = core
    for i in range(begin, end):
        net = cut.nets[i]
        _leave(cut, net, old)
        _join(cut, net, core)
        if axons:
            _book_axons(cut, net, 1)


@exact_lean_jit
def attraction(cut, vertex, pull):
    """Fill `pull`, (core,), with the rate of the vertex's nets that touch a core without it.

    Gives the rate of all its nets. A move from a to b saves pull[b] - pull[a] packets. `pull` has to be zero before,
    and `clear` makes it so again.
    """
    total, old = 0.0, cut.core[vertex]
    for i in range(cut.first[vertex], cut.first[vertex + 1]):
        net = cut.nets[i]
        total += cut.rate[net]
        for slot in range(cut.start[net], cut.start[net] + cut.n_slots[net]):
            core = cut.slot_core[slot]
            if core != old or cut.slot_pins[slot] > 1:
                pull[core] += cut.rate[net]
    return total


@exact_lean_jit
def clear(cut, vertex, pull):
    """Set to zero what `attraction` filled, before or after the vertex has moved."""
    for i in range(cut.first[vertex], cut.first[vertex + 1]):
        net = cut.nets[i]
        for slot in range(cut.start[net], cut.start[net] + cut.n_slots[net]):
            pull[cut.slot_core[slot]] = 0.0
    pull[cut.core[vertex]] = 0.0


@exact_lean_jit
def saving(cut, vertex, core):
    """Packets that a move saves."""
    saved, old = 0.0, cut.core[vertex]
    for i in range(cut.first[vertex], cut.first[vertex + 1]):
        net = cut.nets[i]
        here = slot_of(cut, net, old)
        if cut.slot_pins[here] == 1:
            saved += cut.rate[net]
        if slot_of(cut, net, core) < 0:
            saved -= cut.rate[net]
    return saved


@exact_lean_jit
def next_random(state):
    """The next of a row of whole numbers, xorshift with 64 bits (Marsaglia 2003); state `(1,)` of uint64, not zero."""
    x = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@exact_lean_jit
def below(state, n):
    """A whole number in 0..n-1, evenly up to n / 2^64."""
    return np.int64(next_random(state) % np.uint64(n))


@exact_lean_jit
def fraction(state):
    """A number in [0, 1)."""
    return np.float64(next_random(state) >> np.uint64(11)) / 9007199254740992.0


def random_state(rng: np.random.Generator) -> np.ndarray:
    """A state of `next_random` drawn from a Generator."""
    return rng.integers(1, 2**63, 1, dtype=np.uint64)
