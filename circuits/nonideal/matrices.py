"""The matrices that an analog memory holds of a network: inputs are its lines, outputs its columns.

dense: `(fan_in, neuron)`;   conv: of each group `(kernel element and channel in, channel out)`, used at every position;
membranes: the crossbar, `(line, neuron)`. What has no weights, a pool or the signals of an encoder, is no matrix.
"""

import numpy as np

from circuits.network.spec import MEMBRANE_KINDS, POOL_KINDS, VALUE_KINDS, LayerSpec, NetworkSpec
from circuits.network.value_network import channels_last


def weighted_layers(net: NetworkSpec) -> tuple[LayerSpec, ...]:
    """The layers that an analog memory multiplies for; of values with their channels last."""
    layers = channels_last(net) if net.layers and net.layers[0].kind in VALUE_KINDS else net.layers
    return tuple(layer for layer in layers if layer.kind not in POOL_KINDS and len(matrices_of(layer)[0]))


def matrices_of(layer: LayerSpec) -> tuple[np.ndarray, ...]:
    """One matrix `(line, column)`; of a convolution one for each group, lines by channel in, then kernel element."""
    if layer.kind in MEMBRANE_KINDS:
        return (layer.crossbar,)
    if layer.convolution is None:
        return (layer.weights,)
    return tuple(own.reshape(len(own), -1).T for own in np.split(layer.weights, layer.convolution.groups))


def uses(layer: LayerSpec) -> int:
    """How often each matrix of a layer is driven in one evaluation: the positions of a kernel, else once."""
    return 1 if layer.convolution is None else int(np.prod(layer.convolution.grid_out))
