"""A placement on a mesh as one JSON file that suffices by itself: what was placed, where, what it costs and why.

Nets are written as runs of targets, `[first, last + 1, first, last + 1, ...]`: a dense layer is one run. The reader,
`circuits.mapping.checker`, derives every figure anew and shares nothing with what wrote them. The last entry is the
SHA-256 of all others, so that an edit by hand is told as one.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from circuits.mapping.hypergraph import Hypergraph
from circuits.mapping.mesh_limits import RESOURCES
from circuits.mapping.mesh_placement import MeshPlacement
from circuits.storage import write_text

VERSION = 2  # 1: without sha256 and counts of neurons, cores and populations


def mapping_table(placement: MeshPlacement, sent: np.ndarray, steps: float) -> dict[str, Any]:
    """The mapping itself, its counts and its traffic; a chip adds its name and what it charges.

    Args:  sent: spikes of each vertex per inference, heard or not, `(vertex,)`.   steps: of an inference.
    """
    graph, mesh, traffic = placement.graph, placement.mesh, placement.traffic()
    return {
        "version": VERSION,
        "mesh": {"width": mesh.width, "height": mesh.height, "cores_per_router": mesh.cores},
        "limits": {name: getattr(placement.limits, name) for name in RESOURCES},
        "populations": [
            {"name": one.name, "first": one.start, "stop": one.stop, "updated": one.updated}
            for one in graph.populations
        ],
        "core_of_neuron": placement.core.tolist(),
        "router_of_core": placement.routers.tolist(),
        "spikes_of_neuron": sent.tolist(),
        "fan_in_of_neuron": graph.synapses.tolist(),
        "fan_out_of_neuron": _fan_out(graph).tolist(),
        "used_of_core": placement.used.tolist(),
        "by_population": _by_population(graph, sent, steps),
        "nets": _nets(graph),
        "traffic": {
            "packets": traffic.packets,
            "messages": traffic.messages,
            "senders": traffic.senders,
            "synaptic_operations": graph.events,
            "unicast_links": traffic.hops,
            "multicast_links": traffic.tree_links,
            "busiest_unicast_link": traffic.busiest(False)[1],
            "busiest_multicast_link": traffic.busiest(True)[1],
        },
    }


def write_mapping(path: str | Path, table: dict[str, Any]) -> None:
    """The file, whole or not at all; one row a net."""
    table = sealed(table)
    nets = ",\n  ".join(json.dumps(net, allow_nan=False) for net in table["nets"])
    head = json.dumps({key: value for key, value in table.items() if key != "nets"}, allow_nan=False, indent=None)
    write_text(path, f'{head[:-1]},\n "nets": [\n  {nets}\n ]}}\n')


def sealed(table: dict[str, Any]) -> dict[str, Any]:
    """The table with the SHA-256 of its JSON without spaces, names in order."""
    text = json.dumps(table, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return table | {"sha256": hashlib.sha256(text.encode("ascii")).hexdigest()}


def _by_population(graph: Hypergraph, sent: np.ndarray, steps: float) -> dict[str, dict[str, float]]:
    """Per inference: updates of membranes, spikes sent, heard or not, and synaptic operations that arrive."""
    arriving = np.bincount(graph.targets, graph.rate[graph.net_of_pin], graph.n_vertices)
    return {
        one.name: {
            "updates": float((one.stop - one.start) * steps) if one.updated else 0.0,
            "spikes": float(sent[one.start : one.stop].sum()),
            "synaptic_operations": float(arriving[one.start : one.stop].sum()),
        }
        for one in graph.populations
    }


def _fan_out(graph: Hypergraph) -> np.ndarray:
    count = np.zeros(graph.n_vertices, int)
    count[graph.source] = np.diff(graph.start)
    return count


def _nets(graph: Hypergraph) -> list[dict[str, Any]]:
    begins = np.ones(len(graph.targets), bool)
    begins[1:] = (np.diff(graph.targets) != 1) | (np.diff(graph.net_of_pin) != 0)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(graph.targets)) - 1
    runs = np.stack((graph.targets[first], graph.targets[last] + 1), 1).reshape(-1)
    bounds = 2 * np.searchsorted(first, graph.start)
    return [
        {"source": int(source), "rate": float(rate), "targets": runs[a:b].tolist()}
        for source, rate, a, b in zip(graph.source, graph.rate, bounds[:-1], bounds[1:], strict=True)
    ]
