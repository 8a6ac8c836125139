"""The loop of `expected.spikes_and_potentials`, compiled: from event to event, exponentials between them."""

import math
from typing import NamedTuple

import numpy as np

from circuits.compile import exact_jit


class Cells(NamedTuple):
    """Every neuron, `(n,)` where no other shape is given; SI units, as `Wiring` and its circuit have them."""

    spiking: np.ndarray
    g_leak: np.ndarray
    v_threshold: np.ndarray
    tau_adapt: np.ndarray
    coupling: np.ndarray
    jump: np.ndarray
    synapses: np.ndarray  # (line, n)
    c_mem: float
    v_reset: float
    v_sink: float
    t_refractory: float
    t_pulse: float
    delay: float


class Driven(NamedTuple):
    """What drives them: currents of each row `(row, n)`, `dt` apart, and when pulses begin, ascending.

    lines: whose pulse it is, `(change,)`; -1: none, a row begins there.
    """

    currents: np.ndarray
    dt: float
    times: np.ndarray  # (change,)
    lines: np.ndarray
    duration: float


@exact_jit
def run_events(cells, driven, longest, most):
    """Neuron and time of every spike, the potentials at the end, and whether it was reached in so many events."""
    n, n_lines = cells.g_leak.size, cells.synapses.shape[0]
    v, w, held = np.full(n, cells.v_reset), np.zeros(n), np.full(n, -math.inf)  # refractory until
    pulse_end, current = np.full(n_lines, -math.inf), np.empty(n)
    who, when, n_spikes, arrived, change, t = np.empty(most, np.int64), np.empty(most), 0, 0, 0, 0.0
    for _ in range(most):
        row = min(int(t / driven.dt * (1 + 1e-12)), len(driven.currents) - 1)  # a row begins at its time, not before
        event = min(t + longest, driven.duration)
        if change < driven.times.size:
            event = min(event, driven.times[change])
        if arrived < n_spikes:
            event = min(event, when[arrived] + cells.delay)
        for i in range(n):
            current[i] = driven.currents[row, i] - cells.g_leak[i] * w[i]
        for line in range(n_lines):
            if pulse_end[line] > t:
                event = min(event, pulse_end[line])
                for i in range(n):
                    current[i] += cells.synapses[line, i]
        first, fired = math.inf, -1
        for i in range(n):
            if held[i] > t:
                event = min(event, held[i])
                continue
            crossing = t + _time_to_threshold(cells, i, v[i], current[i])
            if crossing < first:
                first, fired = crossing, i
        if first <= event:
            event = max(first, t)
        else:
            fired = -1
        for i in range(n):
            before = v[i]
            v[i] = cells.v_reset if held[i] > t else _relaxed(cells, i, v[i], current[i], event - t)
            followed = cells.coupling[i] * ((before + v[i]) / 2 - cells.v_reset)
            w[i] -= math.expm1(-(event - t) / cells.tau_adapt[i]) * (followed - w[i])
        t = event
        if t >= driven.duration:
            return who[:n_spikes], when[:n_spikes], v, True
        if fired >= 0:
            v[fired], held[fired] = cells.v_reset, t + cells.t_refractory
            w[fired] += cells.jump[fired]
            who[n_spikes], when[n_spikes] = fired, t
            n_spikes += 1
        while change < driven.times.size and driven.times[change] <= t:
            if driven.lines[change] >= 0:
                pulse_end[driven.lines[change]] = t + cells.t_pulse
            change += 1
        while arrived < n_spikes and when[arrived] + cells.delay <= t:  # one delay for all, so in their order
            pulse_end[n_lines - n + who[arrived]] = t + cells.t_pulse
            arrived += 1
    return who[:n_spikes], when[:n_spikes], v, False


@exact_jit
def _time_to_threshold(cells, i, v, current):
    """`rise_time` from v to threshold (s)."""
    i_net = current - cells.g_leak[i] * cells.v_threshold[i]
    if not (cells.spiking[i] and i_net > 0):
        return math.inf
    dv = cells.v_threshold[i] - v
    x = cells.g_leak[i] * dv / i_net
    shape = 1.0 if x == 0 else math.log1p(x) / x
    return cells.c_mem * dv / i_net * shape


@exact_jit
def _relaxed(cells, i, v, current, dt):
    """A membrane after dt at a constant current; a sink stops at v_sink, a readout has none."""
    x = cells.g_leak[i] * dt / cells.c_mem
    gain = (1.0 if x == 0 else -math.expm1(-x) / x) * dt / cells.c_mem
    later = v * math.exp(-x) + gain * current
    return max(later, cells.v_sink) if cells.spiking[i] else later
