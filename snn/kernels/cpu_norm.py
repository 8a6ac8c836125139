"""Compiled batch normalisation of rows `(row, neuron)` that are in cache: moments, and the way back."""

from typing import no_type_check

import numpy as np

from circuits.compile import jit, lean_jit


@no_type_check
@jit
def row_moments(z, mean, square):
    """mean: of each column; square: sum of squared deviations from it. Both leave in double precision."""
    n_rows, n = z.shape
    total = np.zeros_like(z[0])
    for m in range(n_rows):
        row = z[m]
        for k in range(n):
            total[k] += row[k]
    centre = total / n_rows
    total[:] = 0
    for m in range(n_rows):
        row = z[m]
        for k in range(n):
            d = row[k] - centre[k]
            total[k] += d * d
    for k in range(n):
        mean[k] = centre[k]
        square[k] = total[k]


@no_type_check
@jit
def add_products(grad, z, mean, inverse, out):
    """out += sum over rows of grad (z - mean) inverse."""
    n_rows, n = z.shape
    total = np.zeros_like(out)
    for m in range(n_rows):
        g, row = grad[m], z[m]
        for k in range(n):
            total[k] += g[k] * (row[k] - mean[k])
    for k in range(n):
        out[k] += total[k] * inverse[k]


@no_type_check
@lean_jit
def through_norm(grad, z, mean, scale, slope, offset):
    """Back through the normalisation, in place: scale (grad - offset - slope (z - mean))."""
    n_rows, n = z.shape
    for m in range(n_rows):
        g, row = grad[m], z[m]
        for k in range(n):
            g[k] = scale[k] * (g[k] - offset[k] - slope[k] * (row[k] - mean[k]))
