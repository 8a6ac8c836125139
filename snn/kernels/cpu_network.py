"""A whole network through time for one clip after another, event-driven: the form that evaluates and streams.

A step depends on nothing but the input and the state, so a clip cut into single steps gives the same bits as the whole
clip, alone or among others. `run_network` of `reference.py` defines the result.
"""

from collections.abc import Callable
from typing import no_type_check

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.compile import arrays_apart, float_of, inline, jit, lean_jit, widest_vectors
from snn.kernels import cpu_loops
from snn.kernels.cpu_products import add_rows, add_scaled_rows, list_active
from snn.kernels.packed import (
    ADAPTIVE,
    BAD_INPUT,
    BAD_STATE,
    FAN_IN,
    FIRST,
    GAIN,
    KIND,
    NEURONS,
    OVERFLOW,
    READOUT,
    RECURRENT,
    SIZE,
    SOUND,
    WEIGHT,
    Packed,
    check_input,
    check_outcome,
    pack,
    population,
    rest,
)
from snn.kernels.reference import Network, Watched
from snn.kernels.threads import n_threads, on_threads

CLIPS = 8  # run one after another by a thread before it takes the next ones


def run_network(
    x: Float[Tensor, "time batch channel"], network: Network
) -> tuple[Float[Tensor, "time batch label"], tuple[Float[Tensor, "time batch neuron"], ...]]:
    """Readout potentials and the spikes of every population from rest; equal to `reference.run_network`."""
    net = pack(network)
    spikes = np.empty((*x.shape[:2], net.n_spiking), net.numbers.dtype)

    def kernel(*arrays, part: slice) -> int:
        own = np.empty_like(spikes[:, part], order="C")
        outcome = advance(*arrays, own)
        spikes[:, part] = own
        return outcome

    potential = _run(x, net, kernel)
    return potential, torch.from_numpy(spikes).split(net.sizes, -1)


