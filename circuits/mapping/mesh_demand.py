"""What no placement on a mesh could mend, told before any is tried, and how many cores a network fills at least."""

import numpy as np

from circuits.mapping.hypergraph import Hypergraph, Population
from circuits.mapping.least_axons import least_axons
from circuits.mapping.limits import BrokenLimit
from circuits.mapping.mesh_limits import Mesh, MeshLimits

NARROWER = "train a sparser or narrower layer"


def too_large_for_mesh(graph: Hypergraph, limits: MeshLimits, mesh: Mesh) -> tuple[BrokenLimit, ...]:
    """A neuron's fan-in or axons beyond a core's, and more of anything than all cores hold."""
    broken, n = list(_fan_in(graph, limits)), mesh.n_cores
    used = {"neurons": graph.n_vertices, "synapses": int(graph.synapses.sum())}
    if not broken and not _is_split(graph, limits):
        least = least_axons(graph, limits)
        broken += _axons_out(graph, limits, least)
        used |= {"axons_in": int(least.sum()), "axons_out": int(least.sum())}
    remedy = f"train a smaller network, or choose a chip of larger cores, or of more than {n}"
    for name, total in used.items():
        each = getattr(limits, name)
        if each is not None and total > each * n:
            broken.append(BrokenLimit(name, "network", total, each * n, remedy))
    return tuple(broken)


def least_cores(graph: Hypergraph, limits: MeshLimits) -> int:
    """As many cores as neurons, synapses and the axons that any cut has would fill."""
    axons = 0 if _is_split(graph, limits) else int(least_axons(graph, limits).sum())
    used = (graph.n_vertices, int(graph.synapses.sum()), axons, axons)
    return max(1, *(-(-n // int(each)) for n, each in zip(used, limits.array, strict=True)))


def _is_split(graph: Hypergraph, limits: MeshLimits) -> bool:
    """Whether neurons are still to be spread over cores, which then hold fewer synapses of each."""
    return limits.split_fan_in and int(graph.synapses.max(initial=0)) > limits.fan_in


def _populations(graph: Hypergraph) -> tuple[Population, ...]:
    return graph.populations or (Population("network", 0, graph.n_vertices),)


def _fan_in(graph: Hypergraph, limits: MeshLimits) -> list[BrokenLimit]:
    """Of each population the widest neuron; where a fan-in is split, no core adds up more sums than its own fan-in."""
    allowed = limits.fan_in**2 if limits.split_fan_in else limits.fan_in
    remedy = NARROWER if limits.split_fan_in else f"{NARROWER}, or choose a chip that adds up partial sums"
    widest = {one.name: graph.synapses[one.start : one.stop].max(initial=0) for one in _populations(graph)}
    return [
        BrokenLimit("fan_in", f"layer {name!r}", int(most), allowed, remedy)
        for name, most in widest.items()
        if most > allowed
    ]


def _axons_out(graph: Hypergraph, limits: MeshLimits, least: np.ndarray) -> list[BrokenLimit]:
    """Of each population the neuron whose spikes have to reach most cores."""
    if limits.axons_out is None:
        return []
    broken, remedy = [], f"{NARROWER}, or choose a chip whose cores are larger or have more axons out"
    for one in _populations(graph):
        own = np.flatnonzero((graph.source >= one.start) & (graph.source < one.stop))
        most = int(least[own].max(initial=0))
        if most > limits.axons_out:
            told = f"{graph.name_of(int(graph.source[own[np.argmax(least[own])]]))}, whose targets fill {most} cores"
            broken.append(BrokenLimit("axons_out", told, most, limits.axons_out, remedy))
    return broken
