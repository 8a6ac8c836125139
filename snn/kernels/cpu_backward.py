"""Compiled gradients of a layer's time loop: back through all time steps in one pass, like `cpu_loops.forward`."""

from typing import NamedTuple, no_type_check

import numpy as np

from circuits.compile import arrays_apart, float_of, inline, jit, lean_jit, widest_vectors
from snn.kernels.cpu_products import add_needed, dense_product, list_columns
from snn.kernels.cpu_surrogate import GIVEN, surrogate_row

NEEDED_BELOW = 0.8  # part of the surrogate's slopes that are not 0, below which the others are skipped


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
def add_recurrent(grad, recurrent, slope, rows, count, product, out):
    """out += grad recurrent^T where the slope is not 0: all of it by a dense product, or only what is needed."""
    n_batch, n = out.shape
    if list_columns(slope, rows, count) < NEEDED_BELOW * n_batch * n:
        add_needed(grad, recurrent, rows, count, out)
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
    gradients of the last state, leave as those of the first; `sums` are added to. No two arrays share memory.
    """
    if not 0 <= surrogate.code <= GIVEN or (surrogate.code == GIVEN and surrogate.given.shape != grad.shape):
        raise ValueError("no surrogate has this code")  # compiled: the text cannot name it
    _, n_batch, n = grad.shape
    slope, m = np.empty((n_batch, n), grad.dtype), recurrent.shape[0]
    product, rows, count = (
        np.empty((2, n_batch, m), grad.dtype),
        np.empty((m, n_batch), np.int32),
        np.empty(m, np.int64),
    )
    never = np.full(n, np.inf, grad.dtype)
    s, t = np.zeros((3, n), grad.dtype), np.zeros((3, p.rho.shape[0]), grad.dtype)
    part = Sums(s[0], s[1], s[2], t[0], t[1], t[2])
    _through_time(
        grad, p, recurrent, surrogate, record, first_v, lam_v, lam_w, part, (slope, rows, count, product, never)
    )
    for k in range(n):
        kept = 1 - p.alpha[k]
        sums.drive[k] += kept * part.drive[k]
        sums.alpha[k] += part.alpha[k] / kept
        sums.v_threshold[k] += part.v_threshold[k]
    for k in range(p.rho.shape[0]):
        sums.rho[k] += part.rho[k]
        sums.a[k] += (1 - p.rho[k]) * part.a[k]
        sums.b[k] += part.b[k]


@no_type_check
@lean_jit
def _through_time(grad, p, recurrent, surrogate, record, first_v, lam_v, lam_w, sums, scratch):
    """`backward`, with sums whose factors of a neuron are left out, and room for surrogates and recurrent products."""
    n_time, n_batch, _ = grad.shape
    slope, rows, count, product, never = scratch
    loop, adaptive = recurrent.shape[0] > 0, p.rho.shape[0] > 0
    for t in range(n_time - 1, -1, -1):
        for i in range(n_batch if loop else 0):
            _slope(surrogate, t, i, record.v[t, i], p, slope[i])
        if loop and t + 1 < n_time:
            add_recurrent(grad[t + 1], recurrent, slope, rows, count, product, grad[t])
        # what a step begins with is the potential of the one before after its floor and reset, the first as it is
        limit, floor = (p.v_threshold, p.v_floor) if t else (never, -never[0])
        for i in range(n_batch):
            if not loop:
                _slope(surrogate, t, i, record.v[t, i], p, slope[i])
            before = record.v[t - 1, i] if t else first_v[i]
            if adaptive:
                w = record.w[t, i]
                _adaptive(grad[t, i], slope[i], record.v[t, i], before, w, lam_v[i], lam_w[i], p, limit, floor, sums)
            else:
                _lif(grad[t, i], slope[i], record.v[t, i], before, lam_v[i], p, limit, floor, sums)


@no_type_check
@inline
def _slope(surrogate, t, i, v, p, out):
    """Pseudo-derivatives of one clip's step."""
    surrogate_row(surrogate, surrogate.given[t, i] if surrogate.code == GIVEN else v, v, p, out)


@no_type_check
@inline
def _lif(g, slope, v, vb, lv, p, limit, floor, sums):
    """Back through the spike and v = lerp(drive, before, alpha) of one clip's step; g leaves as dL/ddrive.

    vb: potentials before this step; a spike, above limit, reset them to 0, and floor held them.
    """
    arrays_apart()
    widest_vectors()
    zero, one = float_of(g, 0), float_of(g, 1)
    for k in range(g.shape[0]):
        gs = g[k] * slope[k]
        sums.v_threshold[k] -= gs
        dv = gs + (zero if v[k] > p.v_threshold[k] else lv[k])  # a spike resets: nothing is carried on
        dv = dv if v[k] >= p.v_floor else zero
        before = zero if vb[k] > limit[k] else max(vb[k], floor)
        sums.alpha[k] += dv * (before - max(v[k], p.v_floor))
        sums.drive[k] += dv
        g[k] = (one - p.alpha[k]) * dv
        lv[k] = p.alpha[k] * dv


@no_type_check
@inline
def _adaptive(g, slope, v, vb, w, lv, lw, p, limit, floor, sums):
    """The same with drive - w, and w = lerp(a v, w, rho) + b spike behind it; lw: gradient of the new w."""
    arrays_apart()
    widest_vectors()
    zero, one = float_of(g, 0), float_of(g, 1)
    for k in range(g.shape[0]):
        u, fired = max(v[k], p.v_floor), v[k] > p.v_threshold[k]
        sums.rho[k] += lw[k] * (w[k] - p.a[k] * u)
        sums.a[k] += lw[k] * u
        sums.b[k] += lw[k] if fired else zero
        gs = (g[k] + lw[k] * p.b[k]) * slope[k]
        sums.v_threshold[k] -= gs
        dv = gs + (zero if fired else lv[k]) + lw[k] * (one - p.rho[k]) * p.a[k]
        dv = dv if v[k] >= p.v_floor else zero
        before = zero if vb[k] > limit[k] else max(vb[k], floor)
        sums.alpha[k] += dv * (before - u)
        sums.drive[k] += dv
        g[k] = (one - p.alpha[k]) * dv
        lv[k] = p.alpha[k] * dv
        lw[k] = p.rho[k] * lw[k] - g[k]
