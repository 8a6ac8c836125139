"""A network whose products are made by arrays of an analog memory; all else of it is digital and exact.

    values:  y = relu(A(x) + b)          membranes:  drive = A(x, recurrent spikes) + b, then the step of the neuron

A is what the arrays of a layer give: rounded, noisy, saturated, aged. Biases, pools, neurons and what the neurons of an
encoder hear are digital, as on the chips that this is made for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from circuits.network.membranes import at_rest, membrane_step
from circuits.network.sliding import windows
from circuits.network.spec import POOL_KINDS, VALUE_KINDS, LayerSpec, NetworkSpec
from circuits.network.value_network import channels_last, layer_values
from circuits.nonideal.matrices import matrices_of, weighted_layers

Seen = Callable[[str, np.ndarray], None]  # name of a layer, inputs of its lines `(row, line)`


@runtime_checkable
class Array(Protocol):
    """One matrix in an analog memory, however many tiles it takes."""

    def products(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Sums of products `(row, column)` of inputs `(row, line)`, as x W; `rng` draws the noise of reading."""


Arrays = Mapping[str, tuple[Array, ...]]  # by name of the layer; of a convolution one for each group


@dataclass(frozen=True, eq=False)
class Exact:
    """An ideal array: x W."""

    weights: np.ndarray  # (line, column)

    def products(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        del rng
        return x @ self.weights


def exact_arrays(net: NetworkSpec) -> Arrays:
    """The network as it is."""
    return {layer.name: tuple(map(Exact, matrices_of(layer))) for layer in weighted_layers(net)}


def run_arrays(
    net: NetworkSpec, arrays: Arrays, x: np.ndarray, rng: np.random.Generator, seen: Seen | None = None
) -> np.ndarray:
    """The output of the last layer: `(clip, *grid, channel)` or `(clip, neuron)`; `(clip, step, neuron)` of membranes.

    Args:
      x: inputs with the channels last, as `run_values` takes them, or `(clip, step, channel)` of membranes.
      rng: draws what differs from one reading to the next.
      seen: is told what drives each layer's lines, for calibration.
    """
    for x in array_outputs(net, arrays, x, rng, seen):  # noqa: B007, B020  the last is the answer
        pass
    return x


def array_outputs(
    net: NetworkSpec, arrays: Arrays, x: np.ndarray, rng: np.random.Generator, seen: Seen | None = None
) -> Iterator[np.ndarray]:
    """What each layer gives, in turn. Args: as `run_arrays`."""
    values = bool(net.layers) and net.layers[0].kind in VALUE_KINDS
    for layer in channels_last(net) if values else net.layers:
        own = _Driven(layer, arrays.get(layer.name, ()), rng, seen)
        x = own.values(x) if values else own.membranes(x, net)
        yield x


def inputs_of_layers(net: NetworkSpec, x: np.ndarray, most_rows: int = 4096) -> dict[str, np.ndarray]:
    """What drives the lines of each layer where nothing is lost, `(row, line)`: at most so many rows, evenly spaced.

    The groups of a convolution are rows of their own.
    """
    found: dict[str, list[np.ndarray]] = {}

    def seen(name: str, rows: np.ndarray) -> None:
        found.setdefault(name, []).append(rows)

    run_arrays(net, exact_arrays(net), x, np.random.default_rng(0), seen)
    every = {name: np.concatenate(rows) for name, rows in found.items()}
    return {name: rows[:: max(1, -(-len(rows) // most_rows))] for name, rows in every.items()}


@dataclass(frozen=True, eq=False)
class _Driven:
    """One layer and the arrays that it is in."""

    layer: LayerSpec
    arrays: tuple[Array, ...]
    rng: np.random.Generator
    seen: Seen | None

    def products(self, rows: np.ndarray, array: Array) -> np.ndarray:
        if self.seen:
            self.seen(self.layer.name, rows)
        return array.products(rows, self.rng)

    def values(self, x: np.ndarray) -> np.ndarray:
        layer = self.layer
        if layer.kind in POOL_KINDS:
            return layer_values(layer, x)
        y = self._dense(x) if layer.convolution is None else self._convolved(x)
        return np.maximum(y + layer.bias, 0) if layer.relu else y + layer.bias

    def _dense(self, x: np.ndarray) -> np.ndarray:
        return self.products(x.reshape(len(x), -1), self.arrays[0])

    def _convolved(self, x: np.ndarray) -> np.ndarray:
        grid = self.layer.convolution
        shape = (len(x), *grid.grid_out)
        parts = np.split(windows(x, grid), grid.groups, axis=1 + len(grid.grid_out))
        sums = [
            self.products(part.reshape(np.prod(shape), -1), array)
            for part, array in zip(parts, self.arrays, strict=True)
        ]
        return np.concatenate(sums, axis=-1).reshape(*shape, -1)

    def membranes(self, x: np.ndarray, net: NetworkSpec) -> np.ndarray:
        layer, state, outputs = self.layer, at_rest(len(x), self.layer), []
        ahead = None if layer.recurrent is not None else self._ahead(x)
        for t in range(x.shape[1]):
            drive = self._looped(x[:, t], state.spikes) if ahead is None else ahead[:, t]
            out, state = membrane_step(drive + layer.bias, state, layer, net.dt, net.v_floor)
            outputs.append(out)
        return np.stack(outputs, axis=1)

    def _ahead(self, x: np.ndarray) -> np.ndarray:
        """The products of all steps at once, where nothing returns."""
        rows = x.reshape(-1, x.shape[-1])
        sums = rows @ self.layer.weights if self.layer.kind == "encoder" else self.products(rows, self.arrays[0])
        return sums.reshape(*x.shape[:2], -1)

    def _looped(self, x: np.ndarray, spikes: np.ndarray) -> np.ndarray:
        if self.layer.kind == "encoder":
            return x @ self.layer.weights + self.products(spikes, self.arrays[0])
        return self.products(np.concatenate([x, spikes], axis=-1), self.arrays[0])
