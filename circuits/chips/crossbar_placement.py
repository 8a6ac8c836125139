"""Where the weights of a network lie on crossbar tiles, and how many tiles and chips they take."""

import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from circuits.chips.crossbar_devices import DevicePlan
from circuits.network.spec import NetworkSpec
from circuits.nonideal.crossbar_array import tile_grid
from circuits.nonideal.crossbar_settings import TileShape
from circuits.nonideal.matrices import matrices_of, uses, weighted_layers


def chips_for(tiles: int, per_chip: int) -> int:
    """Chips that have so many tiles."""
    return math.ceil(tiles / per_chip)


@dataclass(frozen=True)
class TilePlace:
    """One tile of one chip: which lines and columns of which matrix it holds. Ends are exclusive."""

    chip: int
    tile: int
    layer: str
    group: int  # of a convolution
    lines: tuple[int, int]
    columns: tuple[int, int]
    capacity: int  # weights of as many devices as its layer has

    @property
    def weights(self) -> int:
        """Those that are used."""
        return (self.lines[1] - self.lines[0]) * (self.columns[1] - self.columns[0])


@dataclass(frozen=True)
class LayerTiles:
    """What one layer does in one evaluation (of membranes: one time step). uses: how often each tile is read."""

    layer: str
    devices: int  # of a weight
    tiles: int
    capacity: int  # weights of each tile
    weights: int
    uses: int
    additions: int  # of codes, digital: 2 r - 1 a column of r rows of tiles read twice

    @property
    def macs(self) -> int:
        return self.uses * self.weights


@dataclass(frozen=True)
class CrossbarPlacement:
    """Every tile that a network takes; a tile holds weights of one matrix, ASSUMED. Biases are digital."""

    tiles: tuple[TilePlace, ...]
    layers: tuple[LayerTiles, ...]
    per_chip: int
    capacity: int  # weights of a tile, of as many devices as the chip's file wishes
    biases: int
    devices: DevicePlan

    @property
    def chips(self) -> int:
        return chips_for(len(self.tiles), self.per_chip)

    @property
    def utilisation(self) -> float:
        """Share of the weights of its tiles that the network uses."""
        return sum(tile.weights for tile in self.tiles) / max(sum(tile.capacity for tile in self.tiles), 1)

    @property
    def full_tiles(self) -> int:
        """Tiles that would hold its weights if every one were full; layers that fill none take more."""
        return math.ceil(sum(Fraction(one.weights, one.capacity) for one in self.layers))

    def as_dict(self) -> dict[str, Any]:
        """What reports print."""
        return {
            "n_tiles": len(self.tiles),
            "n_chips": self.chips,
            "tiles_per_chip": self.per_chip,
            "weights_per_tile": self.capacity,
            "utilisation": self.utilisation,
            "digital_biases": self.biases,
            "devices": dict(self.devices.by_layer),
            "tiles": [asdict(tile) | {"weights": tile.weights} for tile in self.tiles],
        }


def crossbar_placement(
    net: NetworkSpec, tile: TileShape, devices: DevicePlan, per_chip: int, readings: int
) -> CrossbarPlacement:
    """Layer by layer, row of tiles by row, chip after chip; each column gives `readings` codes of each row of tiles."""
    tiles: list[TilePlace] = []
    layers = []
    for layer in weighted_layers(net):
        before, additions, coding = len(tiles), 0, devices.coding_of(layer.name)
        capacity = tile.lines * tile.columns(coding)
        for group, matrix in enumerate(matrices_of(layer)):
            grid = tile_grid(matrix.shape, tile, coding)
            additions += (readings * math.ceil(len(matrix) / tile.lines) - 1) * matrix.shape[1]
            for lines, columns in grid:
                chip, index = divmod(len(tiles), per_chip)
                spans = ((part.start, part.stop) for part in (lines, columns))
                tiles.append(TilePlace(chip, index, layer.name, group, *spans, capacity))
        own, times = tiles[before:], uses(layer)
        weights = sum(one.weights for one in own)
        layers.append(LayerTiles(layer.name, coding.devices, len(own), capacity, weights, times, times * additions))
    biases = sum(layer.bias.size for layer in net.layers)
    wished = tile.lines * tile.columns(devices.coding)
    return CrossbarPlacement(tuple(tiles), tuple(layers), per_chip, wished, biases, devices)
