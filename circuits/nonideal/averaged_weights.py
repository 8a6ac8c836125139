"""The weights that arrays which average really have, with all that differs from cell to cell, as a network again.

W' = scale N c_i w_i / sum c_i (1 + gain)       the part of an array that is linear and needs no converter
"""

import math
from dataclasses import replace

import numpy as np

from circuits.network.spec import MEMBRANE_KINDS, LayerSpec, NetworkSpec
from circuits.nonideal.averaging_array import AveragingDesign, drawn_tiles
from circuits.nonideal.binary_weights import line_blocks, scales_of, signs_of
from circuits.nonideal.matrices import matrices_of, weighted_layers


def averaged_weights(net: NetworkSpec, design: AveragingDesign, rng: np.random.Generator) -> NetworkSpec:
    """The network with the weights of the same silicon that `averaging_arrays` draws from the same generator."""
    origin = {layer.name: layer for layer in weighted_layers(_numbered(net))}
    held = {layer.name: _held(layer, design, rng) for layer in weighted_layers(net)}
    layers = (_with(layer, held[layer.name], origin[layer.name]) if layer.name in held else layer
              for layer in net.layers)  # fmt: skip
    return replace(net, layers=tuple(layers))


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


def _numbered(net: NetworkSpec) -> NetworkSpec:
    """The network with each weight its place in the array, so that it can be found again with its channels last."""
    layers = (
        replace(layer, weights=np.arange(layer.weights.size, dtype=float).reshape(layer.weights.shape))
        for layer in net.layers
    )
    return replace(net, layers=tuple(layers))


def _with(layer: LayerSpec, held: list[np.ndarray], origin: LayerSpec) -> LayerSpec:
    """The layer, channels first again, with the weights that its matrices hold."""
    if layer.kind in MEMBRANE_KINDS:
        own = 0 if layer.kind == "encoder" else layer.fan_in
        weights = held[0][:own] if own else layer.weights
        return replace(layer, weights=weights, recurrent=None if layer.recurrent is None else held[0][own:])
    last = held[0] if layer.convolution is None else np.concatenate([matrix.T for matrix in held])
    weights = np.empty(math.prod(layer.weights.shape))
    weights[origin.weights.ravel().astype(int)] = last.ravel()
    return replace(layer, weights=weights.reshape(layer.weights.shape))
