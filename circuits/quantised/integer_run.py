"""A network in whole numbers, run on clips: every output of every layer."""

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from circuits.errors import InputError
from circuits.network.convolution import Convolution
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
    windows = _windows(layer.convolution, x)  # (clip, *grid, channel, element)
    if layer.kind == "max_pool":
        return windows.max(axis=-1)
    if layer.kind == "mean_pool":
        return requantised(windows.sum(axis=-1) + layer.bias, layer)
    return requantised(_convolved(layer, windows) + layer.bias, layer)


def _windows(grid: Convolution, x: np.ndarray) -> np.ndarray:
    """Every element of the kernel at every position, `(clip, *grid, channel, element)`; zeros beyond the edges."""
    x = x.reshape(len(x), *grid.shape_in[1:], grid.shape_in[0])
    padded = np.pad(x, [(0, 0), *((pad, pad) for pad in grid.padding), (0, 0)])
    found = []
    for offset in product(*map(range, grid.kernel)):
        spans = zip(offset, grid.grid_out, grid.stride, strict=True)
        cut = tuple(slice(first, first + (n - 1) * step + 1, step) for first, n, step in spans)
        found.append(padded[(slice(None), *cut)])
    return np.stack(found, axis=-1)


def _convolved(layer: ValueLayer, windows: np.ndarray) -> np.ndarray:
    groups = layer.convolution.groups
    n_in, n_out = layer.convolution.shape_in[0] // groups, layer.n_out // groups
    sums = []
    for g in range(groups):
        part = windows[..., g * n_in : (g + 1) * n_in, :]
        weights = layer.weights[g * n_out : (g + 1) * n_out].reshape(n_out, -1)
        sums.append(exact_product(part.reshape(*part.shape[:-2], math.prod(part.shape[-2:])), weights.T))
    return np.concatenate(sums, axis=-1)


def _membranes(layer: MembraneLayer, x: np.ndarray) -> np.ndarray:
    """`(clip, step, channel)` to `(clip, step, neuron)`."""
    drive, state, outputs = exact_product(x, layer.weights), at_rest(len(x), layer.n_out), []
    for t in range(x.shape[1]):
        own = 0 if layer.recurrent is None else exact_product(state.spikes, layer.recurrent)
        out, state = membrane_step(drive[:, t] + own, state, layer)
        outputs.append(out)
    return np.stack(outputs, axis=1)
