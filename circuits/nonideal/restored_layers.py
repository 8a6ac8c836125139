"""A network with other weights in its matrices: the way back from `circuits.nonideal.matrices`, layer by layer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from circuits.network.spec import MEMBRANE_KINDS, LayerSpec, NetworkSpec
from circuits.nonideal.matrices import weighted_layers


def with_matrices(net: NetworkSpec, matrices: Mapping[str, Sequence[np.ndarray]]) -> NetworkSpec:
    """The network in which layers, by name, have these matrices `(line, column)`, as those of `weighted_layers` are."""
    places = {layer.name: layer.weights.ravel().astype(int) for layer in weighted_layers(_numbered(net))}
    layers = (
        _restored(layer, matrices[layer.name], places[layer.name]) if layer.name in matrices else layer
        for layer in net.layers
    )
    return replace(net, layers=tuple(layers))


def _numbered(net: NetworkSpec) -> NetworkSpec:
    """The network with each weight its place in the array, so that it can be found again with its channels last."""
    layers = (
        replace(layer, weights=np.arange(layer.weights.size, dtype=float).reshape(layer.weights.shape))
        for layer in net.layers
    )
    return replace(net, layers=tuple(layers))


def _restored(layer: LayerSpec, matrices: Sequence[np.ndarray], places: np.ndarray) -> LayerSpec:
    """The layer, channels first again; places: where each weight of its matrices stands in its own array."""
    if layer.kind in MEMBRANE_KINDS:
        own = 0 if layer.kind == "encoder" else layer.fan_in
        weights = matrices[0][:own] if own else layer.weights
        return replace(layer, weights=weights, recurrent=None if layer.recurrent is None else matrices[0][own:])
    last = matrices[0] if layer.convolution is None else np.concatenate([matrix.T for matrix in matrices])
    weights = np.empty(layer.weights.size)
    weights[places] = last.ravel()
    return replace(layer, weights=weights.reshape(layer.weights.shape))
