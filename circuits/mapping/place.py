"""Placement: tiles of all layers packed onto cores, in layer order, each on the first core where it fits."""

from dataclasses import dataclass

import numpy as np

from circuits.mapping.limits import CoreLimits, MappingError
from circuits.mapping.partition import Tile, cut
from circuits.mapping.rules import NOTES, broken_limits, input_populations, one_core_is_published
from circuits.network.spec import NetworkSpec


@dataclass(frozen=True)
class CoreSlice:
    """Neurons `start` to `stop` of one layer on one core, with their synapses from `line_start` to `line_stop`.

    Lines count the rows of the layer's `crossbar`. A slice with `line_start` 0 holds the neurons themselves, the others
    hold synapses only. `as_input`: on input sites, without synapses; the external input counts as a layer.
    """

    core: int
    layer: str
    start: int
    stop: int
    as_input: bool
    n_synapses: int
    line_start: int = 0
    line_stop: int = 0

    @property
    def holds_neurons(self) -> bool:
        return self.line_start == 0


@dataclass(frozen=True)
class Placement:
    """Where every neuron and synapse is, and what had to be assumed for it."""

    slices: tuple[CoreSlice, ...]
    notes: tuple[str, ...]

    @property
    def cores_used(self) -> int:
        return 1 + max(piece.core for piece in self.slices)


def place(net: NetworkSpec, limits: CoreLimits) -> Placement:
    """Encoder neurons and external channels on the input sites, crossbar tiles where sites, lines and synapses fit.

    A line carries one source across a core, wherever that source sits; tiles on the core share it.
    Raises: MappingError that lists every reason why the network cannot be placed.
    """
    if broken := broken_limits(net, limits):
        raise MappingError(broken)
    tiles = [tile for layer in net.layers if layer.kind != "encoder" for tile in cut(net, layer, limits)]
    slices = _input_slices(net, limits) + _pack(tiles, limits)
    cores_used = 1 + max(piece.core for piece in slices)
    notes = tuple(line for note in NOTES for line in note(net, limits))
    return Placement(slices, one_core_is_published(limits, cores_used) + notes)


def _input_slices(net: NetworkSpec, limits: CoreLimits) -> tuple[CoreSlice, ...]:
    """Encoder neurons or external channels, `input_neurons` to a core from core 0 on."""
    sites = limits.input_neurons
    return tuple(
        CoreSlice(start // sites, name, start, min(start + sites, n), True, 0)
        for name, n in input_populations(net).items()
        for start in range(0, n, sites)
    )


class _Cores:
    """What is left on the cores while they are filled, in arrays, since cores may be thousands.

    `sites` and `synapses` are `(core,)`, and longer than the cores in use: the rest has no sites.
    """

    def __init__(self, limits: CoreLimits):
        self.limits, self.sources = limits, []
        self.sites, self.synapses = np.zeros(1, int), np.zeros(1, int)

    def first_fit(self, tile: Tile) -> int:
        """The first core with room for a tile, a new one if there is none."""
        for core in np.flatnonzero((self.sites >= tile.width) & (self.synapses >= tile.n_synapses)).tolist():
            if len(self.sources[core] | tile.sources) <= self.limits.lines:
                return core
        core = len(self.sources)
        self.sources.append(set())
        if core == len(self.sites):
            self.sites, self.synapses = (np.append(left, np.zeros_like(left)) for left in (self.sites, self.synapses))
        self.sites[core], self.synapses[core] = self.limits.neurons, self.limits.synapses
        return core

    def take(self, core: int, tile: Tile) -> CoreSlice:
        self.sites[core] -= tile.width
        self.synapses[core] -= tile.n_synapses
        self.sources[core] |= tile.sources
        span = (tile.line_start, tile.line_stop)
        return CoreSlice(core, tile.layer, tile.start, tile.stop, False, tile.n_synapses, *span)


def _pack(tiles: list[Tile], limits: CoreLimits) -> tuple[CoreSlice, ...]:
    """First fit: each tile on the first core with room for it, else on a new one."""
    cores = _Cores(limits)
    return tuple(cores.take(cores.first_fit(tile), tile) for tile in tiles)
