"""Compiled neuron dynamics for the GPU (Triton): a program runs a tile of clips x neurons through all steps.

The arithmetic is that of `snn/neurons`; `reference.py` defines it and tests compare. Arrays `(time, batch, neuron)` are
contiguous. Of the forward pass only the potential before floor and reset is kept: spikes, distances to threshold and
the state after the reset follow from it, and the way back needs no adaptation w. With dL/dw[t] = lam[t] and
w[t+1] = rho w[t] + c[t], the sum that d_rho asks for is had from the adjoint filter mu[t] = lam[t+1] + rho mu[t+1]:

    sum_t lam[t+1] w[t] = mu[0] w[0] + sum_t mu[t+1] c[t],   c = (1 - rho) a v + b spikes

Each neuron of each clip adds up its own share of the parameters' gradients: no sum depends on the order of programs.
"""

from typing import no_type_check

import triton
import triton.language as tl


@no_type_check
@triton.jit
def pseudo_derivative(x, SURROGATE: tl.constexpr, SLOPE: tl.constexpr):
    """The function of that name and slope in `snn/neurons/surrogate.py`."""
    x = SLOPE * tl.abs(x)
    if SURROGATE == "boxcar":
        slope = tl.where(x <= 0.5, 1.0, 0.0).to(x.dtype)
    elif SURROGATE == "atan":
        y = 3.141592653589793 * x
        slope = 1 / (1 + y * y)
    elif SURROGATE == "fast_sigmoid":
        y = 1 + x
        slope = 1 / (y * y)
    else:
        tl.static_assert(SURROGATE == "triangle")
        slope = tl.where(x < 1, 1 - x, 0.0)
    return slope


@no_type_check
@triton.jit
def tile(n_batch, n_neurons, ROWS: tl.constexpr, COLS: tl.constexpr):
    """Clips and neurons of this program, where they lie in `(batch, neuron)`, and which of them there are."""
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)[:, None]
    k = tl.program_id(1) * COLS + tl.arange(0, COLS)[None, :]
    return row, k, row * n_neurons + k, (row < n_batch) & (k < n_neurons)


@no_type_check
@triton.jit
def add_product(x, rows, weights, row, k, n_batch, n_neurons, COLS: tl.constexpr, CHUNK: tl.constexpr):
    """x + rows W for a tile that holds all neurons, `(batch, from)` and `(from, to)`; nearly single precision."""
    for start in tl.range(0, n_neurons, CHUNK):
        j = start + tl.arange(0, CHUNK)
        left = tl.load(rows + row * n_neurons + j[None, :], (row < n_batch) & (j < n_neurons)[None, :], 0.0)
        right = tl.load(weights + j[:, None] * n_neurons + k, (j < n_neurons)[:, None] & (k < n_neurons), 0.0)
        x = tl.dot(left, right, x, input_precision="tf32x3")
    return x


