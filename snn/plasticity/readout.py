"""Readout neurons: LIF neurons of the chip, one a label, driven by the lines of a clip."""

import math
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds, freeze_si, ms, require


@dataclass(frozen=True)
class ReadoutNeuron:
    """A LIF neuron in speech time and in units of its swing: its threshold is 1, its reset 0.

    `v_floor` is the rail of inhibition. Every clip begins at rest: a signal from outside, which knows where a clip
    begins and ends, resets membranes and calcium and lets the bias current flow. Without it a biased neuron would fire
    through the silence between two clips, and its calcium with it.
    """

    tau_mem: Seconds = 64 * ms  # Source: the group's readout
    t_refractory: Seconds = 3 * ms  # Source: the group's readout
    v_floor: float = -1.0  # ASSUMED: the sink lies as far below the reset as the threshold above
    inhibition: float = 0.0  # what a spike takes from the membranes of the other readout neurons
    window: float = 0.0  # below threshold, in units of the swing: where the comparator draws its crowbar current
    bias: float = 0.0  # constant drive in units of the swing: where its current alone would take the membrane

    def __post_init__(self):
        freeze_si(self)
        require(self, "tau_mem", self.tau_mem > 0, "positive")
        require(self, "t_refractory", self.t_refractory >= 0, "zero or positive")
        require(self, "v_floor", self.v_floor <= 0, "zero or negative")
        require(self, "window", self.window >= 0, "zero or positive")


def by_time_bin(trains: SpikeTrains, n_bins: int, width: Seconds) -> SpikeTrains:
    """One line per bin of `width` (s) and neuron: line = bin n_neurons + neuron, silent outside its bin.

    Spikes after the last bin are left out.  Raises: InputError unless n_bins and width are positive.
    """
    if not (n_bins >= 1 and 0 < width < math.inf):
        raise InputError(f"by_time_bin needs n_bins and width to be positive, got {n_bins} and {width} s")
    bins = (trains.times / width).astype(np.int64)
    kept = bins < n_bins
    lines = bins[kept] * trains.n_neurons + trains.neurons[kept]
    return SpikeTrains(trains.times[kept], lines, n_bins * trains.n_neurons, trains.duration)


def winner(spikes: np.ndarray, potential: np.ndarray) -> np.ndarray:
    """Label with the most spikes, among equals the one whose membrane ends highest; (..., label) -> (...)."""
    ranked = np.where(spikes == spikes.max(-1, keepdims=True), potential, -np.inf)
    return np.asarray(ranked.argmax(-1))


def is_tied(spikes: np.ndarray) -> np.ndarray:
    """Whether several labels share the most spikes (none at all included), (..., label) -> (...)."""
    return np.asarray((spikes == spikes.max(-1, keepdims=True)).sum(-1) > 1)
