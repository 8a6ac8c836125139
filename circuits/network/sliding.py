"""A window that slides over a grid, on arrays with their channels last, `(clip, *grid, channel)`."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from circuits.network.convolution import Convolution

AT_ONCE = 2**24  # products' inputs that are copied side by side for one call of the library, 128 MiB


def windows(x: np.ndarray, grid: Convolution) -> np.ndarray:
    """Every window at every position, a view `(clip, *position, channel, *kernel)`; zeros beyond the edges.

    x: `(clip, *grid, channel)`, or its elements in that order.
    """
    x = x.reshape(len(x), *grid.shape_in[1:], grid.shape_in[0])
    padded = np.pad(x, [(0, 0), *((pad, pad) for pad in grid.padding), (0, 0)])
    every = sliding_window_view(padded, grid.kernel, tuple(range(1, x.ndim - 1)))
    return every[(slice(None), *(slice(None, None, step) for step in grid.stride))]


def kernel_axes(grid: Convolution) -> tuple[int, ...]:
    """Axes of the window in what `windows` gives."""
    return tuple(range(-len(grid.kernel), 0))


def convolved(x: np.ndarray, weights: np.ndarray, grid: Convolution) -> np.ndarray:
    """Sums of products `(clip, *position, channel out)` of float64, of weights as a LayerSpec has them.

    Of whole numbers they are exact in any order, as long as they stay below 2^53.
    """
    per_clip = math.prod(grid.grid_out) * grid.shape_in[0] * math.prod(grid.kernel)
    n_parts = max(1, min(len(x), math.ceil(len(x) * per_clip / AT_ONCE)))
    return np.concatenate([_convolved(part, weights, grid) for part in np.array_split(x, n_parts)])


def _convolved(x: np.ndarray, weights: np.ndarray, grid: Convolution) -> np.ndarray:
    n_in, n_out = grid.shape_in[0] // grid.groups, len(weights) // grid.groups
    every, sums = windows(x.astype(np.float64), grid), []
    for group in range(grid.groups):
        part = every[(..., slice(group * n_in, (group + 1) * n_in), *(slice(None) for _ in grid.kernel))]
        own = weights[group * n_out : (group + 1) * n_out].reshape(n_out, -1).astype(np.float64)
        sums.append(part.reshape(len(x), *grid.grid_out, -1) @ own.T)
    return np.concatenate(sums, axis=-1)
