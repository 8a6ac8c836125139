"""Compiled products with spikes: only the rows of active inputs are gathered, silent ones are skipped."""

from typing import no_type_check

import numpy as np

from circuits.compile import float_of, inline, jit, lean_jit, widest_vectors
from snn.kernels.bits import LANES, lowest_bit, nonzero_bits

DENSE_FROM = 0.25  # activity above which a dense product is faster; measured crossover 0.25 to 0.30


@no_type_check
@inline
def list_active(spikes, index):
    """Columns that are not 0, in order; returns how many. index: as long as spikes, which lie one behind the other."""
    count, n = 0, spikes.shape[0]
    whole = n - n % LANES
    for first in range(0, whole, LANES):
        left = nonzero_bits(spikes, first)
        while left != 0:
            index[count] = first + lowest_bit(left)
            count += 1
            left &= left - np.uint64(1)
    for j in range(whole, n):  # without a branch
        index[count] = j
        count += 1 if spikes[j] != 0 else 0
    return count


@no_type_check
@inline
def add_rows(index, first, end, weights, out):
    """out += sum of weights[index[e]] over first <= e < end, four rows at a time and always in that order."""
    widest_vectors()
    n, e = out.shape[0], first
    while e + 3 < end:
        w0, w1, w2, w3 = weights[index[e]], weights[index[e + 1]], weights[index[e + 2]], weights[index[e + 3]]
        for k in range(n):
            out[k] += (w0[k] + w1[k]) + (w2[k] + w3[k])
        e += 4
    while e < end:
        w0 = weights[index[e]]
        for k in range(n):
            out[k] += w0[k]
        e += 1


@no_type_check
@inline
def add_scaled_rows(x, index, count, weights, out):
    """out += sum of x[j] weights[j] over the first `count` columns j of index, four rows at a time."""
    widest_vectors()
    n, e = out.shape[0], 0
    while e + 3 < count:
        j0, j1, j2, j3 = index[e], index[e + 1], index[e + 2], index[e + 3]
        w0, w1, w2, w3 = weights[j0], weights[j1], weights[j2], weights[j3]
        for k in range(n):
            out[k] += (x[j0] * w0[k] + x[j1] * w1[k]) + (x[j2] * w2[k] + x[j3] * w3[k])
        e += 4
    while e < count:
        w0 = weights[index[e]]
        for k in range(n):
            out[k] += x[index[e]] * w0[k]
        e += 1


@no_type_check
@jit
def dense_product(a, b, out):
    """out = a b, all contiguous, or b transposed."""
    np.dot(a, b, out)


@no_type_check
@lean_jit
def gather(start, index, weights, out):
    """out[m] = sum of weights[j] over the active j of row m: a product with a sparse 0/1 matrix."""
    for m in range(out.shape[0]):
        row = out[m]
        for k in range(row.shape[0]):
            row[k] = 0
        add_rows(index, start[m], start[m + 1], weights, row)


@no_type_check
@jit
def scatter(start, index, grad, d_weights):
    """d_weights[j] += sum of grad[m] over the rows m where j is active: the transposed sparse product."""
    first, rows = np.zeros(d_weights.shape[0] + 2, np.int64), np.empty(start[grad.shape[0]], np.int32)
    _by_column(start, index, grad.shape[0], first, rows)
    _gather_columns(first, rows, grad, d_weights)


@no_type_check
@lean_jit
def _by_column(start, index, n_rows, first, rows):
    """Order the events of the first rows by column, rows ascending: those of column j are first[j] to first[j + 1]."""
    for e in range(start[n_rows]):
        first[index[e] + 2] += 1
    for j in range(2, first.shape[0]):
        first[j] += first[j - 1]
    for m in range(n_rows):
        for e in range(start[m], start[m + 1]):
            j = index[e] + 1
            rows[first[j]] = m
            first[j] += 1


