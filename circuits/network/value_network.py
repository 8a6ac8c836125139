"""What a conventional network computes, in NumPy with the channels last: the twin that whole numbers are measured by.

dense: y = x W + b;   conv: the same at every position of a window;   pools: mean or largest of it;   relu: max(y, 0)
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from circuits.errors import InputError
from circuits.network.sliding import convolved, kernel_axes, windows
from circuits.network.spec import VALUE_KINDS, LayerSpec, NetworkSpec


def require_values(net: NetworkSpec) -> None:
    """Raise InputError for a network that has no layers, or layers that are not of values."""
    if not net.layers:
        raise InputError(f"network {net.name!r} has no layers, at least 1 is needed; build or train it first")
    for layer in net.layers:
        if layer.kind not in VALUE_KINDS:
            raise InputError(
                f"layer {layer.name!r} is of kind {layer.kind!r}, which lives in time; of values are "
                f"{', '.join(VALUE_KINDS)}"
            )


def shape_of_input(net: NetworkSpec) -> tuple[int, ...]:
    """Of one clip: `(*grid, channel)`, or `(fan_in,)` where a dense layer comes first."""
    first = net.layers[0]
    return (first.fan_in,) if first.convolution is None else _last(first.convolution.shape_in)


def channels_last(net: NetworkSpec) -> tuple[LayerSpec, ...]:
    """The layers for values with their channels last: what dense ones take and give is put in that order.

    Raises: InputError where a grid is taken for one of other channels.
    """
    require_values(net)
    layers = list(net.layers)
    for index, (before, after) in enumerate(pairwise(net.layers)):
        grid = after.convolution
        if before.convolution is None and grid is not None:
            own, order = layers[index], _order(grid.shape_in)
            if grid.shape_in[0] > 1:  # of one channel the order is the same
                layers[index] = replace(own, weights=own.weights[:, order], bias=own.bias[order])
        elif before.convolution is not None:
            shape = (len(before.weights), *before.convolution.grid_out)
            if grid is None:
                if shape[0] > 1:
                    layers[index + 1] = replace(after, weights=after.weights[_order(shape)])
            elif grid.shape_in[0] != shape[0]:
                raise InputError(
                    f"layer {after.name!r} takes {grid.shape_in[0]} channels, {before.name!r} gives {shape[0]}; no "
                    "layer carries values from one channel to another without weights: make them the same"
                )
    return tuple(layers)


def value_outputs(net: NetworkSpec, x: np.ndarray) -> Iterator[np.ndarray]:
    """What each layer gives in turn, `(clip, *grid, channel)` or `(clip, neuron)`, for inputs with channels last."""
    for layer in channels_last(net):
        x = layer_values(layer, x)
        yield x


def layer_values(layer: LayerSpec, x: np.ndarray) -> np.ndarray:
    """The output of one layer of `channels_last`."""
    if layer.kind == "dense":
        y = x.reshape(len(x), -1) @ layer.weights + layer.bias
    elif layer.kind == "conv":
        y = convolved(x, layer.weights, layer.convolution) + layer.bias
    else:
        every, axes = windows(x, layer.convolution), kernel_axes(layer.convolution)
        return every.mean(axes) if layer.kind == "mean_pool" else every.max(axes)
    return np.maximum(y, 0) if layer.relu else y


def run_values(net: NetworkSpec, x: np.ndarray) -> np.ndarray:
    """The output of the last layer."""
    for x in value_outputs(net, x):  # noqa: B007, B020  the last is the answer
        pass
    return x


def _last(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[1:], shape[0])


def _order(shape: tuple[int, ...]) -> np.ndarray:
    """Where each element with its channels last, in turn, lies with its channels first."""
    return np.moveaxis(np.arange(math.prod(shape)).reshape(shape), 0, -1).ravel()
