"""A network that lies on a mesh of cores: which neuron on which core, which core where, what travels between them."""

from dataclasses import dataclass

import numpy as np

from circuits.mapping.hypergraph import Hypergraph
from circuits.mapping.mesh_limits import Mesh, MeshLimits
from circuits.mapping.mesh_routes import MeshTraffic, route


@dataclass(frozen=True, eq=False)
class MeshPlacement:
    """core: of each vertex, `(vertex,)`.   site: of each core, `(core,)`, see `Mesh.routers`."""

    graph: Hypergraph
    mesh: Mesh
    limits: MeshLimits
    core: np.ndarray
    site: np.ndarray
    used: np.ndarray  # (core, resource)
    partitioner: str = "given"
    notes: tuple[str, ...] = ()

    @property
    def cores_used(self) -> int:
        return len(self.site)

    @property
    def routers(self) -> np.ndarray:
        """Column and row of the router of each core, `(core, 2)`."""
        return self.mesh.routers(self.site)

    @property
    def routers_used(self) -> int:
        return len(np.unique(self.routers, axis=0))

    def traffic(self) -> MeshTraffic:
        return route(self.graph, self.core, self.routers, self.mesh)
