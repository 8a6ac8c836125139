"""The time loop: all neurons of a block one step on, and those in which something happens event by event.

A step advances every neuron by the equation of `step.py`, many at once. A neuron that spikes, enters or leaves the
crowbar window, or sees an edge of a pulse within the step is advanced again alone, from one such event to the next.
Where synaptic currents decay, `decaying.py` takes both parts of the step.
"""

from typing import NamedTuple

import numpy as np

from circuits.compile import arrays_apart, ordered_inline, ordered_jit, widest_vectors
from circuits.transient.decaying import advance_all_decaying, advance_alone_decaying
from circuits.transient.edges import deliver, ordered
from circuits.transient.step import advance, behind_junction, fast_exp, overdrive, time_to, tunnelling, tunnelling_of

SPIKES_PER_STEP = 4  # of a neuron, on average over a block, and a burst besides: with more the step is too long
BURST = 1024


class Constants(NamedTuple):
    """Per neuron; slopes are currents over C (V/s)."""

    v_threshold: np.ndarray
    v_reset: np.ndarray
    v_sink: np.ndarray
    v_window: np.ndarray  # from here up to threshold the inverter draws its crowbar current
    t_refractory: np.ndarray
    leak: np.ndarray  # g_leak / C (1/s)


class Tunnel(NamedTuple):
    """Per neuron; None in its place where the current does not follow the body and is part of the drive."""

    u_0: np.ndarray
    k: np.ndarray
    b: np.ndarray
    p: np.ndarray


class Junction(NamedTuple):
    """Per neuron; None in its place where no current depends on the potential between drain and body."""

    v_ds: np.ndarray
    c: np.ndarray
    scale: np.ndarray


class State(NamedTuple):
    """Per neuron, changed in place."""

    v: np.ndarray
    free_at: np.ndarray  # end of the refractory time (s)
    pulses: np.ndarray  # slope of the synaptic pulses that flow now (V/s)
    tunnelled: np.ndarray  # tunnelling charge so far, over C (V)
    synaptic: np.ndarray  # excitatory charge so far, over C (V)
    window: np.ndarray  # times of leaving the crowbar window, less times of entering it (s)


class Start(NamedTuple):
    """Per neuron, of the step in progress: the potential that it began with, and u, B/u and exp(-B/u) there."""

    v: np.ndarray
    u: np.ndarray
    ratio: np.ndarray
    exponential: np.ndarray


@ordered_jit
def run(constants, tunnel, junction, state, start, drive, steps_per_row, h, synapses, decays, outside, probes, limit):
    """Advance a block from t = 0; returns spike times, their neurons, traces `(step + 1, probe)`, and steps done.

    drive: `(row, neuron)` slopes, each row lasting `steps_per_row` steps.   h: `(neuron,)` steps (s).
    It stops before a step that would exceed `limit` spikes, and in one with more than `SPIKES_PER_STEP` per neuron.
    """
    n, room, steps = h.size, SPIKES_PER_STEP * h.size + BURST, drive.shape[0] * steps_per_row
    # a bare 0 would be a type of its own, for which all that takes it is compiled besides
    times, neurons, n_spikes = np.empty(room), np.empty(room, np.int64), np.int64(0)
    traces = np.empty((steps + 1, probes.size))
    events = np.zeros(n + 7 & -8, np.uint8)
    words = events.view(np.uint64)  # eight neurons looked at together: events are rare
    edges, chain, first = np.empty((16, 4)), np.empty(16, np.int64), np.full(n, -1, np.int64)
    cursors = np.zeros((0 if synapses is None else synapses.delay.size, 4), np.int64)
    for row in range(drive.shape[0]):
        slopes = drive[row]
        for step in range(row * steps_per_row, (row + 1) * steps_per_row):
            for i in range(probes.size):
                traces[step, i] = state.v[probes[i]]
            if n_spikes + room > times.size:
                times, neurons = _doubled(times), _doubled(neurons)
            if decays is None:
                _advance_all(constants, tunnel, junction, state, start, slopes, h, step, synapses, events)
            else:
                advance_all_decaying(constants, decays, state, slopes, h[0], step, start.v, events)
            if synapses is not None:
                end = (step + 1) * h[0]
                edges, chain = deliver(synapses, outside, times, neurons, n_spikes, cursors, end, edges, chain, first)
                for j in range(n):
                    events[j] |= first[j] >= 0
            begun = n_spikes
            for word in range(words.size):
                if words[word]:
                    for j in range(8 * word, 8 * word + 8):
                        if not events[j]:
                            continue
                        if decays is None and first[j] < 0 and state.v[j] < constants.v_threshold[j]:
                            _pass_window(constants, tunnel, junction, state, start, slopes[j], h[j], step, j)
                        elif decays is None:
                            n_spikes = _advance_alone(
                                constants, tunnel, junction, state, start, slopes[j], h[j], step, j,
                                edges, chain, first[j], times, neurons, n_spikes,
                            )  # fmt: skip
                        else:
                            n_spikes = advance_alone_decaying(
                                constants, decays, state, slopes[j], h[j], step, j,
                                edges, chain, first[j], start.v[j], times, neurons, n_spikes,
                            )  # fmt: skip
            if n_spikes >= times.size or n_spikes > limit:
                return times[:0], neurons[:0], traces, step
            if synapses is not None:
                ordered(times, neurons, begun, n_spikes)
    for i in range(probes.size):
        traces[steps, i] = state.v[probes[i]]
    return times[:n_spikes], neurons[:n_spikes], traces, steps


