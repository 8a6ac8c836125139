"""Compiled batch normalisation of rows `(row, neuron)` that are in cache: moments, and the way back."""

from typing import no_type_check

import numpy as np

from circuits.compile import arrays_apart, jit, lean_jit, widest_vectors

FEW = 32  # rows that are summed in their own precision before double takes over


@no_type_check
@jit
def row_moments(z, mean, square):
    """mean: of each column; square: sum of squared deviations from it. Both in double precision, as rows are many."""
    _moments(z, mean, square, np.zeros(z.shape[1], z.dtype))


@no_type_check
@lean_jit
def _moments(z, mean, square, part):
    """Sums of few rows at a time in the precision of z, so that the compiler takes many columns at once."""
    arrays_apart()
    widest_vectors()
    n_rows, n = z.shape
    mean[:], square[:] = 0, 0
    for first in range(0, n_rows, FEW):
        for m in range(first, min(first + FEW, n_rows)):
            for k in range(n):
                part[k] += z[m, k]
        for k in range(n):
            mean[k] += part[k]
            part[k] = 0
    for k in range(n):
        mean[k] /= n_rows
    for first in range(0, n_rows, FEW):
        for m in range(first, min(first + FEW, n_rows)):
            for k in range(n):
                d = z[m, k] - z.dtype.type(mean[k])
                part[k] += d * d
        for k in range(n):
            square[k] += part[k]
            part[k] = 0


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
