"""What a core of a mesh holds, and how the mesh is laid out."""

from dataclasses import dataclass, fields

import numpy as np

from circuits.mapping.limits import MOST, MOST_BITS
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
