"""A layer as the machine sees it: a window that slides over a plane of bytes, and tiles of weights under it.

Every kind of layer is a convolution with channels last: a dense layer has one position whose window is all of its
input, a layer of membranes has a position for each time step, a convolution over time is a plane of height 1.
A tap is what one tile of weights multiplies: so many bytes side by side, at an offset from the corner of the window.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

from circuits.quantised.integers import IntegerNetwork, MembraneLayer, ValueLayer

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
        """The largest of a window needs no products."""
        return self.kind == "max_pool"

    @property
    def n_macs(self) -> int:
        """Products of the layer itself, those with padding too; a mean is a sum of products with 1."""
        if self.weightless:
            return 0
        window = self.kernel[0] * self.kernel[1] * self.channels // self.groups + self.n_out * self.recurrent
        return self.n_positions * self.n_out * window

    @property
    def n_weights(self) -> int:
        """Bytes of its weights, zeros that fill up tiles left out; a mean has weights too, all of them 1."""
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
        """The tiles of weights of a block, at most `rows` high; a pool's maximum takes channels in place of rows."""
        if self.groups == 1 and not self.weightless:
            run = self.kernel[1] * self.channels
            for row, first in product(range(self.kernel[0]), range(0, run, rows)):
                yield Tap(row, 0, first, min(rows, run - first))
            return
        start, stop = self._channels_of(block)
        for row, column in product(range(self.kernel[0]), range(self.kernel[1])):
            if self.weightless:
                yield Tap(row, column, start, stop - start)
                continue
            for first in range(start, stop, rows):
                yield Tap(row, column, first, min(rows, stop - first))

    def _channels_of(self, block: tuple[int, int]) -> tuple[int, int]:
        """Input channels that the groups of a block take."""
        own, inside = self.n_out // self.groups, self.channels // self.groups
        return block[0] // own * inside, ((block[1] - 1) // own + 1) * inside


def works(network: IntegerNetwork, n_steps: int = 1) -> tuple[LayerWork, ...]:
    """The layers of a network; one of membranes runs `n_steps` time steps."""
    return tuple(
        _membranes(layer, n_steps) if isinstance(layer, MembraneLayer) else _values(layer) for layer in network.layers
    )


def _membranes(layer: MembraneLayer, n_steps: int) -> LayerWork:
    return LayerWork(
        name=layer.name,
        kind=layer.kind,
        size=(1, n_steps),
        channels=len(layer.weights),
        n_out=layer.n_out,
        signed_input=layer.signed_input,
        finish="spikes" if layer.spiking else "potential",
        recurrent=layer.recurrent is not None,
    )


def _values(layer: ValueLayer) -> LayerWork:
    about = {"signed_input": layer.signed_input, "signed_output": not layer.relu}
    if layer.convolution is None:
        return LayerWork(layer.name, layer.kind, (1, 1), len(layer.weights), layer.n_out, **about)
    grid = layer.convolution
    sizes = {
        "size": grid.shape_in[1:], "kernel": grid.kernel, "stride": grid.stride, "padding": grid.padding,
    }  # fmt: skip
    flat = {"size": 1, "kernel": 1, "stride": 1, "padding": 0}
    planes = {name: value if len(value) == 2 else (flat[name], *value) for name, value in sizes.items()}
    groups = grid.groups if layer.kind == "conv" else grid.shape_in[0]
    return LayerWork(
        layer.name, layer.kind, channels=grid.shape_in[0], n_out=layer.n_out, groups=groups, **planes, **about
    )
