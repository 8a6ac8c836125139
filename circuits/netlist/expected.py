"""What the netlist of a network should show: its spikes, from event to event.

Between two events every current is constant, so each membrane is an exponential and its threshold crossing a logarithm:

    V(t) = V_inf + (V - V_inf) exp(-t g / C),   V_inf = I / g

Exact but for rounding and free of any step, so it is an independent check of a circuit simulator. An adaptation voltage
is held over at most a part of the stimulus, `ADAPTIVE_STEPS`, and between two events.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from circuits.errors import InputError, WorkError
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring
from circuits.units import Seconds

if TYPE_CHECKING:
    from circuits.netlist.event_loop import Cells, Driven

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
    from circuits.netlist.event_loop import run_events  # compiled, so only where it is used

    longest = stimulus.duration / ADAPTIVE_STEPS if wiring.adaptive.any() else math.inf
    who, when, potentials, ended = run_events(_cells(wiring), _driven(wiring, stimulus), longest, MAX_EVENTS)
    if not ended:
        raise WorkError(f"more than {MAX_EVENTS} events in {stimulus.duration:g} s; shorten the stimulus")
    return tuple(when[who == i] for i in range(wiring.n_neurons)), potentials


def input_current(wiring: Wiring, stimulus: Stimulus, t: Seconds) -> np.ndarray:
    """Bias and signal current of every neuron at time t (A), `(n,)`; every signal is 1 where none is given."""
    if stimulus.signal is None:
        return wiring.bias + wiring.signal.sum(axis=0)
    row = min(int(t / wiring.dt * (1 + 1e-12)), len(stimulus.signal) - 1)  # a row begins at its time, not before
    return wiring.bias + stimulus.signal[row] @ wiring.signal


def _cells(wiring: Wiring) -> "Cells":
    from circuits.netlist.event_loop import Cells

    circuit = wiring.circuit
    names = ("spiking", "g_leak", "v_threshold", "tau_adapt", "coupling", "jump", "synapses")
    arrays = (np.ascontiguousarray(getattr(wiring, name)) for name in names)
    times = (circuit.t_refractory, wiring.t_pulse, wiring.delay)
    return Cells(*arrays, *map(float, (circuit.c_mem, circuit.v_reset, circuit.v_sink, *times)))


def _driven(wiring: Wiring, stimulus: Stimulus) -> "Driven":
    """The currents of each row, and all changes of the input, ascending."""
    from circuits.netlist.event_loop import Driven

    rows = 1 if stimulus.signal is None else len(stimulus.signal)
    currents = np.array([input_current(wiring, stimulus, row * wiring.dt) for row in range(rows)])
    changes = [(row * wiring.dt, NEXT_ROW) for row in range(1, rows)]
    changes += [(float(t) + wiring.delay, channel) for channel, times in enumerate(stimulus.spikes) for t in times]
    times, lines = zip(*sorted(changes), strict=True) if changes else ((), ())
    return Driven(currents, float(wiring.dt), np.array(times, float), np.array(lines, np.int64), stimulus.duration)