@ordered_inline
def _advance_all(constants, tunnel, junction, state, start, slopes, h, step, synapses, events):
    """Every neuron one step, and which of them spiked, or entered or left the window.

    Plain loops, in which the compiler takes eight neurons at once; short ones, because the processor looks ahead over
    some hundred operations, and each of them waits for the one before.
    """
    arrays_apart()
    widest_vectors()
    n = h.size
    if tunnel is not None:
        for j in range(n):
            start.u[j], start.ratio[j] = overdrive(state.v[j], tunnel.u_0[j], tunnel.k[j], tunnel.b[j])
        for j in range(n):
            start.exponential[j] = fast_exp(-start.ratio[j])
    for j in range(n):
        v = state.v[j]
        moving = min(max((step + 1) * h[j] - state.free_at[j], 0.0), h[j])
        f, jacobian = slopes[j] - constants.leak[j] * v, -constants.leak[j]
        if synapses is not None:
            f += state.pulses[j]
        if tunnel is not None:
            i, di = tunnelling_of(start.u[j], start.ratio[j], start.exponential[j], tunnel.k[j], tunnel.p[j])
            if junction is not None:
                i, di = behind_junction(i, di, v, junction.v_ds[j], junction.c[j], junction.scale[j])
            f, jacobian = f + i, jacobian + di
            state.tunnelled[j] += i * h[j]
        v_after = max(advance(v, moving, f, jacobian), constants.v_sink[j])
        start.v[j], state.v[j] = v, v_after
        entered_or_left = (v > constants.v_window[j]) != (v_after > constants.v_window[j])
        events[j] = entered_or_left | (v_after >= constants.v_threshold[j])


@ordered_inline
def _advance_alone(
    constants, tunnel, junction, state, start, drive, h, step, j, edges, chain, edge, times, neurons, n_spikes
):
    """One neuron through one step again, from event to event; returns the number of spikes so far.

    Its arrays are read once and written once: reading them in the loop costs more than the arithmetic.
    """
    v_threshold, v_reset, v_sink = constants.v_threshold[j], constants.v_reset[j], constants.v_sink[j]
    v_window, t_refractory, leak = constants.v_window[j], constants.t_refractory[j], constants.leak[j]
    free_at, pulses, synaptic = state.free_at[j], state.pulses[j], 0.0
    t, end, v = step * h, (step + 1) * h, start.v[j]
    u_0, k, b, p = _tunnel_of(tunnel, j)
    i, di = _start_of(tunnel, junction, start, j)
    window = 0.0  # times of leaving it less times of entering it
    tunnelled = -0.5 * h * i  # all have added h i: trapezoidal rule up to here, then anew
    while t < end and n_spikes < times.size:
        until = min(max(edges[edge, 0], t), end) if edge >= 0 else end
        f, jacobian = i + drive + pulses - leak * v, di - leak
        if free_at > t:  # held at reset: what tunnels in is drained
            held = min(free_at, until)
            tunnelled += i * (held - t)
            t = held
        elif until > t:
            moving = until - t
            v_after = max(advance(v, moving, f, jacobian), v_sink)
            spikes = v_after >= v_threshold
            if spikes:
                rise = time_to(v_threshold, v, f, jacobian) if v < v_threshold else 0.0
                moving, v_after = min(rise, moving), v_threshold
            if (v > v_window) != (v_after > v_window):
                passed = t + min(time_to(v_window, v, f, jacobian), moving)
                window += passed if v > v_window else -passed
            if spikes and v_threshold > v_window:
                window += t + moving
            tunnelled += i * moving + 0.5 * moving * moving * di * f
            t, v = (t + moving, v_reset) if spikes else (until, v_after)
            if tunnel is not None:
                i, di = tunnelling(v, u_0, k, b, p)
            if junction is not None:
                i, di = behind_junction(i, di, v, junction.v_ds[j], junction.c[j], junction.scale[j])
            if spikes:
                free_at = t + t_refractory
                times[n_spikes], neurons[n_spikes] = t, j
                n_spikes += 1
        if edge >= 0 and t >= until and until < end:
            pulses += edges[edge, 1]
            synaptic += edges[edge, 2]
            edge = chain[edge]
    state.v[j], state.free_at[j], state.pulses[j] = v, free_at, pulses
    state.tunnelled[j] += tunnelled - 0.5 * h * i
    state.synaptic[j] += synaptic
    state.window[j] += window
    return n_spikes


@ordered_inline
def _pass_window(constants, tunnel, junction, state, start, drive, h, step, j):
    """Note when a neuron without any other event entered or left the window."""
    v, v_window, leak = start.v[j], constants.v_window[j], constants.leak[j]
    i, di = _start_of(tunnel, junction, start, j)
    end = (step + 1) * h
    moving = min(end - state.free_at[j], h)
    rise = time_to(v_window, v, i + drive + state.pulses[j] - leak * v, di - leak)
    passed = end - moving + min(rise, moving)
    state.window[j] += passed if v > v_window else -passed


@ordered_inline
def _tunnel_of(tunnel, j):
    """u_0, k, B and p of a neuron; p = 0 where the drive holds the tunnelling current."""
    return (tunnel.u_0[j], tunnel.k[j], tunnel.b[j], tunnel.p[j]) if tunnel is not None else (1.0, 0.0, 1.0, 0.0)


@ordered_inline
def _start_of(tunnel, junction, start, j):
    """Tunnelling slope of a neuron at the start of the step, and its derivative."""
    if tunnel is None:
        return 0.0, 0.0
    i, di = tunnelling_of(start.u[j], start.ratio[j], start.exponential[j], tunnel.k[j], tunnel.p[j])
    if junction is None:
        return i, di
    return behind_junction(i, di, start.v[j], junction.v_ds[j], junction.c[j], junction.scale[j])


@ordered_jit
def _doubled(array):
    """A copy of twice the length."""
    larger = np.empty(2 * array.size, array.dtype)
    for k in range(array.size):
        larger[k] = array[k]
    return larger
