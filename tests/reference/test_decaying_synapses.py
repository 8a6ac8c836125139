"""Synapses of order 1 and 2 in a recurrent network: spike times against an adaptive integrator that stops at events."""

import heapq

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from circuits.neuron.circuit import LIFCircuit
from circuits.transient import Connections, SpikeInput, population, simulate

US = 1e-6  # the integrator counts time in it
N, CHANNELS, DURATION, DELAY = 56, 8, 60.0, 1.0
TIMES = {1: ((2.0, None), (1.5, None)), 2: ((8.0, 4.0), (4.0, 2.0))}  # excitatory and inhibitory, us
CIRCUIT = LIFCircuit(c_mem=2e-15, g_leak=100e-12, t_refractory=0.6e-6, v_sink=-0.05)  # tau_mem 20 us
DRIVE = 0.018  # V/us, above rheobase / C


def chip(order: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Jumps (V) of all synapses, `(source, target)`, a fifth of the neurons inhibitory; spikes from outside."""
    jumps = rng.normal(0.0, 0.2, (CHANNELS + N, N)) * (rng.random((CHANNELS + N, N)) < 0.15)
    jumps[CHANNELS:] = np.abs(jumps[CHANNELS:])
    jumps[-N // 5 :] *= -2.0
    times = np.sort(rng.uniform(0, DURATION, 240))
    return jumps, times, rng.integers(0, CHANNELS, times.size)


def engine(order, jumps, times, channels):
    groups = []
    for sign, (tau, rise) in zip((1, -1), TIMES[order], strict=True):
        source, target = np.nonzero(sign * jumps > 0)
        charge = jumps[source, target] * CIRCUIT.c_mem
        course = {"tau": tau * US, "tau_rise": rise and rise * US}
        groups.append(Connections(source, target, charge, CHANNELS, DELAY * US, order=order, **course))
    return simulate(
        population(CIRCUIT, N), DURATION * US, i_in=DRIVE / US * CIRCUIT.c_mem,
        spikes_in=SpikeInput(times * US, channels, CHANNELS), connections=groups,
    )  # fmt: skip


class Integrator:
    """V and four currents of each neuron, from event to event; a neuron is free, held at reset, or at the rail."""

    def __init__(self, order, jumps, times, channels):
        self.y, self.mode = np.zeros((5, N)), np.full(N, "free", dtype=object)
        self.spikes, self.queue = [[] for _ in range(N)], []
        (tau_e, rise_e), (tau_i, rise_i) = TIMES[order]
        self.tau = np.array([tau_e, rise_e or 1.0, tau_i, rise_i or 1.0])[:, None]
        self.starts = [(1 / tau_e, 0.0), (1 / tau_i, 0.0)]
        if order == 2:
            self.starts = [(1 / (a - b), -1 / (a - b)) for a, b in TIMES[2]]
        self.jumps = jumps
        for time, channel in zip(times, channels, strict=True):
            heapq.heappush(self.queue, (time + DELAY, int(channel)))

    def slopes(self, y):
        return DRIVE + y[1:].sum(axis=0) - y[0] * CIRCUIT.g_leak / CIRCUIT.c_mem * US

    def right_side(self, _, flat):
        y = flat.reshape(5, N)
        return np.vstack((np.where(self.mode == "free", self.slopes(y), 0.0), -y[1:] / self.tau)).ravel()

    def events(self):
        """What may happen to each neuron, with the function that turns zero."""
        found = []
        for j in range(N):
            if self.mode[j] == "free":
                found.append(("spike", j, 1, lambda t, y, j=j: y[j] - CIRCUIT.v_threshold))
                found.append(("rail", j, -1, lambda t, y, j=j: y[j] - CIRCUIT.v_sink))
            elif self.mode[j] == "rail":
                found.append(("free", j, 1, lambda t, y, j=j: self.slopes(y.reshape(5, N))[j]))
        for _, _, direction, function in found:
            function.terminal, function.direction = True, direction
        return found

    def run(self):
        t = 0.0
        while t < DURATION:
            until, what = self.queue[0] if self.queue and self.queue[0][0] < DURATION else (DURATION, None)
            events = self.events()
            done = solve_ivp(
                self.right_side, (t, until), self.y.ravel(), "DOP853", events=[e[3] for e in events],
                rtol=1e-10, atol=1e-12,
            )  # fmt: skip
            t, self.y = done.t[-1], done.y[:, -1].reshape(5, N).copy()
            if done.status == 0 and what is not None:
                heapq.heappop(self.queue)
                self.arrive(what)
            for (kind, j, *_), hits in zip(events, done.t_events, strict=True):
                if hits.size:
                    self.happen(kind, j, t)
        return self.spikes

    def happen(self, kind, j, t):
        self.mode[j] = "held" if kind == "spike" else kind
        if kind == "spike":
            self.spikes[j].append(t)
            self.y[0, j] = CIRCUIT.v_reset
            heapq.heappush(self.queue, (t + DELAY, CHANNELS + j))
            heapq.heappush(self.queue, (t + CIRCUIT.t_refractory / US, -1 - j))

    def arrive(self, what):
        """A spike at its targets, or, below zero, the end of a neuron's refractory time."""
        if what < 0:
            self.mode[-1 - what] = "free"
            return
        row = self.jumps[what]
        for kind, jump in enumerate((np.maximum(row, 0.0), np.minimum(row, 0.0))):
            for part, start in enumerate(self.starts[kind]):
                self.y[1 + 2 * kind + part] += start * jump
        self.mode[(self.mode == "rail") & (self.slopes(self.y) > 0)] = "free"


@pytest.mark.parametrize("order", [1, 2])
def test_spike_times_of_a_recurrent_network_are_those_of_an_adaptive_integrator(order):
    jumps, times, channels = chip(order, np.random.default_rng(order))
    expected = Integrator(order, jumps, times, channels)
    trains = expected.run()
    run = engine(order, jumps, times, channels)
    assert sum(map(len, trains)) > 100
    assert [len(train) for train in trains] == list(run.counts)
    np.testing.assert_allclose(
        np.concatenate(run.trains), np.concatenate([np.array(train) for train in trains]) * US, rtol=1e-9
    )