def watch_network(x: Float[Tensor, "time batch channel"], network: Network, window: float) -> Watched:
    """The same, and what the neurons did, counted as they run; equal to `reference.watch_network`."""
    net = pack(network)
    none, near = np.empty((0, 0, 0), net.numbers.dtype), net.numbers.dtype.type(window)
    counts = np.zeros((-(-x.shape[1] // CLIPS), 3, net.n_spiking))  # of each part, so that threads do not share one

    def kernel(*arrays, part: slice) -> int:
        return advance_counting(*arrays, none, near, counts[part.start // CLIPS])

    potential = _run(x, net, kernel)
    spikes, close, charge = (row.split(net.sizes) for row in torch.from_numpy(counts.sum(0)))
    return Watched(potential, spikes, close, charge[0] if network.encoder is not None else None)


def _run(x: Tensor, net: Packed, kernel: Callable[..., int]) -> Float[Tensor, "time batch label"]:
    """Readout potentials of all clips, in parts that the threads share.

    The kernel is handed contiguous arrays only, as by a stream: it is compiled anew for every other way they may lie.
    """
    array, n_batch = x.detach().numpy(), x.shape[1]
    check_input(array, net, n_batch)
    potential, state = np.empty((*array.shape[:2], net.n_labels), array.dtype), rest(net, n_batch)

    def work(part: slice) -> int:
        own = np.empty_like(potential[:, part], order="C")
        outcome = kernel(np.ascontiguousarray(array[:, part]), net.numbers, net.layout, state[part], own, part=part)
        potential[:, part] = own
        return outcome

    n = max(1, min(n_threads(), -(-n_batch // CLIPS)))
    parts = [slice(i, i + CLIPS) for i in range(0, n_batch, CLIPS)]
    check_outcome(max(on_threads(work, parts, n), default=SOUND))
    return torch.from_numpy(potential)


@no_type_check
@jit
def advance(x, numbers, layout, state, potential, spikes):
    """All clips through all steps; `state` is left at the last, `potential` `(time, batch, label)` is filled.

    spikes (out): `(time, batch, neuron)`, or without neurons if they are not wanted. Returns: SOUND, or what is not
    finite, where it stops: BAD_INPUT, BAD_STATE at the start, or OVERFLOW, which is a bad state at the end.
    """
    window, counts = float_of(numbers, 0), np.empty((3, 0))
    return advance_counting(x, numbers, layout, state, potential, spikes, window, counts)


@no_type_check
@jit
def advance_counting(x, numbers, layout, state, potential, spikes, window, counts):
    """`advance`, and counts `(3, neuron)` of what the neurons do are added to, if they have room for the neurons:
    spikes, steps that end within `window` below threshold or in a spike, and the charge of an encoder."""
    n = layout[-1, FIRST] + layout[-1, SIZE]
    rows, active, before = np.zeros((4, n), x.dtype), np.empty(n, np.int32), np.empty(max(n, x.shape[2]), np.int32)
    return _through_time(x, numbers, layout, state, potential, spikes, window, counts, rows, active, before)


@no_type_check
@lean_jit
def _through_time(x, numbers, layout, state, potential, spikes, window, counts, rows, active, before):
    """`advance_counting`, with two lists of spikes and rows of neurons: drive, potential before the reset, and what a
    clip's steps have counted, spikes and steps near threshold: exact, as no clip is 2^24 steps long."""
    n_time, n_batch, _ = x.shape
    first_label, n_counted, tally = layout[layout.shape[0] - 1, FIRST], counts.shape[1], rows[2:]
    for i in range(n_batch):
        v = state[i, 0]
        if not _sound(state[i]):
            return BAD_STATE
        for t in range(n_time):
            unsound = 0 * x[t, i, 0]
            for j in range(x.shape[2]):
                unsound += 0 * x[t, i, j]
            if unsound != 0:
                return BAD_INPUT
            _step(x[t, i], numbers, layout, state[i], rows, active, before)
            if n_counted:
                _count(numbers, layout, state[i], rows[0], window, tally, counts[2])
            for k in range(potential.shape[2]):
                potential[t, i, k] = v[first_label + k]
            for k in range(spikes.shape[2]):
                spikes[t, i, k] = state[i, 1, k]
        for what in range(2):
            for k in range(n_counted):
                counts[what, k] += tally[what, k]
                tally[what, k] = 0
        if not _sound(state[i]):
            return OVERFLOW
    return SOUND


@no_type_check
@inline
def _sound(state):
    """Whether all numbers are finite; counted, not summed, so that the compiler takes many at once."""
    bad = 0
    for row in range(state.shape[0]):
        for k in range(state.shape[1]):
            bad += 0 if abs(state[row, k]) < np.inf else 1
    return bad == 0


@no_type_check
@inline
def _count(numbers, layout, state, drive, window, tally, charge):
    """What all spiking neurons did in the step that led to `state`; drive: that of the step, an encoder's is used."""
    zero, one = float_of(drive, 0), float_of(drive, 1)
    for row in range(layout.shape[0] - 1):
        first, n = layout[row, FIRST], layout[row, SIZE]
        v, spikes, d = state[0, first : first + n], state[1, first : first + n], drive[first : first + n]
        n_spikes, n_near = tally[0, first : first + n], tally[1, first : first + n]
        _, p = population(numbers, layout[row, NEURONS], n, layout[row, ADAPTIVE] > 0)
        _add_up(v, spikes, p.v_threshold, window, n_spikes, n_near)
        if layout[row, KIND] == GAIN:
            for k in range(n):  # a sink draws nothing from the supply
                charge[k] += max(d[k] * (one - p.alpha[k]), zero)


@no_type_check
@inline
def _add_up(v, spikes, v_threshold, window, n_spikes, n_near):
    arrays_apart()
    widest_vectors()
    zero, one = float_of(v, 0), float_of(v, 1)
    for k in range(v.shape[0]):
        n_spikes[k] += spikes[k]
        n_near[k] += max(spikes[k], one if v[k] > v_threshold[k] - window else zero)


@no_type_check
@lean_jit
def _step(x, numbers, layout, state, rows, active, before):
    """One step of one clip through all populations; `state` `(3, neuron)` advances."""
    count = 0
    for row in range(layout.shape[0]):
        kind, first, n, fan_in = layout[row, KIND], layout[row, FIRST], layout[row, SIZE], layout[row, FAN_IN]
        at, loop, adaptive = layout[row, WEIGHT], layout[row, RECURRENT], layout[row, ADAPTIVE] > 0
        end = first + n
        d, u, v = rows[0, first:end], rows[1, first:end], state[0, first:end]
        s, w = state[1, first:end], state[2, first:end]
        here = layout[row, NEURONS]
        if kind == READOUT:
            bias, alpha = numbers[here : here + n], numbers[here + n : here + 2 * n]
        else:
            bias, p = population(numbers, here, n, adaptive)
        for k in range(n):
            d[k] = bias[k]
        if kind == GAIN:
            per_channel, gain = n // fan_in, numbers[at : at + n]
            for j in range(fan_in):
                for k in range(j * per_channel, (j + 1) * per_channel):
                    u[k] = x[j]
            for k in range(n):
                d[k] += gain[k] * u[k]
        elif row == 0:
            weights = numbers[at : at + fan_in * n].reshape(fan_in, n)
            add_scaled_rows(x, before, list_active(x, before), weights, d)
        else:
            add_rows(active, 0, count, numbers[at : at + fan_in * n].reshape(fan_in, n), d)
        if kind == READOUT:
            for k in range(n):
                v[k] = d[k] + alpha[k] * (v[k] - d[k])
            return
        if loop >= 0:
            add_rows(before, 0, list_active(s, before), numbers[loop : loop + n * n].reshape(n, n), d)
        if adaptive:
            cpu_loops.move_adapting(d, p, v, s, w, u)
        else:
            cpu_loops.move(d, p, v, s, u)
        count = list_active(s, active)
