"""What a simulation gives back, and how far two of them lie apart."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from circuits.ledger import Ledger


@dataclass(frozen=True, eq=False)
class Transient:
    """What a population did.

    duration:  `(neuron,)`, simulated time (s).
    own_times, own_neurons:  `(spike,)`, as they were found: in order of time for each neuron, not among them.
    energy:  of the supplies over the whole run, see `neuron_ledger`, each part `(neuron,)`.
    v:  `(neuron,)`, potential at the end (V).   step:  `(neuron,)`, the steps taken (s).
    traces:  potential of the recorded neurons at `trace_times`, `(time, probe)` (V).
    step_error:  largest change of a spike time when the step was last halved, as a part of it; None if it never was.
    """

    duration: np.ndarray
    own_times: np.ndarray
    own_neurons: np.ndarray
    energy: Ledger[np.ndarray]
    v: np.ndarray
    step: np.ndarray
    trace_times: np.ndarray
    traces: np.ndarray
    step_error: float | None = None

    @cached_property
    def spike_times(self) -> np.ndarray:
        """Times of all spikes, in order (s)."""
        return self.own_times[self._order]

    @cached_property
    def spike_neurons(self) -> np.ndarray:
        """The neuron of each of them."""
        return self.own_neurons[self._order]

    @cached_property
    def counts(self) -> np.ndarray:
        """Spikes of each neuron, `(neuron,)`."""
        return np.bincount(self.own_neurons, minlength=self.v.size)

    def train(self, neuron: int) -> np.ndarray:
        """Spike times of one neuron (s)."""
        return self.own_times[self.own_neurons == neuron]

    @property
    def trains(self) -> list[np.ndarray]:
        """Spike times of each neuron (s)."""
        return np.split(self._by_neuron[0], np.cumsum(self.counts)[:-1])

    @property
    def period(self) -> np.ndarray:
        """Mean interval between the first and the last spike, `(neuron,)` (s); NaN with less than two."""
        times, counts = self._by_neuron[0], self.counts
        last = np.cumsum(counts) - 1
        first, period, twice = last - counts + 1, np.full(counts.size, math.nan), counts > 1
        period[twice] = (times[last[twice]] - times[first[twice]]) / (counts[twice] - 1)
        return period

    @cached_property
    def _order(self) -> np.ndarray:
        return np.lexsort((self.own_neurons, self.own_times))

    @cached_property
    def _by_neuron(self) -> tuple[np.ndarray, np.ndarray]:
        """Spike times and neurons, neuron after neuron."""
        order = np.argsort(self.own_neurons, kind="stable")
        return self.own_times[order], self.own_neurons[order]

    def difference(self, other: "Transient") -> float:
        """Largest |t - t'| / t over all spikes; infinite where one has a spike that the other lacks.

        A spike that comes just before the end of the one run and would come just after that of the other is no
        difference: it counts by its distance from the end.
        """
        common = np.minimum(self.counts, other.counts)
        kept, late = zip(*(run._split(common) for run in (self, other)), strict=True)
        change = np.max(np.abs(kept[0] - kept[1]) / kept[1], initial=0.0)
        return float(max(change, *late)) if np.abs(self.counts - other.counts).max(initial=0) <= 1 else math.inf

    def _split(self, common: np.ndarray) -> tuple[np.ndarray, float]:
        """The first `common` spikes of each neuron, and how far the first one more lies before the end, over it."""
        times, neurons = self._by_neuron
        rank = np.arange(times.size) - (np.cumsum(self.counts) - self.counts)[neurons]
        more = rank >= common[neurons]
        end = self.duration[neurons[more]]
        return times[~more], float(np.max((end - times[more]) / end, initial=0.0))
