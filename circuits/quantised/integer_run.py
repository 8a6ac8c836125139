"""A network in whole numbers, run on clips: every output of every layer."""

from collections.abc import Iterator

import numpy as np

from circuits.errors import InputError
from circuits.network.sliding import convolved, kernel_axes, windows
from circuits.quantised.integers import (
    IntegerNetwork,
    MembraneLayer,
    ValueLayer,
    at_rest,
    membrane_step,
    requantised,
)


def quantised_input(values: np.ndarray, network: IntegerNetwork) -> np.ndarray:
    """Real inputs `(clip, *shape_in)` in units of the network, half to even, clipped to 8 bits; spikes stay.

    Raises: InputError for values that are not finite.
    """
    if not np.isfinite(values).all():
        raise InputError(f"{network.name}: the input holds NaN or infinity; check the features")
    low, high = (-128, 127) if network.signed_input else (0, 255)
    return np.clip(np.rint(values / network.unit), low, high).astype(np.int64)


def run_integers(network: IntegerNetwork, x: np.ndarray) -> np.ndarray:
    """The output for whole inputs `(clip, *shape_in)`: `(clip, *grid, channel)`, or `(clip, step, neuron)`; int64."""
    for x in layer_outputs(network, x):  # noqa: B007, B020  the last is the answer
        pass
    return x


def potentials(network: IntegerNetwork, output: np.ndarray) -> np.ndarray:
    """What `run_integers` gave, as real numbers: a readout's in thresholds, otherwise the values of the last layer."""
    return output * network.layers[-1].unit


def layer_outputs(network: IntegerNetwork, x: np.ndarray) -> Iterator[np.ndarray]:
    """What each layer gives, in turn."""
    for layer in network.layers:
        x = _membranes(layer, x) if isinstance(layer, MembraneLayer) else _values(layer, x)
        yield x


def exact_product(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """x W of whole numbers by the library's fast floats: below 2^53 a sum of products is exact in any order."""
    return (x.astype(np.float64) @ weights.astype(np.float64)).astype(np.int64)


def _values(layer: ValueLayer, x: np.ndarray) -> np.ndarray:
    if layer.kind == "dense":
        return requantised(exact_product(x.reshape(len(x), -1), layer.weights) + layer.bias, layer)
    if layer.kind == "conv":
        return requantised(convolved(x, layer.weights, layer.convolution).astype(np.int64) + layer.bias, layer)
    every, axes = windows(x, layer.convolution), kernel_axes(layer.convolution)
    return every.max(axes) if layer.kind == "max_pool" else requantised(every.sum(axes) + layer.bias, layer)


def _membranes(layer: MembraneLayer, x: np.ndarray) -> np.ndarray:
    """`(clip, step, channel)` to `(clip, step, neuron)`."""
    drive, state, outputs = exact_product(x, layer.weights), at_rest(len(x), layer.n_out), []
    for t in range(x.shape[1]):
        own = 0 if layer.recurrent is None else exact_product(state.spikes, layer.recurrent)
        out, state = membrane_step(drive[:, t] + own, state, layer)
        outputs.append(out)
    return np.stack(outputs, axis=1)