@no_type_check
@lean_jit
def _gather_columns(first, rows, grad, d_weights):
    for j in range(d_weights.shape[0]):
        add_rows(rows, first[j], first[j + 1], grad, d_weights[j])


@no_type_check
@inline
def list_columns(slope, rows, count):
    """Of each column j the count[j] rows where it is not 0, rows[j, :count[j]]; returns how many in all."""
    n_rows, n = slope.shape
    whole, total = n - n % LANES, 0
    for j in range(n):
        count[j] = 0
    for i in range(n_rows):
        for first in range(0, whole, LANES):
            left = nonzero_bits(slope[i], first)
            while left != 0:
                j = first + lowest_bit(left)
                rows[j, count[j]] = i
                count[j] += 1
                left &= left - np.uint64(1)
        for j in range(whole, n):  # without a branch
            rows[j, count[j]] = i
            count[j] += 1 if slope[i, j] != 0 else 0
    for j in range(n):
        total += count[j]
    return total


@no_type_check
@lean_jit
def add_needed(grad, weights, rows, count, out):
    """out[i, j] += sum over k of grad[i, k] weights[j, k] for the listed rows i of each column j; nobody needs others.

    A surrogate of bounded support leaves most of a dense product unused. Four rows share the weights that are read.
    """
    for j in range(weights.shape[0]):
        w, needed, e = weights[j], rows[j, : count[j]], 0
        while e + 3 < count[j]:
            i0, i1, i2, i3 = needed[e], needed[e + 1], needed[e + 2], needed[e + 3]
            s0, s1, s2, s3 = _dots(grad[i0], grad[i1], grad[i2], grad[i3], w)
            out[i0, j] += s0
            out[i1, j] += s1
            out[i2, j] += s2
            out[i3, j] += s3
            e += 4
        while e < count[j]:
            g, total = grad[needed[e]], float_of(w, 0)
            for k in range(w.shape[0]):
                total += g[k] * w[k]
            out[needed[e], j] += total
            e += 1


@no_type_check
@inline
def _dots(g0, g1, g2, g3, w):
    """Four rows times one."""
    widest_vectors()
    s0, s1, s2, s3 = float_of(w, 0), float_of(w, 0), float_of(w, 0), float_of(w, 0)
    for k in range(w.shape[0]):
        s0 += g0[k] * w[k]
        s1 += g1[k] * w[k]
        s2 += g2[k] * w[k]
        s3 += g3[k] * w[k]
    return s0, s1, s2, s3


@no_type_check
@lean_jit
def amplify(rows, channel, gain, out):
    """out[m, k] = gain[k] rows[m, channel[k]]; channel: without a sign, so that the compiler takes many at once."""
    for m in range(out.shape[0]):
        row, x = out[m], rows[m]
        for k in range(row.shape[0]):
            row[k] = gain[k] * x[channel[k]]


@no_type_check
@lean_jit
def amplify_back(rows, channel, grad, d_gain):
    """d_gain[k] += sum over m of grad[m, k] rows[m, channel[k]]."""
    for m in range(grad.shape[0]):
        g, x = grad[m], rows[m]
        for k in range(g.shape[0]):
            d_gain[k] += g[k] * x[channel[k]]


@no_type_check
@lean_jit
def spread(start, index, rows):
    """Ones where the events are, in rows of zeros."""
    for m in range(rows.shape[0]):
        row = rows[m]
        for e in range(start[m], start[m + 1]):
            row[index[e]] = 1


@no_type_check
@lean_jit
def list_ones(rows, start, index):
    """List the events of rows that hold few ones and else zeros; False for any others."""
    n_rows, n = rows.shape
    end, most = 0, DENSE_FROM * n_rows * n
    for m in range(n_rows):
        row, begin = rows[m], end
        start[m] = begin
        total = 0 * row[0]
        for k in range(n):
            index[end] = k
            end += 1 if row[k] != 0 else 0
            total += abs((row[k] - 1) * row[k])
        if total != 0 or end > most:
            return False
    start[n_rows] = end
    return True
