"""What the bench of a network drives it with, and what it then expects: spikes that do not hang on a hair.

A membrane that only just reaches its threshold spikes or not by the last digits of a solver, and all that follows with
it. So a stimulus is tried with thresholds and charges a little off; the first that no spike moves under is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from circuits.netlist.deck_of_network import longest_step
from circuits.netlist.expected import spike_times, spikes_and_potentials
from circuits.network.spec import NetworkSpec
from circuits.network.stimulus import Stimulus, n_signals
from circuits.network.wiring import Wiring
from circuits.units import Seconds

BENCH_SPIKES = 6  # of a neuron, on average, after which the bench of a network ends
BENCH_STEPS = 200  # time steps of the network, after which it ends at the latest
SIGN_STEPS = 15  # after which a signal changes its sign
MOST_SPIKES = 50  # of a neuron, on average: what is silent then stays silent
LEAST_SPIKES = 1  # of each neuron that spikes
STRENGTHS = (1, 2, 4, 8, 16, 32, 64)
SEEDS = 3  # stimuli that are tried
LONGER = 1.25  # than the first: how far the others are looked at
# How far a solver may be off, so what moves by as much proves nothing: ngspice ends a pulse within 2 ns of 1 us
THRESHOLD_SHIFT, CHARGE_SHIFT = 3e-4, 2e-3  # of each threshold; of each synapse's charge, up or down
DRAWS = 2  # of which synapses are up, and which down
SHIFT_BINS = 0.25  # how far a spike may move by them
SPREAD = (0.75, 1.25)  # of the signals of a stimulus


@dataclass(frozen=True, eq=False)
class Expected:
    """What a stimulus makes of a network.

    `until` is how far the spikes of a neuron are sure, `(neuron,)` (s); infinite where all of them are. What comes
    later hangs on a hair of threshold or charge, its own or that of a neuron before it.
    """

    stimulus: Stimulus
    spikes: tuple[np.ndarray, ...]  # s, of every neuron
    potentials: np.ndarray  # V, at the end
    until: np.ndarray

    @property
    def fragile(self) -> int:
        """Neurons with spikes that are not sure."""
        return int(np.isfinite(self.until).sum())


def default_stimulus(net: NetworkSpec, wiring: Wiring, seeds: int = SEEDS) -> Expected:
    """Signals of either sign, or regular spikes, and what they make of the network.

    The weakest of `STRENGTHS` at which most neurons spike; a strength of 1 is a signal of about 1 or a spike on each
    channel every fourth step. It ends between two spikes, `BENCH_SPIKES` for each neuron later if it lasts so long.
    The first of `seeds` whose spikes are all sure, else the one with the most neurons of which they are.
    """
    strength, spikes = _driven(net, wiring)
    best = expected(wiring, _ended(wiring, regular(net, strength), spikes))
    for seed in range(1, seeds):
        if not best.fragile:
            break
        tried = regular(net, strength, seed)
        tried = replace(tried, duration=min(tried.duration, LONGER * best.stimulus.duration))
        found = expected(wiring, _ended(wiring, tried, spike_times(wiring, tried)))
        best = found if found.fragile < best.fragile else best
    return best


def expected(wiring: Wiring, stimulus: Stimulus) -> Expected:
    """Spikes and potentials of a stimulus, and how far they are the same in `disturbed` networks."""
    spikes, potentials = spikes_and_potentials(wiring, stimulus)
    until = np.full(wiring.n_neurons, np.inf)
    tolerance = SHIFT_BINS * bench_bin(wiring, stimulus)
    for near in disturbed(wiring):
        others = spike_times(near, stimulus)
        until = np.minimum(until, [_same_until(*pair, tolerance) for pair in zip(spikes, others, strict=True)])
    return Expected(stimulus, spikes, potentials, until)


def disturbed(wiring: Wiring) -> Iterator[Wiring]:
    """The network with thresholds and synapses a little away, each draw of signs and its contrary."""
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        signs = rng.choice((-1.0, 1.0), wiring.synapses.shape)
        for way in (-1, 1):
            yield replace(
                wiring,
                v_threshold=wiring.v_threshold * (1 + way * THRESHOLD_SHIFT),
                synapses=wiring.synapses * (1 + way * CHARGE_SHIFT * signs),
            )


def bench_bin(wiring: Wiring, stimulus: Stimulus) -> Seconds:
    """How far a simulated spike may lie from the expected one: two of the longest steps."""
    return 2 * longest_step(wiring, stimulus)


def regular(net: NetworkSpec, strength: float, seed: int = 0) -> Stimulus:
    """Signals that differ from line to line, so that neurons do not spike together, and of either sign in turn.

    Each seed has other ones, or other times on each channel.
    """
    interval_s, channels, signals = 4 * net.dt / strength, net.n_external, n_signals(net)
    phases = (np.arange(channels) + 0.5) / max(channels, 1)
    levels = np.linspace(*SPREAD, signals)
    if seed:
        rng = np.random.default_rng(seed)
        phases, levels = rng.uniform(0, 1, channels), rng.uniform(*SPREAD, signals)
    times = interval_s * np.arange(int(BENCH_STEPS * strength // 4))
    trains = tuple(times + interval_s * phase for phase in phases)
    signs = np.where(np.arange(BENCH_STEPS) // SIGN_STEPS % 2, -1.0, 1.0)
    return Stimulus(BENCH_STEPS * net.dt, trains, None if channels else strength * signs[:, None] * levels)


def _driven(net: NetworkSpec, wiring: Wiring) -> tuple[float, tuple[np.ndarray, ...]]:
    """The strength of the first stimulus, and its spikes (s)."""
    most, strength, spikes = -1, STRENGTHS[0], ()
    for tried in STRENGTHS:
        trains = spike_times(wiring, regular(net, tried))
        n_spikes, n_firing = sum(map(len, trains)), sum(len(times) > 0 for times in trains)
        if n_firing > most:
            most, strength, spikes = n_firing, tried, trains
        if n_firing == wiring.spiking.sum() or n_spikes > MOST_SPIKES * wiring.n_neurons:
            break
    return strength, spikes


def _ended(wiring: Wiring, stimulus: Stimulus, spikes: tuple[np.ndarray, ...]) -> Stimulus:
    """It ends half-way between two spikes, after enough of all and `LEAST_SPIKES` of every neuron that has so many."""
    fired = np.sort(np.concatenate(spikes))
    apart = np.diff(fired) > 4 * bench_bin(wiring, stimulus)
    own = max((times[min(LEAST_SPIKES, len(times)) - 1] for times in spikes if len(times)), default=0.0)
    enough = (np.arange(len(fired)) >= BENCH_SPIKES * wiring.spiking.sum()) & (fired >= own)
    late = np.flatnonzero(enough[:-1] & apart)
    return replace(stimulus, duration=float(fired[late[0] : late[0] + 2].mean())) if late.size else stimulus


def _same_until(times: np.ndarray, others: np.ndarray, tolerance: Seconds) -> Seconds:
    """Half-way to the first spike of either that the other has elsewhere, or not at all; infinite without one."""
    n = min(len(times), len(others))
    apart = np.flatnonzero(np.abs(times[:n] - others[:n]) > tolerance)
    k = int(apart[0]) if apart.size else n
    first = min((train[k] for train in (times, others) if len(train) > k), default=np.inf)
    return float((first + (times[k - 1] if k else 0.0)) / 2)
