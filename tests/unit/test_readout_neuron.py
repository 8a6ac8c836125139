"""Lines gated by time and the answer of spiking readouts."""

import numpy as np
import pytest

from circuits.network.spikes import SpikeTrains, spike_trains
from snn.plasticity.readout import ReadoutNeuron, by_time_bin, is_tied, winner


def test_lines_of_time_bins_count_what_the_bins_count():
    rng = np.random.default_rng(0)
    trains = spike_trains([np.sort(rng.uniform(0, 0.9, n)) for n in (30, 0, 22)], 0.9)
    lines = by_time_bin(trains, 8, 0.1)
    assert (lines.n_neurons, lines.duration) == (24, 0.9)
    np.testing.assert_array_equal(lines.counts.reshape(8, 3), trains.binned(8, 0.1))
    np.testing.assert_array_equal(lines.times, trains.times[trains.times < 0.8])


@pytest.mark.parametrize(("n_bins", "width"), [(0, 0.1), (3, 0.0), (3, np.inf)])
def test_bins_without_extent_are_refused(n_bins, width):
    with pytest.raises(ValueError, match="by_time_bin needs"):
        by_time_bin(SpikeTrains(np.zeros(0), np.zeros(0, int), 1, 1.0), n_bins, width)


def test_most_spikes_win_and_the_membrane_decides_ties_only():
    spikes = np.array([[3, 5, 4], [4, 2, 4], [0, 0, 0]])
    potential = np.array([[0.9, -1.0, 0.9], [0.2, 0.9, 0.3], [-3.0, -2.0, -2.5]])
    np.testing.assert_array_equal(winner(spikes, potential), [1, 2, 1])
    np.testing.assert_array_equal(is_tied(spikes), [False, True, True])


@pytest.mark.parametrize("change", [{"tau_mem": 0.0}, {"t_refractory": -1e-3}, {"v_floor": 0.1}])
def test_bad_neurons_are_named(change):
    with pytest.raises(ValueError, match=rf"ReadoutNeuron\.{next(iter(change))} must be"):
        ReadoutNeuron(**change)
