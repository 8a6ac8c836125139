"""What spikes on a mesh of cores cost: synaptic operations, membranes step by step, messages and the links they travel.

    energy = operations E_synapse + steps neurons (E_access + E_update) + spikes E_spike + messages E_message
             + links E_link + (cores P_core + routers P_router) t

A chip that sends a spike once to each core that needs it pays a message for each, its own core's too; one that
multicasts pays one, and each link of the tree once. An entry without a figure is not modelled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from circuits.ledger import Entry, Kind, Ledger
from circuits.mapping.hypergraph import Hypergraph
from circuits.mapping.mesh_placement import MeshPlacement
from circuits.mapping.mesh_routes import needs
from circuits.tables import NOT_IN_FILE
from circuits.units import Joules, Seconds, Watts, freeze_si, require

DENSE = 0.5  # ASSUMED: share of present synapses from which a core stores them as a dense block


@dataclass(frozen=True)
class MeshCosts:
    """Joules of each event, watts of each core in use and of each router; None: not published, so not modelled.

    dense, sparse: a synaptic operation by the way its weights are stored.   router: what a router and all that idles
    with it draws.   every_router: whether the whole mesh is on, or those alone that have cores in use.
    """

    multicast: bool
    every_router: bool
    dense_synapse: Joules | None = None
    sparse_synapse: Joules | None = None
    access: Joules | None = None
    update: Joules | None = None
    spike: Joules | None = None
    message: Joules | None = None
    link_east_west: Joules | None = None
    link_north_south: Joules | None = None
    core: Watts | None = None
    router: Watts | None = None
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, metadata=NOT_IN_FILE)

    def __post_init__(self):
        freeze_si(self)
        for name in list(self.__dataclass_fields__)[2:-1]:
            value = getattr(self, name)
            require(self, name, value is None or value >= 0, "zero or positive; leave out what is not published")

    def synapse(self, density: float) -> str:
        """Name of the cost of an operation on a layer of which so large a share of synapses is present."""
        return "dense_synapse" if density >= DENSE else "sparse_synapse"

    @property
    def covers(self) -> str:
        """What the joules pay for, and what not: a chip pays for what has a figure."""
        groups = {
            "synapses": (self.dense_synapse, self.sparse_synapse), "membranes": (self.access, self.update),
            "spikes": (self.spike,), "messages": (self.message,),
            "links": (self.link_east_west, self.link_north_south), "power of cores in use": (self.core,),
            f"power of {'all' if self.every_router else 'used'} routers": (self.router,),
        }  # fmt: skip
        paid = [name for name, costs in groups.items() if any(cost is not None for cost in costs)]
        left = [name for name in groups if name not in paid]
        return f"{', '.join(paid) or 'nothing'}; {', '.join((*left, 'sensor'))}, front end, host and loading excluded"

    def entry(
        self, name: str, part: str, count: float, per: str, kind: Kind = "dynamic",
        layer: str | None = None, core: int | None = None,
    ) -> Entry[float]:  # fmt: skip
        """What one of the costs makes of a count, known or not."""
        each = getattr(self, name)
        key = f"costs.{name}_{'w' if name in ('core', 'router') else 'j'}"
        source = "not published" if each is None else self.sources.get(key, "")
        return Entry(part, count, each, kind, per, source, layer, core)


@dataclass(frozen=True, eq=False)
class MeshInference:
    """How long it takes, what spikes without being heard, and by name how dense the synapses of a population are."""

    steps: float
    duration: Seconds
    unheard: np.ndarray  # (vertex,), spikes of neurons that drive none on the chip
    density: Mapping[str, float]


def mesh_ledger(placement: MeshPlacement, costs: MeshCosts, work: MeshInference) -> Ledger[float]:
    """Every cost of one inference, by population and core where it lies on one."""
    powered = placement.mesh.width * placement.mesh.height if costs.every_router else placement.routers_used
    traffic = placement.traffic()
    flat, steep = traffic.along(costs.multicast)
    static = (
        *(costs.entry("core", "cores", work.duration, "second", "static", core=i) for i in range(placement.cores_used)),
        costs.entry("router", "routers", powered * work.duration, "second", "static"),
    )
    links = (
        costs.entry("link_east_west", "links_east_west", flat, "link"),
        costs.entry("link_north_south", "links_north_south", steep, "link"),
    )
    return Ledger((*_on_cores(placement, costs, work), *_messages(placement, costs), *links, *static))


def _on_cores(placement: MeshPlacement, costs: MeshCosts, work: MeshInference) -> list[Entry[float]]:
    """Operations and membranes of each population on each core."""
    graph, n_cores, entries = placement.graph, placement.cores_used, []
    events = operations_onto(graph)
    sent = work.unheard.copy()
    sent[graph.source] += graph.rate
    for one in graph.populations:
        own = slice(one.start, one.stop)
        core = placement.core[own]
        n, operations, spikes = (
            np.bincount(core, weights, n_cores) for weights in (np.ones(len(core)), events[own], sent[own])
        )
        which = costs.synapse(work.density.get(one.name, 0.0))
        for i in np.flatnonzero(n).tolist():
            at = {"layer": one.name, "core": i}
            if operations[i]:
                entries.append(costs.entry(which, "synapses", float(operations[i]), "synaptic operation", **at))
            if one.updated:
                updates = float(n[i]) * work.steps
                entries.append(costs.entry("access", "soma_access", updates, "access", **at))
                entries.append(costs.entry("update", "soma_update", updates, "update", **at))
                entries.append(costs.entry("spike", "spikes", float(spikes[i]), "spike", **at))
    heard = any(entry.part == "synapses" for entry in entries)
    return entries if heard else [*entries, costs.entry("dense_synapse", "synapses", 0.0, "synaptic operation")]


def _messages(placement: MeshPlacement, costs: MeshCosts) -> list[Entry[float]]:
    """On the core that needs them, or where a spike is multicast on the one that sends it."""
    graph, core = placement.graph, placement.core
    net, target = needs(graph, core)
    if costs.multicast:
        net, target = np.arange(graph.n_nets), core[graph.source]
    entries = [] if len(net) else [costs.entry("message", "messages", 0.0, "message")]
    for one in graph.populations:
        own = (graph.source[net] >= one.start) & (graph.source[net] < one.stop)
        count = np.bincount(target[own], graph.rate[net[own]], placement.cores_used)
        entries += [
            costs.entry("message", "messages", float(count[i]), "message", layer=one.name, core=int(i))
            for i in np.flatnonzero(count)
        ]
    return entries


def operations_onto(graph: Hypergraph) -> np.ndarray:
    """Synaptic operations per inference that arrive at each vertex, `(vertex,)`."""
    return np.bincount(graph.targets, graph.rate[graph.net_of_pin], graph.n_vertices)
