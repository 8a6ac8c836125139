"""Spike counts in bins of time: nothing is lost in equal parts of a clip, fixed bins keep what fits."""

import numpy as np
import pytest

from circuits.network.spikes import SpikeTrains, spike_trains
from snn.networks.spike_bins import ReadoutBins, count_features, gated, total_counts


def clips(n=6, n_neurons=5) -> list[SpikeTrains]:
    rng = np.random.default_rng(0)
    made = []
    for duration in rng.uniform(0.2, 1.5, n):
        trains = [np.sort(rng.uniform(0, duration, rng.integers(0, 40))) for _ in range(n_neurons)]
        made.append(spike_trains(trains, duration))
    return made


@pytest.mark.parametrize("n_bins", [1, 3, 10, 97])
def test_equal_parts_keep_every_spike(n_bins):
    config = ReadoutBins(n_bins=n_bins)
    counts = count_features(clips(), config).reshape(len(clips()), n_bins, 5)
    np.testing.assert_array_equal(counts.sum(axis=1), total_counts(clips()))
    assert sum(clip.times.size for clip in gated(clips(), config)) == counts.sum()


@pytest.mark.parametrize("duration", [0.3, 1.0, 0.7, 1 / 3, 1e-6])
def test_a_spike_at_the_very_end_falls_into_the_last_part(duration):
    clip = SpikeTrains(np.array([0.0, duration]), np.array([0, 0]), 1, duration)
    np.testing.assert_array_equal(count_features([clip], ReadoutBins(n_bins=4)), [[1, 0, 0, 1]])


def test_features_go_bin_after_bin_and_each_spike_counts_where_it_is():
    clip = spike_trains([np.array([0.01, 0.012]), np.array([0.26])], 0.4)  # parts of 0.1 s
    np.testing.assert_array_equal(count_features([clip], ReadoutBins(n_bins=4)), [[2, 0, 0, 0, 0, 1, 0, 0]])


def test_fixed_bins_drop_what_comes_after_the_last_and_fill_short_clips_with_silence():
    config = ReadoutBins(bins="fixed", n_bins=4, width_s=0.1)
    long, short = spike_trains([np.array([0.05, 0.35, 0.45, 0.9])], 1.0), spike_trains([np.array([0.05])], 0.1)
    np.testing.assert_array_equal(count_features([long, short], config), [[1, 0, 0, 1], [1, 0, 0, 0]])
    assert config.width(long) == config.width(short) == 0.1


def test_the_online_rule_sees_the_same_counts_as_least_squares():
    for config in (ReadoutBins(n_bins=7), ReadoutBins(n_bins=7, bins="fixed", width_s=0.06)):
        lines = np.stack([clip.counts for clip in gated(clips(), config)])
        np.testing.assert_array_equal(lines, count_features(clips(), config))


def test_parts_of_a_clip_are_replayed_at_the_pace_of_fixed_bins():
    clip = spike_trains([np.array([0.05, 0.95])], 1.0)
    replayed = gated([clip], ReadoutBins(n_bins=10, width_s=0.05))[0]
    np.testing.assert_allclose(replayed.times, [0.025, 0.475], rtol=1e-9)
    assert replayed.duration == pytest.approx(0.5)