@no_type_check
@triton.jit
def forward(
    drive, alpha, theta, floor, rho, a, b, first_v, first_w, recurrent, first_s, v, spikes, last_v, last_w,
    n_time, n_batch, n_neurons, n_columns,
    KEEP: tl.constexpr, ADAPTIVE: tl.constexpr, RECURRENT: tl.constexpr,
    ROWS: tl.constexpr, COLS: tl.constexpr, CHUNK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Run a layer through time from `first_*` to `last_*` `(batch, neuron)`, which may be the same memory.

    v (out): potential before floor and reset, only with KEEP. rho, a, b and `*_w`: only where ADAPTIVE. With RECURRENT
    the tile holds all neurons, and spikes of the step before, at first first_s, drive through the weights (from, to).
    """
    row, k, at, inside = tile(n_batch, n_neurons, ROWS, COLS)
    keep, limit = tl.load(alpha + k, k < n_neurons), tl.load(theta + k, k < n_neurons)
    lowest, state = tl.load(floor), tl.load(first_v + at, inside)
    if ADAPTIVE:
        slow, pull = tl.load(rho + k, k < n_neurons), tl.load(a + k, k < n_neurons)
        jump, w = tl.load(b + k, k < n_neurons), tl.load(first_w + at, inside)
    if RECURRENT:
        before = first_s
    for _ in tl.range(n_time, num_stages=STAGES):
        x = tl.load(drive + at, inside)
        if RECURRENT:
            x = add_product(x, before, recurrent, row, k, n_batch, n_neurons, COLS, CHUNK)
        if ADAPTIVE:
            x -= w
        u = x + keep * (state - x)
        if KEEP:
            tl.store(v + at, u, inside)
            v += n_columns
        u = tl.where(u < lowest, lowest, u)  # NaN passes
        fired = u > limit
        state = tl.where(fired, 0.0, u)
        if ADAPTIVE:
            y = pull * u
            w = y + slow * (w - y) + tl.where(fired, jump, 0.0)
        tl.store(spikes + at, tl.where(fired, 1.0, 0.0).to(u.dtype), inside)
        if RECURRENT:
            tl.debug_barrier()  # the next step reads what other threads of this program wrote
            before = spikes
        drive += n_columns
        spikes += n_columns
    tl.store(last_v + at, state, inside)
    if ADAPTIVE:
        tl.store(last_w + at, w, inside)


@no_type_check
@triton.jit
def backward(
    grad, v, given, alpha, theta, floor, rho, a, b, first_v, first_w, recurrent, after, d_drive, lam_v, lam_w, sums,
    n_time, n_batch, n_neurons, n_columns,
    SURROGATE: tl.constexpr, SLOPE: tl.constexpr, SUMS: tl.constexpr, ADAPTIVE: tl.constexpr, RECURRENT: tl.constexpr,
    ROWS: tl.constexpr, COLS: tl.constexpr, CHUNK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Back through time; grad, v and d_drive `(batch, neuron)` come in at the last step and lie behind the others.

    given: pseudo-derivatives, like v, only where SURROGATE is "given".
    `lam_*` come in as gradients of the last state and leave as those of the first. sums `(parameter, batch, neuron)`,
    only with SUMS: each one's gradients of alpha and theta, and of rho, a and b where ADAPTIVE. With RECURRENT grad
    leaves as the whole dL/dspikes; recurrent are then weights (to, from), after is dL/ddrive behind the last step.
    """
    row, k, at, inside = tile(n_batch, n_neurons, ROWS, COLS)
    keep, limit = tl.load(alpha + k, k < n_neurons), tl.load(theta + k, k < n_neurons)
    lowest, lv = tl.load(floor), tl.load(lam_v + at, inside)
    dv, later, moved, d_theta = tl.zeros_like(lv), tl.zeros_like(lv), tl.zeros_like(lv), tl.zeros_like(lv)
    if ADAPTIVE:
        slow, pull = tl.load(rho + k, k < n_neurons), tl.load(a + k, k < n_neurons)
        jump, lw = tl.load(b + k, k < n_neurons), tl.load(lam_w + at, inside)
        mu, d_rho, d_a, d_b = tl.zeros_like(lw), tl.zeros_like(lw), tl.zeros_like(lw), tl.zeros_like(lw)
    for _ in tl.range(n_time, num_stages=STAGES):
        g, u = tl.load(grad + at, inside), tl.load(v + at, inside)
        if RECURRENT:
            g = add_product(g, after, recurrent, row, k, n_batch, n_neurons, COLS, CHUNK)
            tl.store(grad + at, g, inside)
        free = u >= lowest
        u = tl.where(u < lowest, lowest, u)
        fired = u > limit
        lv = tl.where(fired, 0.0, lv)  # a spike resets: nothing is carried on
        if SUMS:
            moved += dv * (tl.where(fired, 0.0, u) - later)  # of the step after: where it came from, where it went
            later = u
        if ADAPTIVE:
            if SUMS:
                push = (1 - slow) * u
                d_rho += mu * (pull * push + tl.where(fired, jump, 0.0)) - lw * pull * u
                d_a += lw * push
                d_b += tl.where(fired, lw, 0.0)
                mu = lw + slow * mu
            g += lw * jump
            lv += lw * (1 - slow) * pull
        if SURROGATE == "given":
            through = g * tl.load(given + at, inside)
            given -= n_columns
        else:
            through = g * pseudo_derivative(u - limit, SURROGATE, SLOPE)
        d_theta -= through
        dv = tl.where(free, through + lv, 0.0)
        lv = keep * dv
        dx = (1 - keep) * dv
        if ADAPTIVE:
            lw = slow * lw - dx
        tl.store(d_drive + at, dx, inside)
        if RECURRENT:
            tl.debug_barrier()  # the step before reads what other threads of this program wrote
            after = d_drive
        grad -= n_columns
        v -= n_columns
        d_drive -= n_columns
    tl.store(lam_v + at, lv, inside)
    if ADAPTIVE:
        tl.store(lam_w + at, lw, inside)
    if SUMS:
        moved += dv * (tl.load(first_v + at, inside) - later)
        tl.store(sums + at, moved / (1 - keep), inside)
        tl.store(sums + n_columns + at, d_theta, inside)
        if ADAPTIVE:
            d_rho += mu * tl.load(first_w + at, inside)
            sums += 2 * n_columns
            tl.store(sums + at, d_rho, inside)
            tl.store(sums + n_columns + at, d_a, inside)
            tl.store(sums + 2 * n_columns + at, d_b, inside)


@no_type_check
@triton.jit
def leaky_forward(
    drive, alpha, first, v, n_time, n_batch, n_neurons, n_columns,
    ROWS: tl.constexpr, COLS: tl.constexpr, CHUNK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Leaky integrators through time: v[t] = lerp(drive[t], v[t-1], alpha)."""
    _, k, at, inside = tile(n_batch, n_neurons, ROWS, COLS)
    keep, state = tl.load(alpha + k, k < n_neurons), tl.load(first + at, inside)
    for _ in tl.range(n_time, num_stages=STAGES):
        x = tl.load(drive + at, inside)
        state = x + keep * (state - x)
        tl.store(v + at, state, inside)
        drive += n_columns
        v += n_columns


@no_type_check
@triton.jit
def leaky_backward(
    grad, v, alpha, first, d_drive, d_first, d_alpha, n_time, n_batch, n_neurons, n_columns,
    ROWS: tl.constexpr, COLS: tl.constexpr, CHUNK: tl.constexpr, STAGES: tl.constexpr,
):  # fmt: skip
    """Back through time; grad, v and d_drive come in at the last step. d_alpha `(batch, neuron)`: each one's own."""
    _, k, at, inside = tile(n_batch, n_neurons, ROWS, COLS)
    keep, start = tl.load(alpha + k, k < n_neurons), tl.load(first + at, inside)
    dv, later, moved = tl.zeros_like(start), tl.zeros_like(start), tl.zeros_like(start)
    for _ in tl.range(n_time, num_stages=STAGES):
        g, u = tl.load(grad + at, inside), tl.load(v + at, inside)
        moved += dv * (u - later)
        later = u
        dv = g + keep * dv
        tl.store(d_drive + at, (1 - keep) * dv, inside)
        grad -= n_columns
        v -= n_columns
        d_drive -= n_columns
    moved += dv * (start - later)
    tl.store(d_first + at, keep * dv, inside)
    tl.store(d_alpha + at, moved / (1 - keep), inside)
