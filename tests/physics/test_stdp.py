"""Pair-based STDP against its closed forms, and what is latched after a clip."""

import numpy as np
import pytest

from circuits.network.spikes import SpikeTrains, spike_trains
from snn.plasticity.grid import LevelGrid
from snn.plasticity.reward import Reward, apply_reward
from snn.plasticity.stdp import STDPRule, apply, stdp_updates

RULE = STDPRule(a_plus=0.3, a_minus=0.5, tau_plus=0.010, tau_minus=0.025)


def update(before, after, rule=RULE):
    return stdp_updates(spike_trains([np.array(before), np.array(after)], 1.0), np.array([0]), np.array([1]), rule)[0]


@pytest.mark.parametrize("interval", [0.001, 0.01, 0.07])
def test_one_pair_follows_the_exponential_window(interval):
    assert update([0.1], [0.1 + interval]) == pytest.approx(0.3 * np.exp(-interval / 0.010), rel=1e-12)
    assert update([0.1 + interval], [0.1]) == pytest.approx(-0.5 * np.exp(-interval / 0.025), rel=1e-12)


def test_simultaneous_spikes_are_no_pair():
    assert update([0.1], [0.1]) == 0.0


def test_all_pairs_of_random_trains_count():
    rng = np.random.default_rng(2)
    trains = [np.sort(rng.uniform(0, 1, n)) for n in (40, 25, 33)]
    source, target = np.array([0, 1, 2, 2, 1]), np.array([1, 0, 0, 2, 2])
    expected = []
    for i, j in zip(source, target, strict=True):
        d = trains[j][None] - trains[i][:, None]
        ltp, ltd = 0.3 * np.exp(-d[d > 0] / 0.010), 0.5 * np.exp(d[d < 0] / 0.025)
        expected.append(ltp.sum() - ltd.sum())
    np.testing.assert_allclose(stdp_updates(spike_trains(trains, 1.0), source, target, RULE), expected, rtol=1e-9)


def test_uncorrelated_trains_drift_by_the_difference_of_the_windows():
    """Mean of Poisson trains of rates r and s over T: T r s (a_plus tau_plus - a_minus tau_minus)."""
    rng, n, rate = np.random.default_rng(4), 60, 40.0
    trains = spike_trains([np.sort(rng.uniform(0, 10, rng.poisson(10 * rate))) for _ in range(n)], 10.0)
    source, target = (ends.ravel() for ends in np.meshgrid(np.arange(n), np.arange(n)))
    apart = source != target
    mean = stdp_updates(trains, source[apart], target[apart], RULE).mean()
    assert mean == pytest.approx(10 * rate**2 * (0.3 * 0.010 - 0.5 * 0.025), rel=0.05)


def test_a_binary_synapse_switches_with_the_probability_that_is_asked_for():
    rng, grid, n = np.random.default_rng(5), LevelGrid(1.0, 2, signed=False), 20_000
    for start, ask, share in ((0.0, 0.3, 0.3), (1.0, -0.2, 0.2), (1.0, 0.7, 0.0), (0.0, -0.7, 0.0), (0.0, 1.4, 1.0)):
        weights, written, changed = apply(np.full(n, start), np.full(n, ask), grid, rng)
        assert set(np.unique(weights)) <= {0.0, 1.0}
        assert written == changed == np.count_nonzero(weights != start)
        assert changed / n == pytest.approx(share, abs=4 * np.sqrt(0.25 / n))


def test_a_graded_synapse_moves_as_far_as_asked_in_the_mean_and_stays_on_its_grid():
    grid, rng = LevelGrid(1.0, 65), np.random.default_rng(6)
    weights, written, changed = apply(np.zeros(20_000), np.full(20_000, -2.25), grid, rng)
    np.testing.assert_array_equal(grid.round(weights), weights)
    assert weights.mean() / grid.step == pytest.approx(-2.25, abs=0.02)
    assert changed == pytest.approx(20_000 * 2.25, rel=0.01)
    assert written == 20_000  # each moves two or three levels, and is written once


def test_reward_turns_the_sign_and_is_measured_from_its_running_mean():
    grid, rng = LevelGrid(1.0, 9), np.random.default_rng(7)
    up, *_ = apply_reward(np.zeros(3), np.array([1.0, 2.0, -1.0]), 1.0, grid, rng)
    down, *_ = apply_reward(np.zeros(3), np.array([1.0, 2.0, -1.0]), -1.0, grid, rng)
    np.testing.assert_allclose(up, [0.25, 0.5, -0.25])
    np.testing.assert_allclose(down, -up)
    judge = Reward(follow=0.1)
    for _ in range(10):
        reward, judge = judge.judge(True)
    assert reward == pytest.approx(0.9**9)
    assert judge.mean == pytest.approx(1 - 0.9**10)
    assert judge.judge(False)[0] == pytest.approx(-1 - judge.mean)
    assert Reward(follow=0.0).judge(False)[0] == -1.0


def test_reward_credits_the_synapse_that_earned_it_and_no_other():
    """Two neurons fire by chance, one earns the reward: its mean credit is p a_plus exp(-d / tau), the other's is 0."""
    rng, rule, n = np.random.default_rng(8), STDPRule(a_plus=1.0, a_minus=0.0, tau_plus=0.020), 4000
    credit = np.zeros(2)
    for fires in rng.random((n, 2)) < 0.5:
        trains = [np.array([0.010]), *(np.array([0.012]) if fired else np.zeros(0) for fired in fires)]
        pairs = stdp_updates(spike_trains(trains, 0.1), np.array([0, 0]), np.array([1, 2]), rule)
        credit += Reward(follow=0.0).judge(bool(fires[1]))[0] * pairs / n
    np.testing.assert_allclose(credit, [0.0, 0.5 * np.exp(-0.1)], atol=4 / np.sqrt(n))


def test_synapses_that_end_nowhere_are_refused():
    silent = SpikeTrains(np.zeros(0), np.zeros(0, int), 2, 1.0)
    assert not stdp_updates(silent, np.array([0, 1]), np.array([1, 0]), RULE).any()
    with pytest.raises(ValueError, match=r"target must lie in 0\.\.1, got 0\.\.2"):
        stdp_updates(silent, np.array([0, 1]), np.array([2, 0]), RULE)
    with pytest.raises(ValueError, match=r"\(synapse,\)"):
        stdp_updates(silent, np.array([0, 1]), np.array([1]), RULE)
    with pytest.raises(ValueError, match=r"STDPRule\.tau_plus must be positive"):
        STDPRule(tau_plus=0.0)
