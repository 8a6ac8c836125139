"""Compiled readout: leaky integrators through time, and the loss of their votes."""

from typing import no_type_check

import numpy as np

from circuits.compile import float_of, inline, jit, lean_jit, widest_vectors
from circuits.transient.step import fast_exp

LEAST = -700.0  # where the fast exponential ends, 1e-304: nothing in a sum of which one is 1


@no_type_check
@lean_jit
def leaky_forward(drive, alpha, first, v):
    """Leaky integrators through time: v[t] = lerp(drive[t], v[t-1], alpha)."""
    n_time, n_batch, n = drive.shape
    for t in range(n_time):
        for i in range(n_batch):
            before, x, out = first[i] if t == 0 else v[t - 1, i], drive[t, i], v[t, i]
            for k in range(n):
                out[k] = x[k] + alpha[k] * (before[k] - x[k])


@no_type_check
@jit
def leaky_backward(grad, alpha, first, v, d_drive, d_alpha, lam):
    """Back through time; `grad` comes in as dL/dv and leaves as dL/ddrive, `lam` leaves as the gradient of `first`."""
    n_time, n_batch, n = grad.shape
    moved, one = np.zeros_like(alpha), float_of(alpha, 1)
    for t in range(n_time - 1, -1, -1):
        for i in range(n_batch):
            before, g, now, carried = first[i] if t == 0 else v[t - 1, i], grad[t, i], v[t, i], lam[i]
            for k in range(n):
                dv = g[k] + carried[k]
                moved[k] += dv * (before[k] - now[k])
                g[k] = (one - alpha[k]) * dv
                d_drive[k] += g[k]
                carried[k] = alpha[k] * dv
    for k in range(n):
        d_alpha[k] += moved[k] / (one - alpha[k])


@no_type_check
@inline
def _exponentials(row, top):
    """exp(row - top) in place; top: the largest of them."""
    widest_vectors()
    for k in range(row.shape[0]):
        row[k] = fast_exp(max(row[k] - top, LEAST))


@no_type_check
@jit
def vote_loss(potential, labels, evidence, scale):
    """Cross entropy of the voting readout, summed over clips; `potential` leaves as scale dL/dpotential.

    votes = softmax over labels at each step; evidence mean_t votes are the logits. `(time, batch, label)`.
    """
    n_time, n_batch, n = potential.shape
    loss = 0.0
    logits, slope = np.empty_like(potential[0, 0]), np.empty_like(potential[0, 0])
    for i in range(n_batch):
        for k in range(n):
            logits[k] = 0
        for t in range(n_time):
            row = potential[t, i]
            top, total = row[0], 0 * row[0]
            for k in range(1, n):
                top = max(top, row[k])
            _exponentials(row, top)
            for k in range(n):
                total += row[k]
            for k in range(n):
                row[k] /= total
                logits[k] += row[k]
        for k in range(n):
            logits[k] *= evidence / n_time
        top, total = logits[0], 0.0
        for k in range(1, n):
            top = max(top, logits[k])
        for k in range(n):
            total += np.exp(logits[k] - top)
        loss += np.log(total) + top - logits[labels[i]]
        for k in range(n):
            predicted = np.exp(logits[k] - top) / total
            slope[k] = (predicted - (1 if labels[i] == k else 0)) * scale * evidence / n_time
        for t in range(n_time):
            row = potential[t, i]
            mean = 0 * slope[0]
            for k in range(n):
                mean += row[k] * slope[k]
            for k in range(n):
                row[k] *= slope[k] - mean
    return loss
