"""Compiled neuron dynamics for the CPU (Numba): all time steps of a layer in one pass.

The arithmetic is that of `snn/neurons`: v = lerp(drive - w, v, alpha), floor, spike, hard reset; `reference.py` defines
it and tests compare. Arrays are `(time, batch, neuron)`, any strides but the last; every call releases the GIL.
The run-time type checks of the tests stay out of compiled code (`no_type_check`).
"""

from typing import NamedTuple, no_type_check

import numpy as np

from circuits.compile import arrays_apart, float_of, inline, jit, lean_jit, widest_vectors
from snn.kernels.cpu_products import DENSE_FROM, add_rows, dense_product, list_active


class Neurons(NamedTuple):
    """What the neurons of a layer are, each `(neuron,)`; rho, a, b are empty without adaptation.

    Where a potential was held at `v_floor`, `below`, the next number, is noted: nothing moves it there.
    """

    alpha: np.ndarray
    v_threshold: np.ndarray
    rho: np.ndarray
    a: np.ndarray
    b: np.ndarray
    v_floor: np.floating
    below: np.floating


class States(NamedTuple):
    """What a layer remembers between steps, each `(batch, neuron)`."""

    v: np.ndarray
    spikes: np.ndarray
    w: np.ndarray


class Record(NamedTuple):
    """What is kept of every step; each but `v` may be empty.

    v: potential before the reset. w: adaptation before the step. spikes: also where v exceeds the threshold.
    start, index: the columns that spiked in row m = t batch + i are index[start[m]:start[m + 1]].
    """

    v: np.ndarray
    w: np.ndarray
    spikes: np.ndarray
    start: np.ndarray
    index: np.ndarray


def neurons(alpha, v_threshold, rho, a, b, v_floor: float) -> Neurons:
    """`Neurons` of arrays of one type."""
    limit = alpha.dtype.type(v_floor)
    return Neurons(alpha, v_threshold, rho, a, b, limit, np.nextafter(limit, alpha.dtype.type(-np.inf)))


@no_type_check
@inline
def move(x, p, v, spikes, u):
    """One step of one clip's membranes on the drive x; u (out): potential before the reset. No two share memory."""
    arrays_apart()
    widest_vectors()
    for k in range(x.shape[0]):
        _settle(x[k], p, v, spikes, u, k)


@no_type_check
@inline
def move_adapting(x, p, v, spikes, w, u):
    """The same on the drive x - w, and behind it one step of the adaptation, w = lerp(a v, w, rho) + b spike."""
    arrays_apart()
    widest_vectors()
    for k in range(x.shape[0]):
        _settle(x[k] - w[k], p, v, spikes, u, k)
        y = p.a[k] * max(u[k], p.v_floor)
        w[k] = y + p.rho[k] * (w[k] - y) + p.b[k] * spikes[k]


@no_type_check
@inline
def _settle(drive, p, v, spikes, u, k):
    """v = lerp(drive, v, alpha) of one neuron, held at the floor; a spike resets it."""
    zero, one = float_of(v, 0), float_of(v, 1)
    y = drive + p.alpha[k] * (v[k] - drive)
    held = y < p.v_floor
    y = p.v_floor if held else y
    fired = y > p.v_threshold[k]
    u[k] = p.below if held else y
    spikes[k] = one if fired else zero
    v[k] = zero if fired else y


@no_type_check
@jit
def forward(drive, bias, p, recurrent, state, record):
    """Run a layer through time; `state` comes in as the first and leaves as the last, `record` is filled.

    bias `(neuron,)`, recurrent `(neuron, neuron)`: empty where there is none. record.v may be drive itself.
    """
    _, n_batch, n = drive.shape
    x, lists, count = np.empty(n, drive.dtype), np.empty((n_batch, n), np.int32), np.zeros(n_batch, np.int64)
    product = np.empty((n_batch, n if recurrent.shape[0] else 0), drive.dtype)
    _through_time(drive, bias, p, recurrent, state, record, x, lists, count, product)


@no_type_check
@lean_jit
def _through_time(drive, bias, p, recurrent, state, record, x, lists, count, product):
    """`forward`, with room for the drive of a clip, lists of spikes and their number, and a dense product."""
    n_time, n_batch, n = drive.shape
    end = 0
    if recurrent.shape[0]:
        for i in range(n_batch):
            count[i] = list_active(state.spikes[i], lists[i])
    for t in range(n_time):
        n_spikes = 0
        for i in range(n_batch):
            n_spikes += count[i]
        dense = recurrent.shape[0] > 0 and n_spikes >= DENSE_FROM * n_batch * n
        if dense:
            dense_product(state.spikes, recurrent, product)
        for i in range(n_batch):
            for k in range(n):
                x[k] = drive[t, i, k]
            for k in range(bias.shape[0]):
                x[k] += bias[k]
            if dense:
                for k in range(n):
                    x[k] += product[i, k]
            elif recurrent.shape[0]:
                add_rows(lists[i], 0, count[i], recurrent, x)
            if p.rho.shape[0]:
                for k in range(n):
                    record.w[t, i, k] = state.w[i, k]
                move_adapting(x, p, state.v[i], state.spikes[i], state.w[i], record.v[t, i])
            else:
                move(x, p, state.v[i], state.spikes[i], record.v[t, i])
            if recurrent.shape[0]:
                count[i] = list_active(state.spikes[i], lists[i])
            if record.start.shape[0]:
                record.start[t * n_batch + i] = end
                end += list_active(state.spikes[i], record.index[end:])
            for k in range(record.spikes.shape[2]):
                record.spikes[t, i, k] = state.spikes[i, k]
    if record.start.shape[0]:
        record.start[n_time * n_batch] = end
