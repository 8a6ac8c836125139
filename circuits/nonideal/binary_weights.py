"""Weights of one bit: a sign each, and one scale for every output, as an array that adds or subtracts holds them.

    W ~ scale sign(W),   scale = mean|W| of an output       the least squared error of all signs and scales,
    error = sum W^2 - n scale^2                             of the n weights of that output

Source: Rastegari et al. 2016, XNOR-Net (arXiv 1603.05279), section 3.1. The weights of an output are those of a filter,
of a column of a matrix, and of recurrent synapses by themselves: they lie in arrays of their own. A zero counts as +1.
"""

from dataclasses import replace

import numpy as np

from circuits.network.spec import MEMBRANE_KINDS, POOL_KINDS, LayerSpec, NetworkSpec
from circuits.nonideal.matrices import matrices_of

TOLERANCE = 1e-5  # of the scale; ASSUMED: above the rounding of float32, below what one bit could mean otherwise


def scales_of(weights: np.ndarray) -> np.ndarray:
    """mean|W| of each column, `(column,)`, of weights `(line, column)`."""
    return np.abs(weights).mean(axis=0)


def signs_of(weights: np.ndarray) -> np.ndarray:
    """+1 or -1, in the shape of the weights."""
    return np.where(weights < 0, -1.0, 1.0)


def deviation(weights: np.ndarray) -> float:
    """How far the magnitudes of a column are from their mean, over it, at the worst; 0 of weights of one bit.

    weights: `(line, column)`. A column of zeros deviates nowhere.
    """
    scales = scales_of(weights)
    apart = np.abs(np.abs(weights) - scales).max(axis=0, initial=0.0)
    return float(np.max(apart / np.where(scales > 0, scales, 1.0), initial=0.0))


def line_blocks(layer: LayerSpec) -> tuple[slice, ...]:
    """The lines of each matrix of a layer that share a scale: synapses from before, and recurrent ones."""
    n = matrices_of(layer)[0].shape[0]
    if layer.kind not in MEMBRANE_KINDS or layer.recurrent is None or layer.kind == "encoder":
        return (slice(0, n),)
    return slice(0, layer.fan_in), slice(layer.fan_in, n)


def layer_deviation(layer: LayerSpec) -> float:
    """The worst `deviation` of all matrices of a layer."""
    return max(deviation(matrix[lines]) for matrix in matrices_of(layer) for lines in line_blocks(layer))


def layer_zeros(layer: LayerSpec) -> int:
    """Weights of a layer that are 0, which no sign can stand for."""
    return sum(int(matrix.size - np.count_nonzero(matrix)) for matrix in matrices_of(layer))


def binarised(net: NetworkSpec) -> NetworkSpec:
    """The network with every synapse as a sign times the scale of its output; what an encoder hears is no synapse."""
    return replace(net, layers=tuple(map(_binarised, net.layers)))


def _binarised(layer: LayerSpec) -> LayerSpec:
    if layer.kind in POOL_KINDS:
        return layer
    loops = None if layer.recurrent is None else _one_bit(layer.recurrent)
    if layer.kind == "encoder":
        return replace(layer, recurrent=loops)
    if layer.convolution is not None:
        flat = layer.weights.reshape(len(layer.weights), -1)
        return replace(layer, weights=_one_bit(flat.T).T.reshape(layer.weights.shape))
    return replace(layer, weights=_one_bit(layer.weights), recurrent=loops)


def _one_bit(weights: np.ndarray) -> np.ndarray:
    return signs_of(weights) * scales_of(weights)
