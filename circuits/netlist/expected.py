"""What the netlist of a network should show: its spikes, from event to event.

Between two events every current is constant, so each membrane is an exponential and its threshold crossing a logarithm:

    V(t) = V_inf + (V - V_inf) exp(-t g / C),   V_inf = I / g

Exact but for rounding and free of any step, so it is an independent check of a circuit simulator. An adaptation voltage
is held over at most a part of the stimulus, `ADAPTIVE_STEPS`, and between two events.
"""

import math
from heapq import heappop, heappush

import numpy as np

from circuits.errors import InputError, WorkError
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring
from circuits.units import Seconds

ADAPTIVE_STEPS = 20_000
NEXT_ROW = -1  # among the lines of the changes
MAX_EVENTS = 1_000_000  # far beyond what a circuit simulator would finish


def spike_times(wiring: Wiring, stimulus: Stimulus) -> tuple[np.ndarray, ...]:
    """Spike times (s) of every neuron within the stimulus, in the order of `wiring.names`; none for a readout.

    Raises:  as `spikes_and_potentials`.
    """
    return spikes_and_potentials(wiring, stimulus)[0]


def spikes_and_potentials(wiring: Wiring, stimulus: Stimulus) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Spike times (s) of every neuron within the stimulus, and the potentials at its end, `(neuron,)` (V).

    Raises:  InputError for a circuit with a body factor; WorkError beyond `MAX_EVENTS` events.
    """
    if wiring.circuit.follows_body:
        raise InputError(
            f"body_factor = {wiring.circuit.body_factor:g} and drain_body = {wiring.circuit.device.drain_body:g} V^3: "
            "no membrane is an exponential; give the expected spikes"
        )
    n, circuit, t = wiring.n_neurons, wiring.circuit, 0.0
    longest = stimulus.duration / ADAPTIVE_STEPS if wiring.adaptive.any() else math.inf
    v, w, held = np.full(n, circuit.v_reset), np.zeros(n), np.full(n, -math.inf)  # refractory until
    pulse_end = np.full(len(wiring.synapses), -math.inf)
    changes, spikes = _changes(wiring, stimulus), [[] for _ in range(n)]
    for _ in range(MAX_EVENTS):
        current = input_current(wiring, stimulus, t) + wiring.synapses[pulse_end > t].sum(axis=0) - wiring.g_leak * w
        crossing = t + np.where(held > t, math.inf, _time_to_threshold(wiring, v, current))
        ends = np.concatenate((held, pulse_end))
        event = min(ends[ends > t].min(initial=math.inf), changes[0][0] if changes else math.inf, t + longest)
        event = min(event, stimulus.duration)
        fired = int(np.argmin(crossing)) if crossing.min(initial=math.inf) <= event else None
        event = event if fired is None else max(crossing[fired], t)
        before, v = v, np.where(held > t, circuit.v_reset, _relaxed(wiring, v, current, event - t))
        followed = wiring.coupling * ((before + v) / 2 - circuit.v_reset)
        w -= np.expm1(-(event - t) / wiring.tau_adapt) * (followed - w)
        t = event
        if t >= stimulus.duration:
            return tuple(np.array(times) for times in spikes), v
        if fired is not None:
            v[fired], w[fired], held[fired] = circuit.v_reset, w[fired] + wiring.jump[fired], t + circuit.t_refractory
            heappush(changes, (t + wiring.delay, wiring.n_external + fired))
            spikes[fired].append(t)
        while changes and changes[0][0] <= t:
            _, line = heappop(changes)
            if line != NEXT_ROW:
                pulse_end[line] = t + wiring.t_pulse
    raise WorkError(f"more than {MAX_EVENTS} events in {stimulus.duration:g} s; shorten the stimulus")


def input_current(wiring: Wiring, stimulus: Stimulus, t: Seconds) -> np.ndarray:
    """Bias and signal current of every neuron at time t (A), `(n,)`; every signal is 1 where none is given."""
    if stimulus.signal is None:
        return wiring.bias + wiring.signal.sum(axis=0)
    row = min(int(t / wiring.dt * (1 + 1e-12)), len(stimulus.signal) - 1)  # a row begins at its time, not before
    return wiring.bias + stimulus.signal[row] @ wiring.signal


def _changes(wiring: Wiring, stimulus: Stimulus) -> list[tuple[Seconds, int]]:
    """When the input changes, ascending, so a heap: the line whose pulse begins, or `NEXT_ROW` of the signal."""
    rows = 0 if stimulus.signal is None else len(stimulus.signal)
    changes = [(row * wiring.dt, NEXT_ROW) for row in range(1, rows)]
    changes += [(float(t) + wiring.delay, channel) for channel, times in enumerate(stimulus.spikes) for t in times]
    return sorted(changes)


def _time_to_threshold(wiring: Wiring, v: np.ndarray, current: np.ndarray) -> np.ndarray:
    """`rise_time` from v to threshold, for all neurons at once (s)."""
    i_net = current - wiring.g_leak * wiring.v_threshold
    fires = wiring.spiking & (i_net > 0)
    i_net = np.where(fires, i_net, 1.0)
    dv = wiring.v_threshold - v
    x = wiring.g_leak * dv / i_net
    shape = np.where(x == 0, 1.0, np.log1p(x) / np.where(x == 0, 1.0, x))
    return np.where(fires, wiring.circuit.c_mem * dv / i_net * shape, math.inf)


def _relaxed(wiring: Wiring, v: np.ndarray, current: np.ndarray, dt: Seconds) -> np.ndarray:
    """Membranes after dt at constant currents; a sink stops at v_sink, a readout has none."""
    x = wiring.g_leak * dt / wiring.circuit.c_mem
    gain = np.where(x == 0, 1.0, -np.expm1(-x) / np.where(x == 0, 1.0, x)) * dt / wiring.circuit.c_mem
    later = v * np.exp(-x) + gain * current
    return np.where(wiring.spiking, np.maximum(later, wiring.circuit.v_sink), later)
