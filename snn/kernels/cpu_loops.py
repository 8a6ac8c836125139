"""Compiled neuron dynamics for the CPU (Numba): all time steps of a layer in one pass, forward and backward.

The arithmetic is that of `snn/neurons`: v = lerp(drive - w, v, alpha), floor, spike, hard reset; `reference.py` defines
it and tests compare. Arrays are `(time, batch, neuron)`, any strides but the last; every call releases the GIL.
The run-time type checks of the tests stay out of compiled code (`no_type_check`).
"""

from typing import no_type_check

import numpy as np

from snn.kernels.compile import jit


@no_type_check
@jit
def add_rows(spikes, weights, out):
    """out[i, :] += sum over j of spikes[i, j] weights[j, :], skipping silent j. `(batch, from)`, `(from, to)`."""
    for i in range(spikes.shape[0]):
        row = out[i]
        for j in range(spikes.shape[1]):
            s = spikes[i, j]
            if s != 0:
                w = weights[j]
                for k in range(row.shape[0]):
                    row[k] += s * w[k]


@no_type_check
@jit
def forward(drive, alpha, theta, floor, below, rho, a, b, recurrent, v, spikes, w, state_v, state_s, state_w):
    """Run a layer through time; `state_*` `(batch, neuron)` hold the first state and are left at the last.

    v (out, may be drive itself): potential before the reset; where it was held at `floor`, `below`, the next number.
    w (out): adaptation before each step, empty for LIF, as are rho, a, b; recurrent is empty without recurrence.
    spikes (out): may be empty, as a spike is also where v exceeds theta.
    """
    n_time, n_batch, n = drive.shape
    total = np.empty_like(state_v)
    for t in range(n_time):
        for i in range(n_batch):
            for k in range(n):
                total[i, k] = drive[t, i, k]
        if recurrent.shape[0]:
            add_rows(state_s, recurrent, total)
        for i in range(n_batch):
            vt, x, sv, ss, sw = v[t, i], total[i], state_v[i], state_s[i], state_w[i]
            if rho.shape[0]:
                wt = w[t, i]
                for k in range(n):
                    wt[k] = sw[k]
                    x[k] -= sw[k]
            for k in range(n):
                u = x[k] + alpha[k] * (sv[k] - x[k])
                held = u < floor
                u = floor if held else u
                fired = u > theta[k]
                vt[k] = below if held else u
                ss[k] = 1 if fired else 0
                sv[k] = 0 if fired else u
            if rho.shape[0]:
                for k in range(n):
                    u = max(vt[k], floor)
                    y = a[k] * u
                    sw[k] = y + rho[k] * (sw[k] - y) + b[k] * ss[k]
            if spikes.shape[0]:
                st = spikes[t, i]
                for k in range(n):
                    st[k] = ss[k]


@no_type_check
@jit
def surrogate_row(code, x, out):
    """Pseudo-derivatives of `snn/neurons/surrogate.py` at x, by the order of SURROGATES."""
    for k in range(x.shape[0]):
        y = abs(x[k])
        if code == 0:
            out[k] = 1 if y <= 0.5 else 0
        elif code == 1:
            out[k] = 1 / (1 + (np.pi * y) ** 2)
        elif code == 2:
            out[k] = 1 / (1 + 10 * y) ** 2
        else:
            out[k] = max(1 - y, 0)


@no_type_check
@jit
def add_needed(grad, weights, slope, needed, out):
    """out[i, j] += sum over k of grad[i, k] weights[j, k] where slope[i, j] is not 0; elsewhere nobody asks.

    A surrogate of bounded support leaves most of a dense product unused. needed: scratch, `(batch,)` integers.
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
@jit
def backward(
    grad,
    alpha,
    theta,
    floor,
    rho,
    a,
    b,
    recurrent,
    code,
    v,
    w,
    first_v,
    lam_v,
    lam_w,
    d_drive,
    d_alpha,
    d_theta,
    d_rho,
    d_a,
    d_b,
):
    """Back through time; `grad` `(time, batch, neuron)` comes in as dL/dspikes and leaves as dL/ddrive.

    `lam_*` `(batch, neuron)` come in as gradients of the last state, leave as those of the first; `d_*` are added to.
    """
    n_time, n_batch, n = grad.shape
    slope, distance = np.empty_like(lam_v), np.empty_like(lam_v)
    needed = np.empty(n_batch + 1, np.int64)
    before, kept, moved = np.empty_like(alpha), np.empty_like(alpha), np.zeros_like(alpha)
    for t in range(n_time - 1, -1, -1):
        for i in range(n_batch):
            for k in range(n):
                distance[i, k] = max(v[t, i, k], floor) - theta[k]
            surrogate_row(code, distance[i], slope[i])
        if recurrent.shape[0] and t + 1 < n_time:
            add_needed(grad[t + 1], recurrent, slope, needed, grad[t])
        for i in range(n_batch):
            g, vt, lv, lw = grad[t, i], v[t, i], lam_v[i], lam_w[i]
            x, sur = distance[i], slope[i]
            for k in range(n):
                kept[k] = 0 if vt[k] > theta[k] else 1  # a spike resets: nothing is carried on
            if rho.shape[0]:
                wt = w[t, i]
                for k in range(n):
                    u = x[k] + theta[k]
                    d_rho[k] += lw[k] * (wt[k] - a[k] * u)
                    d_a[k] += lw[k] * (1 - rho[k]) * u
                    d_b[k] += lw[k] * (1 - kept[k])
                    g[k] += lw[k] * b[k]
                    lv[k] = lv[k] * kept[k] + lw[k] * (1 - rho[k]) * a[k]
            else:
                for k in range(n):
                    lv[k] *= kept[k]
            if t > 0:
                vb = v[t - 1, i]
                for k in range(n):
                    before[k] = 0 if vb[k] > theta[k] else max(vb[k], floor)
            else:
                for k in range(n):
                    before[k] = first_v[i, k]
            for k in range(n):
                gs = g[k] * sur[k]
                d_theta[k] -= gs
                dv = gs + lv[k]
                dv = dv if vt[k] >= floor else 0 * dv
                moved[k] += dv * (before[k] - x[k] - theta[k])
                g[k] = (1 - alpha[k]) * dv
                d_drive[k] += g[k]
                lv[k] = alpha[k] * dv
            if rho.shape[0]:
                for k in range(n):
                    lw[k] = rho[k] * lw[k] - g[k]
    for k in range(n):
        d_alpha[k] += moved[k] / (1 - alpha[k])
