"""The weights that arrays which average really have, with all that differs from cell to cell, as a network again.

W' = scale N c_i w_i / sum c_i (1 + gain)       the part of an array that is linear and needs no converter
"""

import numpy as np

from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.nonideal.averaging_array import AveragingDesign, drawn_tiles
from circuits.nonideal.binary_weights import line_blocks, scales_of, signs_of
from circuits.nonideal.matrices import matrices_of, weighted_layers
from circuits.nonideal.restored_layers import with_matrices


def averaged_weights(net: NetworkSpec, design: AveragingDesign, rng: np.random.Generator) -> NetworkSpec:
    """The network with the weights of the same silicon that `averaging_arrays` draws from the same generator."""
    return with_matrices(net, {layer.name: _held(layer, design, rng) for layer in weighted_layers(net)})


def _held(layer: LayerSpec, design: AveragingDesign, rng: np.random.Generator) -> list[np.ndarray]:
    """The matrices of a layer, with their channels last."""
    found = []
    for matrix, drawn in zip(matrices_of(layer), drawn_tiles(layer, design, rng), strict=True):
        own, signs = np.zeros_like(matrix, dtype=float), signs_of(matrix)
        for one in drawn:
            tile = one.tile
            own[tile.lines, tile.columns] = one.weights(signs) * tile.n * (1 + one.gains)
        for lines in line_blocks(layer):
            own[lines] *= scales_of(matrix[lines])
        found.append(own)
    return found
