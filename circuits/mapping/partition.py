"""Layers cut into crossbar tiles: at most a core's lines high, a core's neuron sites wide."""

from dataclasses import dataclass

import numpy as np

from circuits.mapping.limits import CoreLimits
from circuits.network.spec import LayerSpec, NetworkSpec


@dataclass(frozen=True)
class Tile:
    """Neurons `start` to `stop` of a layer, with the synapses from lines `line_start` to `line_stop` onto them.

    The first tile of a neuron (`line_start` 0) holds it; the others hold synapses only, their currents join its body.
    """

    layer: str
    start: int
    stop: int
    line_start: int
    line_stop: int
    n_synapses: int
    sources: frozenset[tuple[str, int]]  # what drives the lines; tiles that share a source share its line

    @property
    def width(self) -> int:
        """Columns of the crossbar, each with its neuron site, be it used or idle."""
        return self.stop - self.start


def tile_height(limits: CoreLimits) -> int:
    """Lines of a tile: a full column must fit the synapses of a core too."""
    return min(limits.lines, limits.synapses)


def cut(net: NetworkSpec, layer: LayerSpec, limits: CoreLimits) -> tuple[Tile, ...]:
    """The tiles of one layer, ceil(lines / core's lines) x ceil(neurons / core's neurons), neurons in order.

    Narrower, hence more, where the synapses of a full tile would not fit a core. Every synapse is in exactly one.
    """
    sources, present = net.sources(layer), layer.crossbar != 0
    rows = _row_blocks(len(sources), tile_height(limits))
    need = np.array([present[a:b].sum(0) for a, b in rows])
    return tuple(
        Tile(layer.name, start, stop, a, b, int(need[row, start:stop].sum()), frozenset(sources[a:b]))
        for start, stop in _column_blocks(need, limits.neurons, limits.synapses)
        for row, (a, b) in enumerate(rows)
    )


def _row_blocks(n_lines: int, height: int) -> list[tuple[int, int]]:
    """Lines in blocks of `height`; one empty block where there are none, for the neurons have to sit somewhere."""
    return [(a, min(a + height, n_lines)) for a in range(0, n_lines, height)] if n_lines else [(0, 0)]


def _column_blocks(need: np.ndarray, sites: int, synapses: int) -> list[tuple[int, int]]:
    """Neurons in blocks of `sites`, cut earlier where a row of `need` (row, neuron) would exceed `synapses`."""
    blocks, start, used = [], 0, np.zeros(len(need), int)
    for i, more in enumerate(need.T):
        if i - start == sites or np.any(used + more > synapses):
            blocks.append((start, i))
            start, used = i, np.zeros_like(used)
        used = used + more
    return [*blocks, (start, need.shape[1])] if need.shape[1] else []
