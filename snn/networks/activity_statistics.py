"""How a reservoir behaves: activity statistics of its spikes, and its memory in an approximate state space.

    dx/dt = A x + B u,   A = -diag(1 / tau) + W^T diag(1 / tau),   memory = -1 / max Re(eigenvalues of A)

x are the drives of the neurons in thresholds. A neuron well above its threshold fires once for every charge that fires
it, x / tau spikes a second, each of which brings W to its targets. Source: the idea of a memory time of a state-space
model, Gorad, Saraswat and Ganguly 2019 (arXiv 1901.06240); A is ours, from the circuit's own charges.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.network.spikes import SpikeTrains
from circuits.units import Hertz, Seconds


@dataclass(frozen=True)
class ActivityStatistics:
    """Means over clips and neurons; None for what has no value."""

    rate_hz: Hertz
    silent: float  # share of the neurons that never fire in any clip
    interval_variation: float | None  # standard deviation over mean of the intervals, neuron by neuron
    synchrony: float | None  # variance of the summed counts of 10 ms over the sum of their variances: 1 if independent
    sparsity: float  # share of the bins of 10 ms in which a neuron is silent


def activity_statistics(clips: Sequence[SpikeTrains], bin_width: Seconds = 0.010) -> ActivityStatistics:
    """Statistics of the spikes of the same neurons in several clips. Raises: InputError without clips."""
    if not clips:
        raise InputError("activity statistics need at least one clip")
    counts = [clip.binned(max(1, round(clip.duration / bin_width)), bin_width) for clip in clips]
    together = np.concatenate(counts)  # (bin, neuron)
    seconds = sum(clip.duration for clip in clips)
    parts = together.var(axis=0).sum()
    return ActivityStatistics(
        rate_hz=float(sum(clip.times.size for clip in clips) / seconds / clips[0].n_neurons),
        silent=float((together.sum(axis=0) == 0).mean()),
        interval_variation=_interval_variation(clips),
        synchrony=float(together.sum(axis=1).var() / parts) if parts > 0 else None,
        sparsity=float((together == 0).mean()),
    )


def _interval_variation(clips: Sequence[SpikeTrains]) -> float | None:
    """Mean over trains of at least three spikes."""
    values = []
    for clip in clips:
        for neuron in np.flatnonzero(clip.counts >= 3):
            intervals = np.diff(clip.train(neuron))
            values.append(intervals.std() / intervals.mean())
    return float(np.mean(values)) if values else None


def state_matrix(recurrent: np.ndarray, tau_mem: np.ndarray) -> np.ndarray:
    """A of the module's equation (1/s), `(neuron, neuron)`; recurrent `(from, to)`, tau_mem (s)."""
    return (np.asarray(recurrent).T - np.eye(len(tau_mem))) / np.asarray(tau_mem)


def memory_time(recurrent: np.ndarray, tau_mem: np.ndarray) -> Seconds:
    """The slowest decay of the state space (s); infinite where the recurrent gain keeps activity up by itself."""
    slowest = float(np.linalg.eigvals(state_matrix(recurrent, tau_mem)).real.max())
    return -1 / slowest if slowest < 0 else math.inf
