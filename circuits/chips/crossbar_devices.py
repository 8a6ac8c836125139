"""Devices of a weight, layer by layer: as many as the chip's file wishes, fewer where the tiles do not suffice.

A layer that is named has what is named for it. While the tiles do not suffice, the one of the others that saves most
tiles goes down to 2 devices, so that the fewest layers do; the last one is the smallest that saves enough. Of two that
save as much it is the later one, ASSUMED: the layer of which it is told that it bears errors badly, in the published
transcription network, is the first of its encoder (Nature 2023, notes).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from circuits.mapping.limits import BrokenLimit
from circuits.network.spec import LayerSpec
from circuits.nonideal.crossbar_array import tile_grid
from circuits.nonideal.crossbar_settings import TileShape
from circuits.nonideal.matrices import matrices_of
from circuits.nonideal.weight_devices import LEAST_DEVICES, WeightCoding
from circuits.tables import did_you_mean, shortened


@dataclass(frozen=True)
class DevicePlan:
    """Devices of a weight by layer.

    coding: as the chip's file wishes it.   named: the layers that somebody named.   wished: tiles that the network
    would take without `given_up`, the layers that have fewer devices for want of tiles, of `room` that there are.
    """

    by_layer: Mapping[str, int]
    coding: WeightCoding
    named: tuple[str, ...]
    given_up: tuple[str, ...]
    wished: int
    room: int

    def coding_of(self, layer: str) -> WeightCoding:
        """How the weights of a layer are in devices."""
        return replace(self.coding, devices=self.by_layer[layer])

    @property
    def notes(self) -> tuple[str, ...]:
        """Which layers have another number of devices than the file wishes, why, and what that does to their errors."""
        want = f"for want of tiles, {self.wished} needed and {self.room} there"
        asked = "as named in devices_of"
        named = {n: [layer for layer in self.named if self.by_layer[layer] == n] for n in self.by_layer.values()}
        found = [self._note(LEAST_DEVICES, self.given_up, want)]
        found += [self._note(n, layers, asked) for n, layers in sorted(named.items()) if n != self.coding.devices]
        return tuple(note for note in found if note)

    def _note(self, devices: int, layers: Sequence[str], why: str) -> str:
        """Errors of the pairs of a weight are independent: sigma ~ sqrt(sum of share^2). Empty for no layers."""
        if not layers:
            return ""
        own, wish = (np.linalg.norm(one.shares) for one in (replace(self.coding, devices=devices), self.coding))
        lost = f"errors of writing, drift and reading there about {own / wish:.3g} times as large"
        names = ", ".join(map(repr, layers))
        return f"{devices} devices a weight, not {self.coding.devices}, in {names}, {why}: {lost}"


def device_plan(
    layers: Sequence[LayerSpec], tile: TileShape, coding: WeightCoding, named: Mapping[str, int], room: int
) -> DevicePlan:
    """Devices by layer such that the tiles suffice, with the fewest layers given up; if they cannot, with all of them.

    Args:
      named: devices of those layers that have what they have, whatever it costs.
      room: tiles that there are.
    """
    devices = {layer.name: named.get(layer.name, coding.devices) for layer in layers}
    tiles = {one.name: tiles_of(one, tile, replace(coding, devices=devices[one.name])) for one in layers}
    least = replace(coding, devices=LEAST_DEVICES)
    saved = {one.name: tiles[one.name] - tiles_of(one, tile, least) for one in layers if one.name not in named}
    wished = sum(tiles.values())
    given_up = _given_up(saved, wished - room)
    by_layer = devices | dict.fromkeys(given_up, LEAST_DEVICES)
    return DevicePlan(by_layer, coding, tuple(n for n in devices if n in named), given_up, wished, room)


def _given_up(saved: Mapping[str, int], short: int) -> tuple[str, ...]:
    """Layers that save so many tiles together, the fewest; all that save any where all are not enough."""
    left, names = {name: saved[name] for name in reversed(saved) if saved[name]}, []
    while short > 0 and left:
        enough = {name: tiles for name, tiles in left.items() if tiles >= short}
        name = min(enough, key=enough.__getitem__) if enough else max(left, key=left.__getitem__)
        names.append(name)
        short -= left.pop(name)
    return tuple(names)


def tiles_of(layer: LayerSpec, tile: TileShape, coding: WeightCoding) -> int:
    """Tiles that the matrices of a layer take."""
    return sum(len(tile_grid(matrix.shape, tile, coding)) for matrix in matrices_of(layer))


def unknown_layers(layers: Sequence[LayerSpec], named: Mapping[str, int]) -> tuple[BrokenLimit, ...]:
    """Names of layers that the network has not, or that have no weights."""
    known = [layer.name for layer in layers]
    listed = ", ".join(known) or "none"
    return tuple(
        BrokenLimit("layer", "devices_of", shortened(name), listed, f"leave it out{did_you_mean(str(name), known)}")
        for name in named
        if name not in known
    )
