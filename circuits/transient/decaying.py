"""One step of neurons whose synaptic currents decay exponentially: all at once, then those with events alone.

The neurons are linear, and between edges their potential is the closed form of `passage.py`. The curve leaves the
straight line between the ends of a step by at most M h^2 / 8 with M >= |d2V/dt2|: a neuron that is farther from every
level reaches none. Any other is advanced alone, where a passage is found however short it is, so that no spike is
missed. At the rail V rests until its slope there turns positive, at a time that is found too.

Two things are seen at the end of a step only: a neuron that leaves the rail and is back within the same step, and one
that rises into the crowbar window and falls back out, which then draws no crowbar current.
"""

from math import expm1, inf
from typing import NamedTuple

import numpy as np

from circuits.compile import ordered_inline, ordered_jit
from circuits.transient.passage import LARGEST_DECAY, faded, first_passage, membrane, phi_wide
from circuits.transient.step import advance


class Decays(NamedTuple):
    """Synaptic currents that decay, over C (V/s), by time constant; changed in place except for the first three."""

    rate: np.ndarray  # (decay,) 1 / tau (1/s)
    kept: np.ndarray  # (decay,) part that a step leaves
    duration: float  # of the run (s)
    slope: np.ndarray  # (decay, neuron) now
    before: np.ndarray  # (decay, neuron) at the start of the step
    sums: np.ndarray  # (5, neuron) of one step, see `_add_decay`
    alone: np.ndarray  # (2, decay) of one neuron, and their derivatives


@ordered_inline
def advance_all_decaying(constants, decays, state, slopes, h, step, before, events):
    """Every neuron one step, and which of them may have reached threshold, window or rail."""
    sums = decays.sums
    moving, inflow, bend, least, most = sums[0], sums[1], sums[2], sums[3], sums[4]
    sums[:] = 0.0
    for j in range(before.size):
        moving[j] = min(max((step + 1) * h - state.free_at[j], 0.0), h)
    for m in range(decays.rate.size):
        _add_decay(decays.rate[m], decays.kept[m], decays.slope[m], decays.before[m], constants.leak, decays.sums)
    for j in range(before.size):
        v, leak, v_sink = state.v[j], constants.leak[j], constants.v_sink[j]
        f = slopes[j] + state.pulses[j] - leak * v
        free = advance(v, moving[j], f, -leak) + inflow[j]
        margin = (1.0 + LARGEST_DECAY) / 8.0 * moving[j] * moving[j] * (leak * abs(f) + bend[j])
        at_rail = f + leak * (v - v_sink)
        rests = (v <= v_sink) & (at_rail + most[j] <= 0.0)
        sinks = (min(v, free) - margin < v_sink) & (at_rail + least[j] < 0.0) & (not rests)
        v_after = max(free, v_sink)
        before[j], state.v[j] = v, v_after
        entered_or_left = (v > constants.v_window[j]) != (v_after > constants.v_window[j])
        events[j] = entered_or_left | (max(v, v_after) + margin >= constants.v_threshold[j]) | sinks


@ordered_inline
def _add_decay(rate, kept, slope, before, leak, sums):
    """One more current: what it adds to V, to the bound of |d2V/dt2|, and to the least and the most of its slope.

    A neuron is held first and then moves, so that exp(-r h) of the current flows at the end in any case.
    """
    moving, inflow, bend, least, most = sums[0], sums[1], sums[2], sums[3], sums[4]
    for j in range(slope.size):
        old, new = slope[j], slope[j] * kept
        inflow[j] += new * moving[j] * phi_wide((rate - leak[j]) * moving[j])
        bend[j] += (leak[j] + rate) * abs(old)
        least[j] += min(old, new)
        most[j] += max(old, new)
        before[j], slope[j] = old, new


