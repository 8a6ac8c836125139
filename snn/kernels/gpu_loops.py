"""Compiled neuron dynamics for the GPU (Triton): a program runs a block of columns, clip x neuron, through all steps.

The arithmetic is that of `snn/neurons`; `reference.py` defines it and tests compare. Arrays `(time, batch, neuron)` are
contiguous. Of the forward pass only the potential before floor and reset is kept: spikes, distances to threshold and
the state after the reset follow from it, and the way back needs no adaptation w. With dL/dw[t] = lam[t] and
w[t+1] = rho w[t] + c[t], the sum that d_rho asks for is had from the adjoint filter mu[t] = lam[t+1] + rho mu[t+1]:

    sum_t lam[t+1] w[t] = mu[0] w[0] + sum_t mu[t+1] c[t],   c = (1 - rho) a v + b spikes

Each column adds up its own share of the parameters' gradients, so sums do not depend on the order of programs.
"""

from typing import no_type_check

import triton
import triton.language as tl


@no_type_check
@triton.jit
def pseudo_derivative(x, SURROGATE: tl.constexpr):
    """The function of that name in `snn/neurons/surrogate.py`."""
    x = tl.abs(x)
    if SURROGATE == "boxcar":
        slope = tl.where(x <= 0.5, 1.0, 0.0).to(x.dtype)
    elif SURROGATE == "atan":
        y = 3.141592653589793 * x
        slope = 1 / (1 + y * y)
    elif SURROGATE == "fast_sigmoid":
        y = 1 + 10 * x
        slope = 1 / (y * y)
    else:
        tl.static_assert(SURROGATE == "triangle")
        slope = tl.where(x < 1, 1 - x, 0.0)
    return slope


