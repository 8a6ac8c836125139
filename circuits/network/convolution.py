"""How a kernel slides over a grid of inputs, `(channel, time)` or `(channel, row, column)`."""

import math
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError


@dataclass(frozen=True)
class Convolution:
    """A convolution's geometry; kernel, stride and padding hold one whole number for each axis behind the channels.

    padding: zeros on both ends of an axis.   groups: parts of the channels that are convolved by themselves.
    """

    shape_in: tuple[int, ...]  # (channel, time) or (channel, row, column)
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    groups: int = 1

    def __post_init__(self):
        axes = len(self.shape_in) - 1
        for name, least in {"shape_in": 1, "kernel": 1, "stride": 1, "padding": 0}.items():
            value = tuple(int(size) for size in getattr(self, name))
            if len(value) != axes + (name == "shape_in") or axes not in (1, 2) or min(value) < least:
                wanted = "2 or 3 sizes, channels first" if name == "shape_in" else f"{axes} numbers, one for each axis"
                raise InputError(f"Convolution.{name} must be {wanted}, each at least {least}, got {value}")
            object.__setattr__(self, name, value)
        if self.groups < 1 or self.shape_in[0] % self.groups:
            raise InputError(f"Convolution.groups must divide {self.shape_in[0]} channels, got {self.groups}")
        if min(self.grid_out) < 1:
            raise InputError(f"Convolution.kernel {self.kernel} is larger than its padded input {self.shape_in[1:]}")

    @property
    def n_inputs(self) -> int:
        return math.prod(self.shape_in)

    @property
    def grid_out(self) -> tuple[int, ...]:
        """Positions of the kernel along each axis, floor((size + 2 padding - kernel) / stride) + 1."""
        axes = zip(self.shape_in[1:], self.kernel, self.stride, self.padding, strict=True)
        return tuple((size + 2 * pad - kernel) // stride + 1 for size, kernel, stride, pad in axes)

    def weight_shape(self, n_out: int) -> tuple[int, ...]:
        """`(channel out, channel in / groups, *kernel)`. Raises: InputError where groups do not divide `n_out`."""
        if n_out % self.groups:
            raise InputError(f"Convolution.groups must divide {n_out} output channels, got {self.groups}")
        return (n_out, self.shape_in[0] // self.groups, *self.kernel)

    def uses(self) -> np.ndarray:
        """At how many positions each element of the kernel meets an input, not padding; in the shape of the kernel."""
        axes = zip(self.shape_in[1:], self.kernel, self.stride, self.padding, self.grid_out, strict=True)
        counts = [_met(*axis) for axis in axes]
        return counts[0] if len(counts) == 1 else np.multiply.outer(*counts)


def _met(size: int, kernel: int, stride: int, padding: int, n_positions: int) -> np.ndarray:
    """For each element of a kernel along one axis, its positions on an input, `(kernel,)`."""
    place = np.add.outer(np.arange(kernel) - padding, stride * np.arange(n_positions))
    return ((place >= 0) & (place < size)).sum(axis=1)
