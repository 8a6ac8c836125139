"""Spikes of one clip as plain data: what a chip, a simulator and a learning rule hand to each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.units import Seconds, freeze_si, require


@dataclass(frozen=True, eq=False)
class SpikeTrains:
    """Spikes of `n_neurons` neurons within `duration` (s): times (s), ascending, and the neuron of each."""

    times: np.ndarray  # (spike,), s
    neurons: np.ndarray  # (spike,), 0 .. n_neurons - 1
    n_neurons: int
    duration: Seconds

    def __post_init__(self):
        freeze_si(self)
        require(self, "duration", self.duration > 0, "positive")
        times, neurons = np.asarray(self.times, dtype=float), np.asarray(self.neurons, dtype=np.int64)
        if times.ndim != 1 or times.shape != neurons.shape:
            raise InputError(f"SpikeTrains has times {times.shape} and neurons {neurons.shape}; give one neuron each")
        if times.size and not (np.isfinite(times).all() and times[0] >= 0 and (np.diff(times) >= 0).all()):
            raise InputError("SpikeTrains.times must be finite (s), from 0 on and ascending; sort them")
        if neurons.size and not (neurons.min() >= 0 and neurons.max() < self.n_neurons):
            raise InputError(f"SpikeTrains.neurons must lie in 0..{self.n_neurons - 1}, got {neurons.max()}")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "neurons", neurons)

    @property
    def counts(self) -> np.ndarray:
        """Spikes of each neuron, `(neuron,)`."""
        return np.bincount(self.neurons, minlength=self.n_neurons)

    def train(self, neuron: int) -> np.ndarray:
        """Spike times of one neuron (s)."""
        return self.times[self.neurons == neuron]

    def select(self, first: int, last: int) -> "SpikeTrains":
        """The neurons from `first` up to before `last`, counted from 0 anew."""
        kept = (self.neurons >= first) & (self.neurons < last)
        return SpikeTrains(self.times[kept], self.neurons[kept] - first, last - first, self.duration)

    def binned(self, n_bins: int, width: Seconds) -> np.ndarray:
        """Counts in `n_bins` bins of `width` (s) from 0 on, `(bin, neuron)`; what comes later is left out."""
        bins = (self.times / width).astype(np.int64)
        kept = bins < n_bins
        counts = np.zeros((n_bins, self.n_neurons))
        np.add.at(counts, (bins[kept], self.neurons[kept]), 1.0)
        return counts


def spike_trains(trains: Sequence[np.ndarray], duration: Seconds) -> SpikeTrains:
    """From one array of times (s) per neuron."""
    neurons = np.repeat(np.arange(len(trains)), [len(times) for times in trains])
    times = np.concatenate([np.asarray(times, dtype=float) for times in trains]) if len(trains) else np.zeros(0)
    order = np.argsort(times, kind="stable")
    return SpikeTrains(times[order], neurons[order], len(trains), duration)