@no_type_check
@triton.jit
def forward(
    drive, alpha, theta, floor, rho, a, b, first_v, first_w, v, spikes, last_v, last_w, n_time, n_columns, n_neurons,
    KEEP: tl.constexpr, ADAPTIVE: tl.constexpr, BLOCK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Run a layer through time from `first_*` to `last_*` `(batch, neuron)`, which may be the same memory.

    v (out): potential before floor and reset, only with KEEP. rho, a, b and `*_w`: only where ADAPTIVE.
    """
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside, k = column < n_columns, column % n_neurons
    keep, limit, lowest = tl.load(alpha + k), tl.load(theta + k), tl.load(floor)
    state = tl.load(first_v + column, inside)
    if ADAPTIVE:
        slow, pull, jump = tl.load(rho + k), tl.load(a + k), tl.load(b + k)
        w = tl.load(first_w + column, inside)
    for _ in tl.range(n_time, num_stages=STAGES):
        x = tl.load(drive + column, inside)
        if ADAPTIVE:
            x -= w
        u = x + keep * (state - x)
        if KEEP:
            tl.store(v + column, u, inside)
            v += n_columns
        u = tl.where(u < lowest, lowest, u)  # NaN passes
        fired = u > limit
        state = tl.where(fired, 0.0, u)
        if ADAPTIVE:
            y = pull * u
            w = y + slow * (w - y) + tl.where(fired, jump, 0.0)
        tl.store(spikes + column, tl.where(fired, 1.0, 0.0).to(u.dtype), inside)
        drive += n_columns
        spikes += n_columns
    tl.store(last_v + column, state, inside)
    if ADAPTIVE:
        tl.store(last_w + column, w, inside)


@no_type_check
@triton.jit
def backward(
    grad, v, alpha, theta, floor, rho, a, b, first_v, first_w, d_drive, lam_v, lam_w, sums,
    n_time, n_columns, n_neurons,
    SURROGATE: tl.constexpr, SUMS: tl.constexpr, ADAPTIVE: tl.constexpr, BLOCK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Back through time; grad, v and d_drive `(batch, neuron)` come in at the last step and lie behind the others.

    `lam_*` come in as gradients of the last state and leave as those of the first. sums `(parameter, batch, neuron)`,
    only with SUMS: each column's gradients of alpha and theta, and of rho, a and b where ADAPTIVE.
    """
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside, k = column < n_columns, column % n_neurons
    keep, limit, lowest = tl.load(alpha + k), tl.load(theta + k), tl.load(floor)
    lv = tl.load(lam_v + column, inside)
    dv, later, moved, d_theta = tl.zeros_like(lv), tl.zeros_like(lv), tl.zeros_like(lv), tl.zeros_like(lv)
    if ADAPTIVE:
        slow, pull, jump = tl.load(rho + k), tl.load(a + k), tl.load(b + k)
        lw = tl.load(lam_w + column, inside)
        mu, d_rho, d_a, d_b = tl.zeros_like(lw), tl.zeros_like(lw), tl.zeros_like(lw), tl.zeros_like(lw)
    for _ in tl.range(n_time, num_stages=STAGES):
        g, u = tl.load(grad + column, inside), tl.load(v + column, inside)
        free = u >= lowest
        u = tl.where(u < lowest, lowest, u)
        fired = u > limit
        moved += dv * (tl.where(fired, 0.0, u) - later)  # of the step after: where it came from, where it went
        later = u
        lv = tl.where(fired, 0.0, lv)  # a spike resets: nothing is carried on
        if ADAPTIVE:
            push, leapt = (1 - slow) * u, tl.where(fired, jump, 0.0)
            d_rho += mu * (pull * push + leapt) - lw * pull * u
            d_a += lw * push
            d_b += tl.where(fired, lw, 0.0)
            mu = lw + slow * mu
            g += lw * jump
            lv += lw * (1 - slow) * pull
        through = g * pseudo_derivative(u - limit, SURROGATE)
        d_theta -= through
        dv = tl.where(free, through + lv, 0.0)
        lv = keep * dv
        dx = (1 - keep) * dv
        if ADAPTIVE:
            lw = slow * lw - dx
        tl.store(d_drive + column, dx, inside)
        grad -= n_columns
        v -= n_columns
        d_drive -= n_columns
    tl.store(lam_v + column, lv, inside)
    if ADAPTIVE:
        tl.store(lam_w + column, lw, inside)
    if SUMS:
        moved += dv * (tl.load(first_v + column, inside) - later)
        tl.store(sums + column, moved / (1 - keep), inside)
        tl.store(sums + n_columns + column, d_theta, inside)
        if ADAPTIVE:
            d_rho += mu * tl.load(first_w + column, inside)
            sums += 2 * n_columns
            tl.store(sums + column, d_rho, inside)
            tl.store(sums + n_columns + column, d_a, inside)
            tl.store(sums + 2 * n_columns + column, d_b, inside)


@no_type_check
@triton.jit
def leaky_forward(
    drive, alpha, first, v, n_time, n_columns, n_neurons, BLOCK: tl.constexpr, STAGES: tl.constexpr
):  # fmt: skip
    """Leaky integrators through time: v[t] = lerp(drive[t], v[t-1], alpha)."""
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = column < n_columns
    keep, state = tl.load(alpha + column % n_neurons), tl.load(first + column, inside)
    for _ in tl.range(n_time, num_stages=STAGES):
        x = tl.load(drive + column, inside)
        state = x + keep * (state - x)
        tl.store(v + column, state, inside)
        drive += n_columns
        v += n_columns


@no_type_check
@triton.jit
def leaky_backward(
    grad, v, alpha, first, d_drive, d_first, d_alpha, n_time, n_columns, n_neurons,
    BLOCK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Back through time; grad, v and d_drive come in at the last step. d_alpha `(batch, neuron)`: each column's own."""
    column = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = column < n_columns
    keep, start = tl.load(alpha + column % n_neurons), tl.load(first + column, inside)
    dv, later, moved = tl.zeros_like(start), tl.zeros_like(start), tl.zeros_like(start)
    for _ in tl.range(n_time, num_stages=STAGES):
        g, u = tl.load(grad + column, inside), tl.load(v + column, inside)
        moved += dv * (u - later)
        later = u
        dv = g + keep * dv
        tl.store(d_drive + column, (1 - keep) * dv, inside)
        grad -= n_columns
        v -= n_columns
        d_drive -= n_columns
    moved += dv * (start - later)
    tl.store(d_first + column, keep * dv, inside)
    tl.store(d_alpha + column, moved / (1 - keep), inside)
