"""Compiled gradients of a layer's time loop: back through all time steps in one pass, like `cpu_loops.forward`."""

from typing import NamedTuple, no_type_check

import numpy as np

from circuits.compile import float_of, inline, jit, lean_jit
from snn.kernels.cpu_products import dense_product
from snn.kernels.cpu_surrogate import GIVEN, surrogate_row

NEEDED_BELOW = 0.4  # part of the surrogate's slopes that are not 0, below which the others are skipped


class Sums(NamedTuple):
    """Gradients summed over time and batch, each `(neuron,)`; rho, a, b are empty without adaptation."""

    drive: np.ndarray
    alpha: np.ndarray
    v_threshold: np.ndarray
    rho: np.ndarray
    a: np.ndarray
    b: np.ndarray


@no_type_check
@lean_jit
def add_needed(grad, weights, slope, needed, out):
    """out[i, j] += sum over k of grad[i, k] weights[j, k] where slope[i, j] is not 0; elsewhere nobody asks.

    A surrogate of bounded support leaves most of a dense product unused. needed: scratch, `(batch + 1,)` integers.
    """
    for j in range(weights.shape[0]):
        count = 0
        for i in range(grad.shape[0]):
            needed[count] = i
            count += 1 if slope[i, j] != 0 else 0
        w = weights[j]
        for c in range(count):
            g, total = grad[needed[c]], 0 * w[0]
            for k in range(w.shape[0]):
                total += g[k] * w[k]
            out[needed[c], j] += total


@no_type_check
@lean_jit
def add_recurrent(grad, recurrent, slope, needed, product, out):
    """out += grad recurrent^T wherever the slope is not 0: all of it by a dense product, or only what is needed."""
    n_batch, n = out.shape
    count = 0
    for i in range(n_batch):
        for k in range(n):
            count += 1 if slope[i, k] != 0 else 0
    if count < NEEDED_BELOW * n_batch * n:
        add_needed(grad, recurrent, slope, needed, out)
        return
    for i in range(n_batch):  # a contiguous copy, as the dense product needs one
        for k in range(n):
            product[0, i, k] = grad[i, k]
    dense_product(product[0], recurrent.T, product[1])
    for i in range(n_batch):
        for k in range(n):
            out[i, k] += product[1, i, k]


@no_type_check
@jit
def backward(grad, p, recurrent, surrogate, record, first_v, lam_v, lam_w, sums):
    """Back through time; `grad` `(time, batch, neuron)` comes in as dL/dspikes and leaves as dL/ddrive.

    record: as the forward pass left it. first_v: potentials at the start. `lam_*` `(batch, neuron)` come in as
    gradients of the last state, leave as those of the first; `sums` are added to.
    """
    if not 0 <= surrogate.code <= GIVEN or (surrogate.code == GIVEN and surrogate.given.shape != grad.shape):
        raise ValueError("no surrogate has this code")  # compiled: the text cannot name it
    _, n_batch, n = grad.shape
    slope, x = np.empty((n_batch, n), grad.dtype), np.empty((n_batch, n), grad.dtype)
    needed = np.empty(n_batch + 1, np.int64)
    product = np.empty((2, n_batch, n if recurrent.shape[0] else 0), grad.dtype)
    scratch = slope, x, needed, product, np.zeros((3, n), grad.dtype)
    _back_through_time(grad, p, recurrent, surrogate, record, first_v, lam_v, lam_w, sums, scratch)


@no_type_check
@lean_jit
def _back_through_time(grad, p, recurrent, surrogate, record, first_v, lam_v, lam_w, sums, scratch):
    """`backward`, with room for the surrogate and its argument, what `add_recurrent` needs, and three rows."""
    n_time, n_batch, n = grad.shape
    slope, x, needed, product, rows = scratch
    zero, one = float_of(grad, 0), float_of(grad, 1)
    before, kept, moved = rows[0], rows[1], rows[2]
    for t in range(n_time - 1, -1, -1):
        for i in range(n_batch):
            for k in range(n):
                x[i, k] = max(record.v[t, i, k], p.v_floor) - p.v_threshold[k]
            given = surrogate.given[t, i] if surrogate.code == GIVEN else x[i]
            surrogate_row(surrogate, given, x[i], slope[i])
        if recurrent.shape[0] and t + 1 < n_time:
            add_recurrent(grad[t + 1], recurrent, slope, needed, product, grad[t])
        for i in range(n_batch):
            vt, lv, lw = record.v[t, i], lam_v[i], lam_w[i]
            for k in range(n):
                kept[k] = zero if vt[k] > p.v_threshold[k] else one  # a spike resets: nothing is carried on
            if p.rho.shape[0]:
                _through_adaptation(grad[t, i], p, x[i], kept, record.w[t, i], lv, lw, sums)
            else:
                for k in range(n):
                    lv[k] *= kept[k]
            if t > 0:
                vb = record.v[t - 1, i]
                for k in range(n):
                    before[k] = zero if vb[k] > p.v_threshold[k] else max(vb[k], p.v_floor)
            else:
                for k in range(n):
                    before[k] = first_v[i, k]
            _through_membrane(grad[t, i], p, x[i], slope[i], vt, before, lv, moved, sums)
            if p.rho.shape[0]:
                for k in range(n):
                    lw[k] = p.rho[k] * lw[k] - grad[t, i, k]
    for k in range(n):
        sums.alpha[k] += moved[k] / (one - p.alpha[k])


@no_type_check
@inline
def _through_adaptation(g, p, x, kept, w, lv, lw, sums):
    """Back through w = lerp(a v, w, rho) + b spike of one clip's step; lw: gradient of the new w."""
    one = float_of(g, 1)
    for k in range(g.shape[0]):
        u = x[k] + p.v_threshold[k]
        sums.rho[k] += lw[k] * (w[k] - p.a[k] * u)
        sums.a[k] += lw[k] * (one - p.rho[k]) * u
        sums.b[k] += lw[k] * (one - kept[k])
        g[k] += lw[k] * p.b[k]
        lv[k] = lv[k] * kept[k] + lw[k] * (one - p.rho[k]) * p.a[k]


@no_type_check
@inline
def _through_membrane(g, p, x, slope, u, before, lv, moved, sums):
    """Back through the spike and v = lerp(drive, before, alpha) of one clip's step; g leaves as dL/ddrive."""
    zero, one = float_of(g, 0), float_of(g, 1)
    for k in range(g.shape[0]):
        gs = g[k] * slope[k]
        sums.v_threshold[k] -= gs
        dv = gs + lv[k]
        dv = dv if u[k] >= p.v_floor else zero
        moved[k] += dv * (before[k] - x[k] - p.v_threshold[k])
        g[k] = (one - p.alpha[k]) * dv
        sums.drive[k] += g[k]
        lv[k] = p.alpha[k] * dv
