"""Where a network lies in arrays of an SRAM that averages, how often each is evaluated, and how often it is written.

Weights stay where all of the network fits at once. Otherwise a layer is written when its turn comes, once an inference:
membranes run through all their steps before the next layer is written. A layer of membranes that by itself is too large
is written anew in every step; one of values, part by part, once.
"""

import math
from dataclasses import dataclass

from circuits.network.spec import VALUE_KINDS, LayerSpec, NetworkSpec
from circuits.nonideal.averaging_array import AveragingDesign, Tile, layer_tiles, signed_inputs
from circuits.nonideal.matrices import matrices_of, uses, weighted_layers


@dataclass(frozen=True)
class LayerOnArrays:
    """One layer. Counts are of one evaluation of its matrices, unless of an inference."""

    name: str
    kind: str
    outputs: int  # sums of one evaluation
    arrays: int
    weights: int  # bits that it takes
    macs: int  # of an inference: products of a weight and an input
    driven: int  # lines, each counted in every array that it goes to
    fan_out: int  # arrays that one line goes to
    conversions: int
    terms: int  # codes that make one sum: of the parts of its lines, and of both signs
    additions: int  # of an inference, of codes
    rows_written: int
    evaluations: int  # of an inference; inputs with a sign take two
    rounds: int  # so often are the arrays of the chip filled, one after another
    loads: int  # of an inference

    @property
    def bits_written(self) -> int:
        return self.loads * self.weights


@dataclass(frozen=True)
class SramPlacement:
    """All layers with weights, in turn, on a chip of so many arrays."""

    network: str
    layers: tuple[LayerOnArrays, ...]
    count: int
    cells: int  # of an array
    steps: int  # of the inference

    @property
    def arrays(self) -> int:
        """That the network would take at once."""
        return sum(layer.arrays for layer in self.layers)

    @property
    def fits(self) -> bool:
        """Whether weights are written once and stay."""
        return self.arrays <= self.count

    @property
    def utilisation(self) -> float:
        """Share of the cells of its arrays that hold a weight."""
        cells = self.arrays * self.cells
        return sum(layer.weights for layer in self.layers) / cells if cells else 0.0


def placed(net: NetworkSpec, design: AveragingDesign, count: int, steps: int) -> SramPlacement:
    """Every layer on arrays; `steps` of an inference, 1 of values."""
    signed = signed_inputs(net)
    found = [(layer, layer_tiles(layer, design)) for layer in weighted_layers(net)]
    stays = sum(len(tiles) for _, tiles in found) <= count
    return SramPlacement(
        net.name,
        tuple(_layer(layer, tiles, signed[layer.name], stays, count, steps) for layer, tiles in found),
        count,
        design.rows * design.columns,
        steps,
    )


def _layer(
    layer: LayerSpec, tiles: tuple[Tile, ...], signed: bool, stays: bool, count: int, steps: int
) -> LayerOnArrays:
    matrices, passes = matrices_of(layer), 2 if signed else 1
    outputs = sum(matrix.shape[1] for matrix in matrices)
    conversions = sum(tile.columns.stop - tile.columns.start for tile in tiles)
    values, each_step = layer.kind in VALUE_KINDS, len(tiles) > count
    weights = sum(matrix.size for matrix in matrices)
    terms = conversions // outputs * passes
    return LayerOnArrays(
        name=layer.name,
        kind=layer.kind,
        outputs=outputs,
        arrays=len(tiles),
        weights=weights,
        macs=weights * uses(layer) * steps,
        driven=sum(tile.lines.stop - tile.lines.start for tile in tiles),
        fan_out=len({tile.columns.start for tile in tiles}),
        conversions=conversions,
        terms=terms,
        additions=(terms - 1) * outputs * uses(layer) * steps,
        rows_written=sum(tile.n for tile in tiles),
        evaluations=uses(layer) * passes * steps,
        rounds=math.ceil(len(tiles) / count),
        loads=0 if stays else steps if each_step and not values else 1,
    )
