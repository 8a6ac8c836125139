"""A network with other weights in its matrices: the way back from `circuits.nonideal.matrices`, layer by layer."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from circuits.network.spec import MEMBRANE_KINDS, POOL_KINDS, LayerSpec, NetworkSpec
from circuits.nonideal.matrices import matrices_of


def own_order(net: NetworkSpec) -> tuple[LayerSpec, ...]:
    """The layers that have matrices, as the network has them: a grid before a dense layer with its channels first."""
    return tuple(layer for layer in net.layers if layer.kind not in POOL_KINDS and len(matrices_of(layer)[0]))


def with_matrices(net: NetworkSpec, matrices: Mapping[str, tuple[np.ndarray, ...]]) -> NetworkSpec:
    """The network in which layers, by name, have these matrices `(line, column)`, as those of `own_order` are."""
    layers = (_restored(layer, matrices[layer.name]) if layer.name in matrices else layer for layer in net.layers)
    return replace(net, layers=tuple(layers))


def _restored(layer: LayerSpec, matrices: tuple[np.ndarray, ...]) -> LayerSpec:
    if layer.convolution is not None:
        shape = (-1, *layer.weights.shape[1:])
        return replace(layer, weights=np.concatenate([matrix.T.reshape(shape) for matrix in matrices]))
    (matrix,) = matrices
    if layer.kind not in MEMBRANE_KINDS:
        return replace(layer, weights=matrix)
    own = len(matrices_of(layer)[0]) - (0 if layer.recurrent is None else len(layer.recurrent))
    weights = layer.weights if layer.kind == "encoder" else matrix[:own]
    return replace(layer, weights=weights, recurrent=None if layer.recurrent is None else matrix[own:])
