"""Spikes matched one to one: no other pairing matches more, and what is missing or surplus counts."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from circuits.netlist.match import match_spikes, pooled
from circuits.network.spikes import SpikeTrains, spike_trains

SECOND = 1.0


def trains(*times):
    return spike_trains([np.asarray(train, dtype=float) for train in times], SECOND)


@pytest.mark.parametrize("seed", range(20))
def test_no_matching_of_a_graph_has_more_pairs(seed):
    """Hopcroft and Karp on the graph of all pairs within a bin; the bin is longer than many intervals."""
    rng = np.random.default_rng(seed)
    expected, simulated = (np.sort(rng.random(rng.integers(1, 60))) for _ in range(2))
    within = np.abs(expected[:, None] - simulated) <= 0.03
    pairs = int((maximum_bipartite_matching(csr_array(within), perm_type="column") >= 0).sum())
    matching = match_spikes(trains(expected), trains(simulated), bin=0.03)
    assert matching.errors.size == pairs
    assert matching.matched == pytest.approx(2 * pairs / (expected.size + simulated.size))
    assert np.all(np.abs(matching.errors) <= 0.03)


def test_a_train_against_itself_matches_without_error():
    spikes = trains([0.1, 0.2, 0.2, 0.7], [], [0.5])
    matching = match_spikes(spikes, spikes, bin=1e-9)
    assert matching.matched == 1
    assert matching.timing_error == {"median": 0.0, "p95": 0.0, "max": 0.0}


def test_missing_and_surplus_spikes_lower_the_match_alike():
    four, three = trains([0.1, 0.2, 0.3, 0.4]), trains([0.1, 0.2, 0.4])
    assert match_spikes(four, three, bin=0.01).matched == pytest.approx(6 / 7)
    assert match_spikes(three, four, bin=0.01).matched == pytest.approx(6 / 7)


def test_errors_are_simulated_minus_expected_and_their_sizes_are_ranked():
    expected, simulated = trains([0.1, 0.3, 0.5]), trains([0.101, 0.298, 0.503])
    matching = match_spikes(expected, simulated, bin=0.01)
    np.testing.assert_allclose(matching.errors, [0.001, -0.002, 0.003], atol=1e-12)
    error = matching.timing_error
    assert error["median"] == pytest.approx(0.002)
    assert error["p95"] == pytest.approx(0.0029)
    assert error["max"] == pytest.approx(0.003)


def test_a_spike_of_another_neuron_is_no_match():
    matching = match_spikes(trains([0.1], []), trains([], [0.1]), bin=0.01)
    assert matching.matched == 0
    assert matching.timing_error["max"] is None


def test_silence_agrees_with_silence():
    assert match_spikes(trains([], []), trains([], []), bin=0.01).matched == 1


def test_clips_are_pooled_by_their_spikes_not_by_their_share():
    good = match_spikes(trains([0.1, 0.2, 0.3]), trains([0.1, 0.2, 0.3]), bin=0.01)
    bad = match_spikes(trains([0.1]), trains([0.5]), bin=0.01)
    assert pooled([good, bad]).matched == pytest.approx(6 / 8)
    with pytest.raises(ValueError, match="one bin"):
        pooled([good, match_spikes(trains([0.1]), trains([0.1]), bin=0.02)])
    with pytest.raises(ValueError, match="at least one"):
        pooled([])


def test_what_cannot_be_compared_is_named():
    spikes = trains([0.1])
    with pytest.raises(ValueError, match="1 neurons, simulated ones of 2"):
        match_spikes(spikes, SpikeTrains(np.zeros(0), np.zeros(0), 2, SECOND), bin=0.01)
    with pytest.raises(ValueError, match="bin must be positive, got 0"):
        match_spikes(spikes, spikes, bin=0)
