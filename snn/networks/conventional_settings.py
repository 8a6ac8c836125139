"""What a conventional network is made of: convolutions, pools, fully connected layers, one behind another."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

from pydantic import Field

from circuits.errors import InputError
from circuits.network.convolution import Convolution
from circuits.network.spec import POOL_KINDS, LayerKind
from snn.networks.chip_settings import ChipSettings
from snn.settings import section

WIDEST = 65_536  # channels, neurons, frames of a layer: more is a slip of the pen
DEEPEST = 100  # layers


class Stage(NamedTuple):
    """One layer as it is to be built, of `kind`: from `n_in` values to `n_out` channels or neurons."""

    name: str
    kind: LayerKind
    n_in: int
    n_out: int
    grid: Convolution | None = None
    relu: bool = True

    @property
    def n_values(self) -> int:
        """What comes out: channels by frames, or neurons."""
        return self.n_out * math.prod(self.grid.grid_out) if self.grid else self.n_out

    @property
    def n_weights(self) -> int:
        if self.kind in POOL_KINDS:
            return 0
        return math.prod(self.grid.weight_shape(self.n_out)) if self.grid else self.n_in * self.n_out


@section
class ChainSettings:
    """Layers of a conventional network, from the features to the labels.

    A convolution goes over time, its channels at first the bands, or over the spectrogram as over a picture of one
    channel, its axes frames and bands: a kernel is then a square, and so are strides and pools. `kernels`, `strides`
    and `pools` have one number for all convolutions, or one for each; a pool lies behind its convolution. Without
    channels all is fully connected.
    """

    over: Literal["time", "spectrogram"] = "time"
    pool_in: int = Field(1, ge=1, le=WIDEST)  # frames whose mean is the first layer's; 1: the features as they come
    channels: tuple[int, ...] = ()
    kernels: tuple[int, ...] = (3,)  # frames, and bands alike; half of one is padded at both ends
    strides: tuple[int, ...] = (1,)  # frames, and bands alike
    pools: tuple[int, ...] = (1,)  # frames, and bands alike; 1: none
    pool: Literal["max", "mean"] = "max"
    separable: bool = False  # each convolution but the first as one of each channel by itself, and one of kernel 1
    gather: Literal["mean", "max", "none"] = "mean"  # over all that is left of the axes, before what is fully connected
    hidden: tuple[int, ...] = ()  # neurons of fully connected layers
    norm: Literal["batch", "none"] = "batch"
    dropout: float = Field(0.1, ge=0, lt=1)  # of what a fully connected layer takes, where it is not the first

    def __post_init__(self):
        for name in ("channels", "hidden", "kernels", "strides", "pools"):
            sizes = getattr(self, name)
            if len(sizes) > DEEPEST or any(not 1 <= n <= WIDEST for n in sizes):
                raise InputError(f"{name} must be at most {DEEPEST} numbers from 1 to {WIDEST}, got {list(sizes)}")
        for name in ("kernels", "strides", "pools"):
            n = len(self.channels)
            if len(sizes := getattr(self, name)) not in (1, n or 1):
                raise InputError(f"{name} must be one number, or one for each of {n} channels, got {list(sizes)}")

    def stages(self, n_bands: int, n_frames: int, n_labels: int) -> tuple[Stage, ...]:
        """Every layer for features of so many bands and frames.

        Raises: InputError for a kernel or pool of more frames, or bands, than it gets.
        """
        found = [*self._on_a_grid(n_bands, n_frames)]
        n = found[-1].n_values if found else n_bands * n_frames
        sizes = (n, *self.hidden, n_labels)
        for i, (n_in, n_out) in enumerate(pairwise(sizes), 1):
            last = i == len(self.hidden) + 1
            found.append(Stage("logits" if last else f"hidden{i}", "dense", n_in, n_out, relu=not last))
        return tuple(found)

    def _on_a_grid(self, n_bands: int, n_frames: int) -> Iterator[Stage]:
        """What comes before the fully connected layers."""
        over_time = self.over == "time" or not self.channels
        at = (n_bands, n_frames) if over_time else (1, n_frames, n_bands)
        if self.pool_in > 1:
            yield (stage := _pooled("pool_in", at, (self.pool_in, 1)[: len(at) - 1], "mean"))
            at = _shape_out(stage)
        for i, n_out in enumerate(self.channels, 1):
            kernel, stride, pool = (_of(sizes, i) for sizes in (self.kernels, self.strides, self.pools))
            grid = _padded("kernels", at, kernel, stride)
            if self.separable and i > 1:
                yield (stage := _convolution(f"depthwise{i}", _padded("kernels", at, kernel, stride, at[0]), at[0]))
                grid = _padded("kernels", _shape_out(stage), 1, 1)
            yield (stage := _convolution(f"conv{i}", grid, n_out))
            at = _shape_out(stage)
            if pool > 1:
                yield (stage := _pooled(f"pool{i}", at, (pool,) * (len(at) - 1), self.pool))
                at = _shape_out(stage)
        if self.channels and self.gather != "none" and max(at[1:]) > 1:
            yield _pooled("gather", at, at[1:], self.gather)


def _of(sizes: tuple[int, ...], i: int) -> int:
    """The number for convolution i, counted from 1, of one for all or one for each."""
    return sizes[0] if len(sizes) == 1 else sizes[i - 1]


def _shape_out(stage: Stage) -> tuple[int, ...]:
    return (stage.n_out, *stage.grid.grid_out)


def _convolution(name: str, grid: Convolution, n_out: int) -> Stage:
    return Stage(name, "conv", grid.n_inputs, n_out, grid)


def _pooled(name: str, shape: tuple[int, ...], window: tuple[int, ...], how: str) -> Stage:
    _require_room("pool_in" if name == "pool_in" else "pools", shape, window)
    grid = Convolution(shape, window, window, (0,) * len(window))
    return Stage(name, "mean_pool" if how == "mean" else "max_pool", grid.n_inputs, shape[0], grid)


def _padded(key: str, shape: tuple[int, ...], kernel: int, stride: int, groups: int = 1) -> Convolution:
    axes = len(shape) - 1
    _require_room(key, shape, (kernel,) * axes)
    return Convolution(shape, (kernel,) * axes, (stride,) * axes, (kernel // 2,) * axes, groups)


def _require_room(key: str, shape: tuple[int, ...], window: tuple[int, ...]) -> None:
    for name, size, room in zip(("frames", "bands"), window, shape[1:], strict=False):
        if size > room:
            raise InputError(
                f"network.{key}: {size} {name} are more than the {room} that come in there; lower it, or the strides "
                "and pools before"
            )


@section
class ConventionalSettings:
    """What a conventional network is made of."""

    name: str
    network: ChainSettings = ChainSettings()
    chip: ChipSettings = ChipSettings()

    def __post_init__(self):
        self.chip.require_values()
