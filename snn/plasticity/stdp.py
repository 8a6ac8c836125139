"""Pair-based spike-timing-dependent plasticity, event by event over the spikes of a clip.

    a pair of one spike before and one after, t_post - t_pre = d:   +a_plus exp(-d / tau_plus)     d > 0
                                                                    -a_minus exp(d / tau_minus)    d < 0

All pairs count (traces add up); simultaneous spikes are no pair. Within a clip the weights stay; what the clip asks for
is applied after it. Source: Song, Miller and Abbott 2000; traces as in Morrison, Diesmann and Gerstner 2008.
"""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np

from circuits.compile import exact_jit
from circuits.errors import InputError
from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds, freeze_si, ms, require
from snn.plasticity.grid import LevelGrid


@dataclass(frozen=True)
class STDPRule:
    """Amplitudes are levels per pair on a grid, or the probability of switching per pair of a binary synapse."""

    a_plus: float = 0.01  # ASSUMED
    a_minus: float = 0.0105  # Source: Song et al. 2000, area ratio 1.05 of depression to potentiation
    tau_plus: Seconds = 20 * ms  # Source: Song et al. 2000
    tau_minus: Seconds = 20 * ms  # Source: Song et al. 2000

    def __post_init__(self):
        freeze_si(self)
        for name in ("tau_plus", "tau_minus"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("a_plus", "a_minus"):
            require(self, name, getattr(self, name) >= 0, "zero or positive")


def stdp_updates(trains: SpikeTrains, source: np.ndarray, target: np.ndarray, rule: STDPRule) -> np.ndarray:
    """The sum over all pairs of each synapse, `(synapse,)`.

    Args:  source, target: neuron before and after each synapse, `(synapse,)`; one neuron may be both.
    Raises:  InputError where a synapse ends at a neuron that the trains do not have.
    """
    source, target = np.asarray(source, dtype=np.int64), np.asarray(target, dtype=np.int64)
    for name, ends in (("source", source), ("target", target)):
        if ends.shape != source.shape or ends.ndim != 1:
            raise InputError(f"source and target must be (synapse,), got {source.shape} and {target.shape}")
        if ends.size and not (ends.min() >= 0 and ends.max() < trains.n_neurons):
            raise InputError(f"{name} must lie in 0..{trains.n_neurons - 1}, got {ends.min()}..{ends.max()}")
    outgoing, incoming = _fan(source, trains.n_neurons), _fan(target, trains.n_neurons)
    taus = (rule.tau_plus, rule.tau_minus)
    return _pairs(trains.times, trains.neurons, outgoing, incoming, source, target, rule.a_plus, rule.a_minus, taus)


def apply(
    weights: np.ndarray, eligibility: np.ndarray, grid: LevelGrid, rng: np.random.Generator
) -> tuple[np.ndarray, int, int]:
    """Latch what a clip asks for: each synapse moves by `eligibility` levels, the fraction of a level by chance.

    So a binary synapse switches with probability |eligibility|; away from the ends the mean move is the eligibility.
    Returns:  the new weights `(synapse,)`, on the grid, how many were written, and the levels changed in all.
    """
    before = grid.index(weights)
    moved = np.floor(eligibility + rng.random(before.shape)).astype(np.int64)
    after = np.clip(before + moved, 0, grid.n_levels - 1)
    levels = np.abs(after - before)
    return grid.value(after), int(np.count_nonzero(levels)), int(levels.sum())


def _fan(ends: np.ndarray, n_neurons: int) -> tuple[np.ndarray, np.ndarray]:
    """Synapses sorted by the neuron at one of their ends, and where each neuron's begin, `(neuron + 1,)`."""
    return np.argsort(ends, kind="stable"), np.searchsorted(np.sort(ends), np.arange(n_neurons + 1))


@no_type_check
@exact_jit
def _pairs(times, neurons, outgoing, incoming, source, target, a_plus, a_minus, taus):
    """Traces of the spikes so far, one a neuron and sign; each group of simultaneous spikes sees those before it."""
    n_neurons = outgoing[1].size - 1
    plus, minus, seen = np.zeros(n_neurons), np.zeros(n_neurons), np.zeros(n_neurons)
    eligibility = np.zeros(source.size)
    first = 0
    while first < times.size:
        now, last = times[first], first
        while last < times.size and times[last] == now:
            last += 1
        for spike in range(first, last):
            neuron = neurons[spike]
            for k in range(incoming[1][neuron], incoming[1][neuron + 1]):
                before = source[incoming[0][k]]
                eligibility[incoming[0][k]] += a_plus * plus[before] * np.exp((seen[before] - now) / taus[0])
            for k in range(outgoing[1][neuron], outgoing[1][neuron + 1]):
                after = target[outgoing[0][k]]
                eligibility[outgoing[0][k]] -= a_minus * minus[after] * np.exp((seen[after] - now) / taus[1])
        for spike in range(first, last):
            neuron = neurons[spike]
            plus[neuron] = 1 + plus[neuron] * np.exp((seen[neuron] - now) / taus[0])
            minus[neuron] = 1 + minus[neuron] * np.exp((seen[neuron] - now) / taus[1])
            seen[neuron] = now
        first = last
    return eligibility