@ordered_jit
def advance_alone_decaying(
    constants, decays, state, drive, h, step, j, edges, chain, edge, v, times, neurons, n_spikes
):
    """One neuron from `v` through one step again, from event to event; returns the number of spikes so far."""
    levels = constants.v_threshold[j], constants.v_sink[j], constants.v_window[j]
    leak, rates, slopes, free_at = constants.leak[j], decays.rate, decays.alone[0], state.free_at[j]
    for m in range(slopes.size):
        slopes[m] = decays.before[m, j]
    t, end = step * h, (step + 1) * h
    while t < end and n_spikes < times.size:
        until = min(max(edges[edge, 0], t), end) if edge >= 0 else end
        if free_at > t:  # held at reset
            held = min(free_at, until)
            _fade(slopes, rates, held - t)
            t = held
        elif until > t:
            flow = drive + state.pulses[j]
            if v <= levels[1]:
                resting = _rest(v, flow, leak, decays, until - t)
                _fade(slopes, rates, resting)
                t += resting
            moving, v_after, spikes, inside = _move(levels, v, flow, leak, slopes, rates, max(until - t, 0.0))
            if (v > levels[2]) != (v_after > levels[2]):
                state.window[j] += t + inside if v > levels[2] else -t - inside
            _fade(slopes, rates, moving)
            t, v = (t + moving, v_after) if spikes or t + moving < until else (until, v_after)
            if spikes:
                state.window[j] += t if v > levels[2] else 0.0
                free_at, v = t + constants.t_refractory[j], constants.v_reset[j]
                times[n_spikes], neurons[n_spikes] = t, j
                n_spikes += 1
        if edge >= 0 and t >= until and until < end:
            _begin(edges[edge], j, t, decays, state)
            edge = chain[edge]
    state.v[j], state.free_at[j] = v, free_at
    for m in range(slopes.size):
        decays.slope[m, j] = slopes[m]
    return n_spikes


@ordered_inline
def _move(levels, v, flow, leak, slopes, rates, span):
    """Time (s) to threshold, rail or the end of `span`, V then, whether it spikes, time to the edge of the window."""
    v_threshold, v_sink, v_window = levels
    up = first_passage(v_threshold, v, flow, leak, slopes, rates, span, 1.0)
    down = first_passage(v_sink, v, flow, leak, slopes, rates, span, -1.0) if v > v_sink else inf
    moving = min(up, down, span)
    if moving == up:
        v_after = v_threshold
    elif moving == down:
        v_after = v_sink
    else:
        v_after = max(membrane(span, v, flow, leak, slopes, rates)[0], v_sink)
    if (v > v_window) == (v_after > v_window):
        return moving, v_after, moving == up, 0.0
    inside = first_passage(v_window, v, flow, leak, slopes, rates, moving, -1.0 if v > v_window else 1.0)
    return moving, v_after, moving == up, min(inside, moving)


@ordered_inline
def _rest(v, flow, leak, decays, span):
    """Time (s) at the rail, until the slope there turns positive: a sum of exponentials as V is, so found as V's."""
    slopes, turning = decays.alone[0], decays.alone[1]
    slope = flow - leak * v
    for m in range(slopes.size):
        slope += slopes[m]
        turning[m] = -decays.rate[m] * slopes[m]
    return min(first_passage(0.0, slope, 0.0, 0.0, turning, decays.rate, span, 1.0), span) if slope < 0.0 else 0.0


@ordered_inline
def _fade(slopes, rates, t):
    for m in range(rates.size):
        slopes[m] = faded(slopes[m], rates[m], t)


@ordered_inline
def _begin(edge, j, t, decays, state):
    """A current begins, or a pulse ends; of an exponential the supply pays what flows until the end of the run."""
    decay = int(edge[3])
    if decay < 0:
        state.pulses[j] += edge[1]
        state.synaptic[j] += edge[2]
    else:
        decays.alone[0, decay] += edge[1]
        state.synaptic[j] -= edge[2] * expm1(decays.rate[decay] * (t - decays.duration))
