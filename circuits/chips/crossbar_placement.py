"""Where the weights of a network lie on crossbar tiles, and how many tiles and chips they take."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from circuits.network.spec import NetworkSpec
from circuits.nonideal.crossbar_array import tile_grid
from circuits.nonideal.crossbar_settings import TileShape
from circuits.nonideal.matrices import matrices_of, uses, weighted_layers
from circuits.nonideal.weight_devices import WeightCoding


def tiles_for(weights: int, tile: TileShape, coding: WeightCoding) -> int:
    """Tiles that hold so many weights where every one is full; layers that fill none take more."""
    return math.ceil(weights / (tile.lines * tile.columns(coding)))


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

    @property
    def weights(self) -> int:
        """Those that are used."""
        return (self.lines[1] - self.lines[0]) * (self.columns[1] - self.columns[0])


@dataclass(frozen=True)
class LayerTiles:
    """What one layer does in one evaluation (of membranes: one time step). uses: how often each tile is read."""

    layer: str
    tiles: int
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
    capacity: int  # weights of a tile
    biases: int

    @property
    def chips(self) -> int:
        return chips_for(len(self.tiles), self.per_chip)

    @property
    def utilisation(self) -> float:
        """Share of the weights of its tiles that the network uses."""
        return sum(tile.weights for tile in self.tiles) / (self.capacity * max(len(self.tiles), 1))

    def as_dict(self) -> dict[str, Any]:
        """What reports print."""
        return {
            "n_tiles": len(self.tiles),
            "n_chips": self.chips,
            "tiles_per_chip": self.per_chip,
            "weights_per_tile": self.capacity,
            "utilisation": self.utilisation,
            "digital_biases": self.biases,
            "tiles": [asdict(tile) | {"weights": tile.weights} for tile in self.tiles],
        }


def crossbar_placement(
    net: NetworkSpec, tile: TileShape, coding: WeightCoding, per_chip: int, readings: int
) -> CrossbarPlacement:
    """Layer by layer, row of tiles by row, chip after chip; each column gives `readings` codes of each row of tiles."""
    tiles: list[TilePlace] = []
    layers = []
    for layer in weighted_layers(net):
        before, additions = len(tiles), 0
        for group, matrix in enumerate(matrices_of(layer)):
            grid = tile_grid(matrix.shape, tile, coding)
            additions += (readings * math.ceil(len(matrix) / tile.lines) - 1) * matrix.shape[1]
            for lines, columns in grid:
                chip, index = divmod(len(tiles), per_chip)
                spans = ((part.start, part.stop) for part in (lines, columns))
                tiles.append(TilePlace(chip, index, layer.name, group, *spans))
        own, times = tiles[before:], uses(layer)
        layers.append(LayerTiles(layer.name, len(own), sum(one.weights for one in own), times, times * additions))
    biases = sum(layer.bias.size for layer in net.layers)
    return CrossbarPlacement(tuple(tiles), tuple(layers), per_chip, tile.lines * tile.columns(coding), biases)
