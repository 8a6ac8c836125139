"""Traffic between cores."""

import numpy as np

from circuits.mapping.place import Placement
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec


def core_crossings(net: NetworkSpec, activity: Activity, placement: Placement) -> dict[tuple[str, int], float]:
    """Spikes per inference that each population sends to each core which is foreign to them (multicast).

    A core needs a spike if it holds a synapse, of a weight that is not zero, on a line of that source; it is foreign
    unless the source sits there. Channels of the external input sit on their input sites. A population counts zero
    for the cores that it sits on itself, unless it sends spikes there too.
    """
    homes: set[tuple[str, int, int]] = set()  # population, neuron, core
    needs: set[tuple[str, int, int]] = set()
    for piece in placement.slices:
        if piece.holds_neurons:
            homes |= {(piece.layer, i, piece.core) for i in range(piece.start, piece.stop)}
        if piece.as_input:
            continue
        layer = net.layer(piece.layer)
        block = layer.crossbar[piece.line_start : piece.line_stop, piece.start : piece.stop]
        lines = net.sources(layer)[piece.line_start : piece.line_stop]
        needs |= {(*lines[row], piece.core) for row in np.flatnonzero(block.any(1))}
    crossings = {(source, core): 0.0 for source, _, core in sorted(homes)}
    for source, i, core in sorted(needs - homes):
        crossings[source, core] = crossings.get((source, core), 0.0) + float(activity.of(source)[i])
    return crossings
