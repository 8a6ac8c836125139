"""The technology `spiking-mesh`: many digital cores of spiking neurons on a mesh of routers, as Loihi and SpiNNaker.

Neurons are cut into cores so that few spikes leave them, and cores lie on the mesh so that these go few hops. The chip
advances in the steps of its network. It is here to be compared with what others measured on such chips.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_record import ChipRecord
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.mesh_ledger import MeshCosts, MeshInference, mesh_ledger
from circuits.chips.mesh_report import MeshReport
from circuits.energy.boundary import SILICON
from circuits.ledger import unknown
from circuits.mapping.held_weights import held_weights, weights_are_held
from circuits.mapping.hypergraph import PARTIAL_SUMS, Hypergraph, Progress, hypergraph_of, silent
from circuits.mapping.limits import BrokenLimit
from circuits.mapping.mapping_file import mapping_table
from circuits.mapping.mesh_demand import too_large_for_mesh
from circuits.mapping.mesh_limits import Mesh, MeshLimits
from circuits.mapping.mesh_placement import MeshPlacement
from circuits.mapping.rules import has_neurons, in_steps, kinds_are_membranes
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec
from circuits.units import Seconds, SquareMetres, require

UNKNOWN = unknown("host and loading", "input and output of the chip", "clock and synchronisation of cores")
ENCODER = unknown("signals of an encoder")  # products with real numbers, which none of these chips is known to charge


@dataclass(frozen=True)
class SpikingMesh(ChipRecord):
    """One chip of this kind.

    boundary: what its joules pay for, a word of `SILICON`.
    error: by how much the model is known to miss measured energies, as a share; None: never compared.
    """

    boundary: str
    mesh: Mesh
    limits: MeshLimits
    costs: MeshCosts
    die: SquareMetres | None = None  # of one chip
    error: float | None = None

    def __post_init__(self):
        super().__post_init__()
        require(self, "boundary", self.boundary in SILICON, f"one of {', '.join(SILICON)}")
        require(self, "die", self.die is None or self.die > 0, "positive; leave out what is not published")
        require(self, "error", self.error is None or 0 < self.error < 1, "above 0 and below 1")
        asked = ("acceleration", "temperature", "supply")
        told = f"{self.name} is priced as it was measured, in the steps of its signal; leave"
        self.operation.refuse(**{name: f"{told} --{name} out" for name in asked})

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks before its neurons are cut into cores."""
        remedy = "train it in steps of its signal, or place it on a chip whose neurons have a time of their own"
        broken = kinds_are_membranes(net) + has_neurons(net) + in_steps(net, remedy)
        if broken:
            return broken
        large = too_large_for_mesh(hypergraph_of(net), self.limits, self.mesh)
        return large + weights_are_held(net, self.limits.weight_bits)

    def place(
        self, net: NetworkSpec, activity: Activity | None = None, seed: int = 0, progress: Progress = silent
    ) -> MeshPlacement:
        """Neurons on cores and cores on the mesh, by the spikes that were measured; the same seed, the same placement.

        Raises: MappingError listing every limit that cannot be met.
        """
        from circuits.mapping.network_on_mesh import place_network  # compiled: only whoever places waits for it

        self.require_fits(net)
        steps = 1.0 if activity is None else activity.duration / net.dt
        return place_network(hypergraph_of(net, activity), self.limits, self.mesh, seed, steps=steps, progress=progress)

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network with the weights of each neuron at the levels of the chip's bits; every chip computes the same.

        Raises: MappingError.
        """
        del rng, age
        self.require_fits(net)
        return held_weights(net, self.limits.weight_bits)

    def price(
        self, net: NetworkSpec, activity: Activity, placement: MeshPlacement, sensed: Sensed | None = None
    ) -> MeshReport:
        """Energy of one inference, part by part. Raises: MappingError; InputError for activity of another network."""
        self.require_fits(net, activity)
        placed = replace(placement, graph=_at_rates(placement.graph, net, activity))
        ledger = mesh_ledger(placed, self.costs, _inference(net, activity, placed.graph)) + UNKNOWN
        if any(layer.kind == "encoder" for layer in net.layers):
            ledger += ENCODER
        report = MeshReport(
            chip=self.name,
            ledger=ledger,
            boundary=self.boundary,
            covers=self.costs.covers,
            placement=placed,
            multicast=self.costs.multicast,
            latency_s=activity.duration,
            area=self.area(placed),
            notes=self._notes(net) + placement.notes,
        )
        return self.heard(report, sensed)

    def area(self, placement: MeshPlacement) -> ChipArea:
        """The whole die, used or not; how large a core is has no rule here."""
        del placement
        return ChipArea({}, ("die",)) if self.die is None else ChipArea({"die": self.die})

    def mapping(self, net: NetworkSpec, activity: Activity, placement: MeshPlacement) -> dict[str, Any]:
        """What a mapping file holds, see `circuits.mapping.mapping_file`: the placement, its charges and its energy."""
        report = self.price(net, activity, placement)
        placed, costs = report.placement, self.costs
        work = _inference(net, activity, placed.graph)
        sent = work.unheard.copy()
        sent[placed.graph.source] += placed.graph.rate
        table = mapping_table(placed, sent, work.steps)
        for row in table["populations"]:
            each = getattr(costs, costs.synapse(work.density.get(row["name"], 0.0)))
            arrives = table["by_population"][row["name"]]["synaptic_operations"] > 0
            unheard = float(work.unheard[row["first"] : row["stop"]].sum())
            row |= {"synapse_j": each if arrives else None, "unheard_spikes": unheard}
        powered = self.mesh.width * self.mesh.height if costs.every_router else placed.routers_used
        events = (
            "dense_synapse",
            "sparse_synapse",
            "access",
            "update",
            "spike",
            "message",
            "link_east_west",
            "link_north_south",
        )
        return {"chip": self.name} | table | {
            "multicast": costs.multicast,
            "inference": {"dt_s": net.dt, "steps": work.steps, "duration_s": work.duration, "routers_powered": powered},
            "charges": {f"{name}_j": getattr(costs, name) for name in events}
            | {f"{name}_w": getattr(costs, name) for name in ("core", "router")},
            "parts_j": report.ledger.parts,
            "total_j": report.ledger.total,
        }  # fmt: skip

    def _notes(self, net: NetworkSpec) -> tuple[str, ...]:
        notes = ("every neuron is updated in every step, one at rest too: an upper bound",)
        if net.n_external:
            notes += ("channels from outside sit on cores as neurons do and cost only their messages (ASSUMED)",)
        if any(layer.kind in ("adaptive_lif", "readout") for layer in net.layers):
            notes += ("an adapting neuron and a readout cost what a spiking one does (ASSUMED)",)
        if unlimited := [name for name in ("synapses", "axons_in", "axons_out") if getattr(self.limits, name) is None]:
            notes += (f"no limit of a core's {' and '.join(unlimited).replace('_', ' ')} is published: not enforced",)
        if self.error is not None:
            notes += (f"these costs met measured energies within {self.error:.0%}: {self.sources.get('error', '')}",)
        return notes


def _inference(net: NetworkSpec, activity: Activity, graph: Hypergraph) -> MeshInference:
    """Steps and time, spikes that stay unheard, and how many of a layer's possible synapses there are."""
    heard = np.zeros(graph.n_vertices, bool)
    heard[graph.source] = True
    unheard, density = np.zeros(graph.n_vertices), {}
    for one in graph.populations:
        if one.updated and one.name != PARTIAL_SUMS:
            layer = net.layer(one.name)
            if layer.spiking:
                unheard[one.start : one.stop] = activity.spikes[one.name] * ~heard[one.start : one.stop]
            density[one.name] = layer.n_synapses / max(layer.crossbar.size, 1)
    return MeshInference(activity.duration / net.dt, activity.duration, unheard, density)


def _at_rates(graph: Hypergraph, net: NetworkSpec, activity: Activity) -> Hypergraph:
    """The same synapses at the rates of an activity; partial sums are sent in every step."""
    rate = np.zeros(graph.n_vertices)
    for one in graph.populations:
        if one.name == PARTIAL_SUMS:
            rate[one.start : one.stop] = activity.duration / net.dt
        elif not one.updated or net.layer(one.name).spiking:
            rate[one.start : one.stop] = activity.of(one.name)
    return replace(graph, rate=rate[graph.source])
