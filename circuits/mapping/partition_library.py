"""The partitioner of the extra `mapping`: Mt-KaHyPar, MIT, in its deterministic setting.

Source: Gottesbueren, Heuer, Maas, Sanders and Schlag, ACM Transactions on Algorithms 20 (2024), 10.1145/3626527.
"""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from circuits.mapping.hypergraph import Hypergraph

HEAVIEST = 2**28  # of all nets together: the library counts in 32 bits
FINEST = 1000  # ASSUMED: steps that a mean rate is resolved to
THREADS = 2  # its answer is the same on any number


def library_installed() -> bool:
    """Whether the extra `mapping` is here."""
    return find_spec("mtkahypar") is not None


@lru_cache
def _library() -> tuple[Any, Any]:
    import mtkahypar

    return mtkahypar, mtkahypar.initialize(THREADS, False)


def library_partition(graph: Hypergraph, n_cores: int, capacity: int, weights: np.ndarray, seed: int) -> np.ndarray:
    """The core of each vertex, `(vertex,)`, no core above `capacity` of `weights`, whole numbers `(vertex,)`."""
    mtkahypar, library = _library()
    nets = _pins(graph)
    shared = [i for i, net in enumerate(nets) if len(net) > 1]
    if not shared or n_cores == 1:
        return _in_order(weights, n_cores)
    mean = graph.rate[shared].mean()
    scale = min(FINEST / mean, HEAVIEST / graph.rate[shared].sum()) if mean > 0 else 1.0
    rates = np.maximum(np.rint(graph.rate[shared] * scale), 1).astype(int)
    mtkahypar.set_seed(seed)
    context = library.context_from_preset(mtkahypar.PresetType.DETERMINISTIC)
    context.set_partitioning_parameters(n_cores, 0.0, mtkahypar.Objective.KM1)
    context.set_individual_target_block_weights([capacity] * n_cores)
    context.logging = False
    hyper = library.create_hypergraph(
        context, graph.n_vertices, len(shared), [nets[i] for i in shared], weights.tolist(), rates.tolist()
    )
    return np.array(hyper.partition(context).get_partition(), np.int64)


def _pins(graph: Hypergraph) -> list[list[int]]:
    """Of each net the source and its targets, each vertex once."""
    net, n = graph.net_of_pin, max(graph.n_vertices, 1)
    own = np.arange(graph.n_nets)
    keys = np.unique(np.concatenate((net * n + graph.targets, own * n + graph.source)))
    net, pins = np.divmod(keys, n)
    ends, pins = np.searchsorted(net, own, side="right").tolist(), pins.tolist()
    return [pins[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def _in_order(weights: np.ndarray, n_cores: int) -> np.ndarray:
    """Where nothing is shared, equal loads in order."""
    ends = np.cumsum(weights)
    return np.minimum((ends - weights) * n_cores // max(int(ends[-1]), 1) if len(ends) else ends, n_cores - 1)
