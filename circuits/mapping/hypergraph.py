"""A network as a hypergraph: a vertex for each neuron, a net for each source with all that it drives.

    packets = sum over nets of rate (lambda - 1),   lambda = cores on which a net has a pin, its source being one

What a cut of this hypergraph costs is what a spike costs that is sent once to each core that needs it. Edges, which
count a spike once for each synapse, are no such measure. Arrays are sparse: 100,000 neurons are a few megabytes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.spec import EXTERNAL_INPUT, NetworkSpec

Progress = Callable[[str, float], None]  # what is being done, and the share of it that is
PARTIAL_SUMS = "partial sums"


def silent(step: str, share: float) -> None:
    """A progress that tells nobody."""


@dataclass(frozen=True)
class Population:
    """Vertices `start` to `stop`; those that are not `updated` are channels from outside, which hold no membrane."""

    name: str
    start: int
    stop: int
    updated: bool = True


@dataclass(frozen=True, eq=False)
class Hypergraph:
    """Net e is driven by vertex `source[e]` at `rate[e]` spikes per inference, to `targets[start[e]:start[e+1]]`.

    Targets of a net differ and are in order; every source has one net.
    """

    n_vertices: int
    source: np.ndarray  # (net,)
    rate: np.ndarray  # (net,)
    start: np.ndarray  # (net + 1,)
    targets: np.ndarray  # (pin,)
    populations: tuple[Population, ...] = ()

    @property
    def n_nets(self) -> int:
        return len(self.source)

    @property
    def net_of_pin(self) -> np.ndarray:
        """The net of each target, `(pin,)`."""
        return np.repeat(np.arange(self.n_nets), np.diff(self.start))

    @property
    def synapses(self) -> np.ndarray:
        """Synapses onto each vertex, `(vertex,)`; its fan-in, since no source has two."""
        return np.bincount(self.targets, minlength=self.n_vertices)

    @property
    def events(self) -> float:
        """Synaptic operations per inference."""
        return float(self.rate @ np.diff(self.start))

    def name_of(self, vertex: int) -> str:
        """A vertex as a person finds it in the network."""
        for population in self.populations:
            if population.start <= vertex < population.stop:
                return f"neuron {vertex - population.start} of {population.name!r}"
        return f"neuron {vertex}"


def hypergraph_of_edges(
    n_vertices: int,
    sources: np.ndarray,
    targets: np.ndarray,
    rate: np.ndarray,
    populations: tuple[Population, ...] = (),
) -> Hypergraph:
    """One net a source, of edges `sources[i] -> targets[i]`, both `(edge,)`, and spikes `rate`, `(vertex,)`.

    Edges that stand twice count once. Raises: InputError for an edge of a vertex that is not there, or a rate that is
    negative or not finite.
    """
    if len(sources) and not 0 <= min(sources.min(), targets.min()) <= max(sources.max(), targets.max()) < n_vertices:
        raise InputError(f"an edge leads to a neuron that is none of the {n_vertices}; count them from 0")
    if not (np.isfinite(rate) & (rate >= 0)).all():
        raise InputError(f"a rate must be zero or positive and finite, got {rate[~(rate >= 0)][:1]}")
    keys = np.unique(sources.astype(np.int64) * n_vertices + targets)
    own, pins = np.divmod(keys, max(n_vertices, 1))
    source, counts = np.unique(own, return_counts=True)
    start = np.concatenate(([0], np.cumsum(counts)))
    return Hypergraph(n_vertices, source, rate[source].astype(float), start, pins, populations)


def hypergraph_of(net: NetworkSpec, activity: Activity | None = None) -> Hypergraph:
    """The hypergraph of a network of membranes at the rates that were measured; without activity each spikes once."""
    populations, rates, first = [], [], {}
    channels = [(EXTERNAL_INPUT, net.n_external, False)] if net.n_external else []
    for name, n, updated in channels + [(layer.name, layer.n_neurons, True) for layer in net.layers]:
        first[name] = populations[-1].stop if populations else 0
        populations.append(Population(name, first[name], first[name] + n, updated))
        spiking = name == EXTERNAL_INPUT or net.layer(name).spiking
        rates.append(np.zeros(n) if not spiking else np.ones(n) if activity is None else activity.of(name))
    sources, targets = [np.zeros(0, int)], [np.zeros(0, int)]
    for layer in net.layers:
        lines = np.array([first[name] + i for name, i in net.sources(layer)], int)
        rows, columns = np.nonzero(layer.crossbar)
        sources.append(lines[rows])
        targets.append(first[layer.name] + columns)
    total = populations[-1].stop if populations else 0
    rate = np.concatenate(rates) if rates else np.zeros(0)
    return hypergraph_of_edges(total, np.concatenate(sources), np.concatenate(targets), rate, tuple(populations))


def split_fan_in(graph: Hypergraph, most: int, steps: float) -> Hypergraph:
    """The same network with no fan-in above `most`: parts of a neuron add up a share of its synapses each.

    A part sits where a neuron could, and sends its sum to the body once in each of `steps`. The parts follow the other
    vertices, in a population of their own. Raises: InputError where the sums alone are more than `most`.
    """
    fan_in = graph.synapses
    wide = np.flatnonzero(fan_in > most)
    n_parts = -(-fan_in[wide] // max(most, 1))
    if len(wide) and n_parts.max() > most:
        worst = wide[np.argmax(n_parts)]
        raise InputError(
            f"{graph.name_of(worst)} has a fan-in of {fan_in[worst]}, more than {most} x {most} that partial sums of "
            "a core reach; train a sparser or narrower layer"
        )
    if not len(wide):
        return graph
    first = graph.n_vertices + np.concatenate(([0], np.cumsum(n_parts)))
    new = graph.targets.copy()
    order = np.argsort(graph.targets, kind="stable")
    ends = np.cumsum(fan_in)
    for i, vertex in enumerate(wide):
        pins = order[ends[vertex] - fan_in[vertex] : ends[vertex]]
        new[pins] = first[i] + np.arange(len(pins)) * n_parts[i] // len(pins)
    total, parts = int(first[-1]), np.arange(graph.n_vertices, first[-1])
    rate = np.concatenate((_rate_of_vertices(graph), np.full(len(parts), float(steps))))
    sources = np.concatenate((graph.source[graph.net_of_pin], parts))
    sums = Population(PARTIAL_SUMS, graph.n_vertices, total)
    targets = np.concatenate((new, np.repeat(wide, n_parts)))
    return hypergraph_of_edges(total, sources, targets, rate, (*graph.populations, sums))


def _rate_of_vertices(graph: Hypergraph) -> np.ndarray:
    rate = np.zeros(graph.n_vertices)
    rate[graph.source] = graph.rate
    return rate
