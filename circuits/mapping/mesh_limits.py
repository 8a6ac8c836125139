"""What a core of a mesh holds, how the mesh is laid out, and what is said of a network that does not fit."""

from dataclasses import dataclass, fields

import numpy as np

from circuits.mapping.hypergraph import Hypergraph
from circuits.mapping.limits import MOST, MOST_BITS, BrokenLimit
from circuits.units import require

UNLIMITED = MOST  # what stands for a limit that nobody published
RESOURCES = ("neurons", "synapses", "axons_in", "axons_out")  # of a core, in the order of every array of them


@dataclass(frozen=True)
class MeshLimits:
    """Of one core; None: not published, so not enforced.

    axons_in: sources that reach the core, each counted once.   axons_out: for each source on the core, the cores that
    it reaches, its own too.   split_fan_in: a neuron may be spread over cores that send it partial sums.
    """

    neurons: int
    weight_bits: int
    synapses: int | None = None
    axons_in: int | None = None
    axons_out: int | None = None
    split_fan_in: bool = False

    def __post_init__(self):
        for field in fields(self)[:-1]:
            value = getattr(self, field.name)
            most = MOST_BITS if field.name == "weight_bits" else MOST
            optional = field.name in RESOURCES[1:]
            holds = (value is None and optional) or (type(value) is int and 1 <= value <= most)
            require(self, field.name, holds, f"a whole number in 1..{most}{' or left out' * optional}")

    @property
    def array(self) -> np.ndarray:
        """In the order of `RESOURCES`, `(resource,)`."""
        return np.array([UNLIMITED if (most := getattr(self, name)) is None else most for name in RESOURCES])

    @property
    def fan_in(self) -> int:
        """Of one neuron: its synapses lie on one core, each of a source of its own."""
        return int(self.array[1:3].min())


@dataclass(frozen=True)
class Mesh:
    """`width` x `height` routers with links to their four neighbours, `cores` on each."""

    width: int
    height: int
    cores: int = 1

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            require(self, field.name, type(value) is int and 1 <= value <= 2**15, f"a whole number in 1..{2**15}")

    @property
    def n_cores(self) -> int:
        return self.width * self.height * self.cores

    def routers(self, sites: np.ndarray) -> np.ndarray:
        """Column and row of the router of each site, `(site, 2)`; sites are counted router by router, row by row."""
        router = np.asarray(sites) // self.cores
        return np.stack((router % self.width, router // self.width), -1)


def too_large_for_mesh(graph: Hypergraph, limits: MeshLimits, mesh: Mesh) -> tuple[BrokenLimit, ...]:
    """What no placement could mend: a fan-in beyond a core's, more neurons or synapses than all cores hold."""
    broken = []
    synapses = graph.synapses
    for population in graph.populations if not limits.split_fan_in else ():
        most = int(synapses[population.start : population.stop].max(initial=0))
        if most > limits.fan_in:
            remedy = "train a sparser or narrower layer, or choose a chip that adds up partial sums"
            broken.append(BrokenLimit("fan_in", f"layer {population.name!r}", most, limits.fan_in, remedy))
    for name, used in (("neurons", graph.n_vertices), ("synapses", int(synapses.sum()))):
        each = getattr(limits, name)
        if each is not None and used > each * mesh.n_cores:
            remedy = f"train a smaller network, or choose a chip of more than {mesh.n_cores} cores"
            broken.append(BrokenLimit(name, "network", used, each * mesh.n_cores, remedy))
    return tuple(broken)


def least_cores(graph: Hypergraph, limits: MeshLimits) -> int:
    """As many cores as neurons and synapses fill; axons may ask for more."""
    used = (graph.n_vertices, int(graph.synapses.sum()))
    return max(1, *(-(-n // int(each)) for n, each in zip(used, limits.array[:2], strict=True)))
