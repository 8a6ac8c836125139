"""Compiled products with spikes: only the rows of active inputs are gathered, silent ones are skipped."""

from typing import no_type_check

from snn.kernels.compile import jit


@no_type_check
@jit
def events(v, theta, start, index):
    """List the columns of each row above theta, index[start[m]:start[m+1]] for row m, without a branch.

    v: potentials `(row, from)`. start: `(row + 1,)`. index: room for every column of every row, and one more.
    """
    k = 0
    for m in range(v.shape[0]):
        start[m] = k
        row = v[m]
        for j in range(row.shape[0]):
            index[k] = j
            k += 1 if row[j] > theta[j] else 0
    start[v.shape[0]] = k


@no_type_check
@jit
def gather(start, index, weights, bias, out):
    """out[m, :] = bias + sum of weights[j, :] over the active j of row m: a product with a sparse 0/1 matrix."""
    n = out.shape[1]
    for m in range(out.shape[0]):
        row = out[m]
        for k in range(n):
            row[k] = bias[k]
        e, end = start[m], start[m + 1]
        while e + 3 < end:
            w0, w1, w2, w3 = weights[index[e]], weights[index[e + 1]], weights[index[e + 2]], weights[index[e + 3]]
            for k in range(n):
                row[k] += (w0[k] + w1[k]) + (w2[k] + w3[k])
            e += 4
        while e < end:
            w0 = weights[index[e]]
            for k in range(n):
                row[k] += w0[k]
            e += 1


@no_type_check
@jit
def scatter(start, index, grad, d_weights):
    """d_weights[j, :] += grad[m, :] for the active j of row m: the transposed sparse product, silent rows skipped."""
    n = grad.shape[1]
    for m in range(grad.shape[0]):
        row = grad[m]
        for e in range(start[m], start[m + 1]):
            w = d_weights[index[e]]
            for k in range(n):
                w[k] += row[k]
