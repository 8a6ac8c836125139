"""A layer as the machine sees it: a window that slides over a plane of bytes, and tiles of weights under it.

Every kind of layer is a convolution with channels last: a dense layer has one position whose window is all of its
input, a layer of membranes has a position for each time step, a convolution over time is a plane of height 1.
A tap is what one tile of weights multiplies: so many bytes side by side, at an offset from the corner of the window.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from circuits.network.convolution import Convolution
from circuits.network.layer_shape import LayerShape
from circuits.network.spec import MEMBRANE_KINDS, POOL_KINDS, VALUE_KINDS, NetworkSpec
from circuits.quantised.integers import IntegerLayer, IntegerNetwork, MembraneLayer

Finish = Literal["act", "spikes", "potential"]


class Tap(NamedTuple):
    """`rows` bytes from input channel `first` on of the kernel's element `(row, column)`; a run over elements too.

    `first` counts from the element on: a window's row of bytes is contiguous where channels are not in groups.
    """

    row: int
    column: int
    first: int
    rows: int


@dataclass(frozen=True)
class LayerWork:
    """Shapes of one layer; sizes are `(height, width)`.

    finish: what becomes of the sums: outputs of 8 bits, spikes, or potentials of 32 bits.
    """

    name: str
    kind: str
    size: tuple[int, int]
    channels: int
    n_out: int
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    signed_input: bool = False
    signed_output: bool = False
    finish: Finish = "act"
    recurrent: bool = False

    @property
    def size_out(self) -> tuple[int, int]:
        axes = zip(self.size, self.kernel, self.stride, self.padding, strict=True)
        height, width = ((n + 2 * pad - k) // step + 1 for n, k, step, pad in axes)
        return height, width

    @property
    def n_positions(self) -> int:
        return self.size_out[0] * self.size_out[1]

    @property
    def weightless(self) -> bool:
        """The largest and the mean of a window need no products."""
        return self.kind in POOL_KINDS

    @property
    def n_macs(self) -> int:
        """Products of the layer itself, those with padding too."""
        if self.weightless:
            return 0
        window = self.kernel[0] * self.kernel[1] * self.channels // self.groups + self.n_out * self.recurrent
        return self.n_positions * self.n_out * window

    @property
    def n_weights(self) -> int:
        """Bytes of its weights, zeros that fill up tiles left out."""
        return 0 if self.weightless else self.n_macs // self.n_positions

    @property
    def output_bytes(self) -> int:
        """Of one element of the output."""
        return 4 if self.finish == "potential" else 1

    @property
    def parameter_bytes(self) -> int:
        """Of a column: bias and multiplier, or what a membrane needs."""
        return 8 if self.finish == "act" else 32

    def blocks(self, columns: int) -> Iterator[tuple[int, int]]:
        """Output channels in blocks of the array's columns."""
        return ((start, min(start + columns, self.n_out)) for start in range(0, self.n_out, columns))

    def taps(self, block: tuple[int, int], rows: int) -> Iterator[Tap]:
        """The tiles of weights of a block, at most `rows` high; a pool takes channels in place of rows."""
        if self.groups == 1 and not self.weightless:
            run = self.kernel[1] * self.channels
            for row, first in product(range(self.kernel[0]), range(0, run, rows)):
                yield Tap(row, 0, first, min(rows, run - first))
            return
        start, stop = self.channels_of(block)
        for row, column in product(range(self.kernel[0]), range(self.kernel[1])):
            if self.weightless:
                yield Tap(row, column, start, stop - start)
                continue
            for first in range(start, stop, rows):
                yield Tap(row, column, first, min(rows, stop - first))

    @property
    def by_channel(self) -> bool:
        """Whether a block of outputs takes but some of the channels."""
        return self.groups > 1

    def channels_of(self, block: tuple[int, int]) -> tuple[int, int]:
        """Input channels that the groups of a block take."""
        own, inside = self.n_out // self.groups, self.channels // self.groups
        return block[0] // own * inside, ((block[1] - 1) // own + 1) * inside


def works(network: IntegerNetwork, n_steps: int = 1) -> tuple[LayerWork, ...]:
    """The layers of a network in whole numbers; one of membranes runs `n_steps` time steps."""
    return tuple(_of_integers(layer, n_steps) for layer in network.layers)


def works_of_spec(net: NetworkSpec, n_steps: int = 1) -> tuple[LayerWork, ...]:
    """The layers of a trained network, as they will be once it is in whole numbers: the input signed, if no spikes."""
    found, signed = [], net.n_external == 0
    for layer in net.layers:
        relu = layer.relu if layer.kind not in POOL_KINDS else not signed
        n_out = layer.n_neurons if layer.convolution is None else len(layer.weights)
        shape = _Shape(layer.name, layer.kind, layer.fan_in, n_out, layer.convolution, layer.recurrent is not None)
        found.append(_work(shape, signed, not relu, n_steps))
        signed = layer.kind in VALUE_KINDS and not relu
    return tuple(found)


def works_of_shapes(layers: Iterable[LayerShape]) -> tuple[LayerWork, ...]:
    """The layers of a conventional network known by its shapes alone; residual additions are left out."""
    found, signed = [], True
    for layer in layers:
        relu = not signed if layer.kind in POOL_KINDS else layer.relu
        shape = _Shape(layer.name, layer.kind, layer.fan_in, layer.n_out, layer.convolution)
        found.append(_work(shape, signed, not relu, 1))
        signed = not relu
    return tuple(found)


class _Shape(NamedTuple):
    name: str
    kind: str
    fan_in: int
    n_out: int
    grid: Convolution | None
    recurrent: bool = False


def _of_integers(layer: IntegerLayer, n_steps: int) -> LayerWork:
    if isinstance(layer, MembraneLayer):
        shape = _Shape(layer.name, layer.kind, len(layer.weights), layer.n_out, None, layer.recurrent is not None)
        return _work(shape, layer.signed_input, False, n_steps)
    shape = _Shape(layer.name, layer.kind, len(layer.weights), layer.n_out, layer.convolution)
    return _work(shape, layer.signed_input, not layer.relu, n_steps)


def _work(shape: _Shape, signed_input: bool, signed_output: bool, n_steps: int) -> LayerWork:
    name, kind, fan_in, n_out, grid, recurrent = shape
    if kind in MEMBRANE_KINDS:
        finish: Finish = "potential" if kind == "readout" else "spikes"
        about = {"signed_input": signed_input, "finish": finish, "recurrent": recurrent}
        return LayerWork(name, kind, (1, n_steps), fan_in, n_out, **about)
    about = {"signed_input": signed_input, "signed_output": signed_output}
    if grid is None:
        return LayerWork(name, kind, (1, 1), fan_in, n_out, **about)
    channels = grid.shape_in[0]
    groups = channels if kind in POOL_KINDS else grid.groups
    planes = {"size": (1, grid.shape_in[1:]), "kernel": (1, grid.kernel), "stride": (1, grid.stride)}
    planes = {key: _plane(one, axes) for key, (one, axes) in (planes | {"padding": (0, grid.padding)}).items()}
    return LayerWork(name, kind, channels=channels, n_out=n_out, groups=groups, **planes, **about)


def _plane(one: int, axes: tuple[int, ...]) -> tuple[int, int]:
    """Two axes: those of time alone are a plane of height 1."""
    return axes if len(axes) == 2 else (one, *axes)
