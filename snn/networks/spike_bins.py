"""Spikes to features: counts of each neuron in bins of time."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds
from snn.plasticity.readout import by_time_bin
from snn.settings import section


@section
class ReadoutBins:
    """Bins of time, from whose spike counts a linear readout tells the word."""

    n_bins: int = Field(10, ge=1, le=1000)
    bins: Literal["clip", "fixed"] = "clip"  # time bins over the whole clip, whose end is then known; or of `width_s`
    width_s: float = Field(0.050, gt=0)

    @property
    def duration(self) -> Seconds:
        """How long the bins of a clip take a readout that replays them."""
        return self.n_bins * self.width_s

    def width(self, trains: SpikeTrains) -> Seconds:
        """Width of a bin (s): a fixed one, or its share of the clip."""
        return self.width_s if self.bins == "fixed" else trains.duration * (1 + 1e-12) / self.n_bins

    def listening(self, clips: Sequence[SpikeTrains]) -> Seconds:
        """How long a readout waits before that, mean over clips: time bins over a clip are known at its end."""
        return 0.0 if self.bins == "fixed" else float(np.mean([clip.duration for clip in clips]))


def count_features(clips: Sequence[SpikeTrains], bins: ReadoutBins) -> np.ndarray:
    """Counts, `(clip, bin * neuron)`, bin after bin."""
    return np.stack([clip.binned(bins.n_bins, bins.width(clip)).ravel() for clip in clips])


def total_counts(clips: Sequence[SpikeTrains]) -> np.ndarray:
    """Spikes of each neuron in the whole clip, `(clip, neuron)`."""
    return np.stack([clip.counts.astype(float) for clip in clips])


def gated(clips: Sequence[SpikeTrains], bins: ReadoutBins) -> list[SpikeTrains]:
    """One line for each bin of time and neuron, silent outside its bin: the address counter of a weight memory.

    Time bins over a clip are known at its end: its spikes are then replayed at one pace, `width_s` a bin.
    """
    return [by_time_bin(_at_pace(clip, bins), bins.n_bins, bins.width_s) for clip in clips]


def _at_pace(clip: SpikeTrains, bins: ReadoutBins) -> SpikeTrains:
    """The clip in the readout's own time: every clip lasts as long as all bins, so a bias current counts alike."""
    pace = 1.0 if bins.bins == "fixed" else bins.width_s / bins.width(clip)
    return SpikeTrains(clip.times * pace, clip.neurons, clip.n_neurons, bins.duration)
