"""A network with the weights that a digital chip of so many bits holds, in thresholds as before."""

from dataclasses import replace

import numpy as np

from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.quantised.even_levels import to_levels


def rounded_network(net: NetworkSpec, bits: int, by_channel: bool = False) -> NetworkSpec:
    """Every weight at 2^bits - 1 evenly spaced values, activations as they were.

    Up to the largest of each array; with `by_channel` up to the largest weight of each output channel, where a neuron's
    synapses from its own layer share the steps of the others, as `circuits.quantised.quantise` has them.
    """
    rounded = _by_channel if by_channel else _by_array
    return replace(net, layers=tuple(rounded(layer, bits) for layer in net.layers))


def _by_array(layer: LayerSpec, bits: int) -> LayerSpec:
    own = None if layer.recurrent is None else to_levels(layer.recurrent, bits)
    return replace(layer, weights=to_levels(layer.weights, bits), recurrent=own)


def _by_channel(layer: LayerSpec, bits: int) -> LayerSpec:
    if layer.convolution is not None:
        others = tuple(range(1, layer.weights.ndim))
        largest = np.abs(layer.weights).max(axis=others, keepdims=True, initial=0.0)
        return replace(layer, weights=to_levels(layer.weights, bits, largest))
    every = layer.weights if layer.recurrent is None else np.vstack((layer.weights, layer.recurrent))
    largest = np.abs(every).max(axis=0, initial=0.0)
    own = None if layer.recurrent is None else to_levels(layer.recurrent, bits, largest)
    return replace(layer, weights=to_levels(layer.weights, bits, largest), recurrent=own)
