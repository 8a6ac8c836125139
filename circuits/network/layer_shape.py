"""The shape of a conventional layer: how many weights, products and values it has, without a single weight."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from circuits.network.convolution import Convolution
from circuits.units import require

ShapeKind = Literal["conv", "dense", "mean_pool", "max_pool"]


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """One layer of values in, values out, as `circuits.network.spec.LayerSpec` has it, its arrays left out.

    fan_in: values that come in.   n_out: neurons of a dense layer, else output channels.
    convolution: geometry of a conv or a pool; a pool takes no padding.   relu: False for a linear output.
    additions: values of a residual connection that are added to the output, one addition each.
    Raises: InputError for an unknown kind, or numbers that contradict one another.
    """

    name: str
    kind: ShapeKind
    fan_in: int
    n_out: int
    convolution: Convolution | None = None
    relu: bool = True
    additions: int = 0

    def __post_init__(self) -> None:
        grid, pools = self.convolution, self.kind in ("mean_pool", "max_pool")
        n_inputs = self.fan_in if grid is None else grid.n_inputs
        require(self, "kind", self.kind in get_args(ShapeKind), f"one of {', '.join(get_args(ShapeKind))}")
        require(self, "n_out", self.n_out >= 1, "at least 1")
        wanted = "left out of a dense layer, given for any other"
        require(self, "convolution", (grid is None) == (self.kind == "dense"), wanted)
        require(self, "fan_in", self.fan_in == n_inputs >= 1, f"at least 1, and on a grid {n_inputs}")
        if grid is not None:
            require(self, "n_out", not pools or self.n_out == grid.shape_in[0], "as many channels as come in")
            require(self, "convolution", not (pools and any(grid.padding)), "without padding in a pool")
        require(self, "additions", self.additions in (0, self.n_outputs), "none, or one for each output")

    @property
    def has_weights(self) -> bool:
        return self.kind in ("conv", "dense")

    @property
    def n_weights(self) -> int:
        """Without biases."""
        if not self.has_weights:
            return 0
        return self.fan_in * self.n_out if self.convolution is None else _size(self.convolution, self.n_out)

    @property
    def n_biases(self) -> int:
        """One for each neuron or output channel, batch normalisation folded into it."""
        return self.n_out if self.has_weights else 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, products with padding among them, as papers count; biases apart."""
        return self.n_weights * self.positions

    @property
    def positions(self) -> int:
        """Places of the kernel; 1 for a dense layer."""
        return 1 if self.convolution is None else math.prod(self.convolution.grid_out)

    @property
    def n_outputs(self) -> int:
        return self.n_out * self.positions

    @property
    def shape_out(self) -> tuple[int, ...]:
        """`(channel, *grid)`, or `(neuron,)`."""
        return (self.n_out,) if self.convolution is None else (self.n_out, *self.convolution.grid_out)


def _size(grid: Convolution, n_out: int) -> int:
    return math.prod(grid.weight_shape(n_out))
