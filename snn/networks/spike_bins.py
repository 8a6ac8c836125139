"""Spikes to features: counts of each neuron in bins of time."""

from collections.abc import Sequence

import numpy as np

from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds
from snn.recipes.reservoir_recipe import ReadoutConfig


def bin_width(trains: SpikeTrains, config: ReadoutConfig) -> Seconds:
    """Width of a bin (s): a fixed one, or an equal part of the clip."""
    return config.width_s if config.bins == "fixed" else trains.duration * (1 + 1e-12) / config.n_bins


def count_features(clips: Sequence[SpikeTrains], config: ReadoutConfig) -> np.ndarray:
    """Counts, `(clip, bin * neuron)`, bin after bin."""
    return np.stack([clip.binned(config.n_bins, bin_width(clip, config)).ravel() for clip in clips])


def total_counts(clips: Sequence[SpikeTrains]) -> np.ndarray:
    """Spikes of each neuron in the whole clip, `(clip, neuron)`."""
    return np.stack([clip.counts.astype(float) for clip in clips])
