"""Layers as papers print them, a line each, and the shapes that follow from a line and what comes in.

A line "inverted_residual" stands for the blocks of MobileNetV2: expand by a 1 x 1 convolution, convolve each channel
by itself, project by another 1 x 1, and add what came in where input and output are of one shape.
Source: Sandler et al. 2018, arXiv:1801.04381, section 3.3 and tables 1 and 2.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from circuits.network.convolution import Convolution
from circuits.network.layer_shape import LayerShape
from circuits.units import require

KINDS = ("conv", "dense", "mean_pool", "max_pool", "inverted_residual")
DIVISOR = 8  # Source: the authors' code, tensorflow/models, slim/nets/mobilenet: channels are multiples of it
LEAST_KEPT = 0.9  # Source: the same: rounding down takes no more than a tenth of the channels


@dataclass(frozen=True, kw_only=True)
class LayerLine:
    """One line of a paper's table; kernel, stride and padding are the same along every axis.

    n_out: neurons, or output channels before the width of the network; a pool keeps what comes in, so 0.
    scaled: whether the width multiplies `n_out`; never below 1 where `scaled = "up"`, as of a last convolution.
    expansion, repeat: of a line of inverted residual blocks, of which only the first has the stride.
    Raises: InputError for an unknown kind or a number that its kind has no use for.
    """

    name: str
    kind: str
    n_out: int = 0
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    groups: int = 1
    relu: bool = True
    scaled: str = "no"
    expansion: int = 0
    repeat: int = 1

    def __post_init__(self) -> None:
        blocks, pools = self.kind == "inverted_residual", self.kind.endswith("pool")
        require(self, "kind", self.kind in KINDS, f"one of {', '.join(KINDS)}")
        require(self, "n_out", (self.n_out == 0) if pools else self.n_out >= 1, "0 for a pool, else at least 1")
        require(self, "scaled", self.scaled in ("no", "yes", "up"), "one of no, yes, up")
        require(self, "expansion", (self.expansion >= 1) == blocks, "given for inverted_residual alone, at least 1")
        require(self, "repeat", self.repeat >= 1 and (blocks or self.repeat == 1), "1, or more of inverted_residual")

    def shapes(self, shape_in: tuple[int, ...], width: float) -> Iterator[LayerShape]:
        """The layers of this line behind `shape_in`, `(channel, row, column)` or `(neuron,)`."""
        n_out = self.n_out if self.scaled == "no" else scaled_channels(self.n_out, self._width(width))
        if self.kind == "inverted_residual":
            yield from self._blocks(shape_in, n_out)
        elif self.kind == "dense":
            fan_in = math.prod(shape_in)
            yield LayerShape(name=self.name, kind="dense", fan_in=fan_in, n_out=n_out, relu=self.relu)
        else:
            window = (self.kernel, self.stride, self.padding, self.groups)
            yield _on_grid(self.name, self.kind, shape_in, n_out or shape_in[0], window, self.relu)

    def _width(self, width: float) -> float:
        return max(1.0, width) if self.scaled == "up" else width

    def _blocks(self, shape_in: tuple[int, ...], n_out: int) -> Iterator[LayerShape]:
        for number in range(1, self.repeat + 1):
            for layer in self._block(f"{self.name}.{number}", shape_in, n_out, self.stride if number == 1 else 1):
                yield layer
            shape_in = layer.shape_out

    def _block(self, name: str, shape_in: tuple[int, ...], n_out: int, stride: int) -> list[LayerShape]:
        wide, pixel = shape_in[0] * self.expansion, (1, 1, 0, 1)
        layers = [_on_grid(f"{name}.expand", "conv", shape_in, wide, pixel)] if self.expansion > 1 else []
        before = layers[-1].shape_out if layers else shape_in
        each = (self.kernel, stride, self.padding, wide)
        layers.append(_on_grid(f"{name}.depthwise", "conv", before, wide, each))
        before = layers[-1].shape_out
        added = math.prod(shape_in) if shape_in == (n_out, *before[1:]) else 0
        layers.append(_on_grid(f"{name}.project", "conv", before, n_out, pixel, relu=False, additions=added))
        return layers


def _on_grid(
    name: str,
    kind: str,
    shape_in: tuple[int, ...],
    n_out: int,
    window: tuple[int, int, int, int],
    relu: bool = True,
    additions: int = 0,
) -> LayerShape:
    """A layer with a window of (kernel, stride, padding, groups) over `shape_in`."""
    *sizes, groups = window
    kernel, stride, padding = ((size,) * (len(shape_in) - 1) for size in sizes)
    grid = Convolution(shape_in, kernel, stride, padding, groups)
    return LayerShape(
        name=name, kind=kind, fan_in=grid.n_inputs, n_out=n_out, convolution=grid, relu=relu, additions=additions
    )


def scaled_channels(n: int, width: float) -> int:
    """So many times the channels, rounded to a multiple of `DIVISOR` that keeps at least `LEAST_KEPT` of them."""
    wanted = n * width
    rounded = max(DIVISOR, int(wanted + DIVISOR / 2) // DIVISOR * DIVISOR)
    return rounded if rounded >= LEAST_KEPT * wanted else rounded + DIVISOR
