"""Activity statistics of known point processes, and memory times in closed form."""

import math

import numpy as np
import pytest

from circuits.network.spikes import spike_trains
from snn.networks.activity_statistics import activity_statistics, memory_time, state_matrix


def poisson(rate, n_neurons, duration, rng):
    return spike_trains([np.sort(rng.uniform(0, duration, rng.poisson(rate * duration))) for _ in range(n_neurons)],
                        duration)  # fmt: skip


def test_independent_poisson_trains_vary_as_much_as_they_wait_and_keep_no_company():
    rng = np.random.default_rng(0)
    found = activity_statistics([poisson(40.0, 20, 10.0, rng) for _ in range(10)])
    assert found.rate_hz == pytest.approx(40.0, rel=4 / math.sqrt(40 * 20 * 100))
    assert found.interval_variation == pytest.approx(1.0, abs=0.02)
    assert found.synchrony == pytest.approx(1.0, abs=4 * math.sqrt(2 / 10_000))  # a variance of 10 000 bins
    assert found.sparsity == pytest.approx(math.exp(-0.4), abs=0.005)  # no event in 10 ms
    assert found.silent == 0.0


def test_neurons_that_do_the_same_are_as_synchronous_as_they_are_many():
    times = poisson(40.0, 1, 10.0, np.random.default_rng(1)).times
    assert activity_statistics([spike_trains([times] * 12, 10.0)]).synchrony == pytest.approx(12.0)


def test_a_clock_has_no_variation_of_its_intervals():
    found = activity_statistics([spike_trains([np.arange(0.005, 1.0, 0.02), np.zeros(0)], 1.0)])
    assert found.interval_variation == pytest.approx(0.0, abs=1e-9)
    assert (found.rate_hz, found.silent, found.sparsity) == (25.0, 0.5, 0.75)


def test_silence_has_no_value_where_there_is_none():
    found = vars(activity_statistics([spike_trains([np.zeros(0)] * 3, 0.5)]))
    assert found == {"rate_hz": 0.0, "silent": 1.0, "interval_variation": None, "synchrony": None, "sparsity": 1.0}


def test_no_clips_are_refused():
    with pytest.raises(ValueError, match="at least one clip"):
        activity_statistics([])


@pytest.mark.parametrize(("w", "tau"), [(0.0, 0.02), (0.5, 0.02), (0.9, 0.04), (-1.0, 0.02)])
def test_a_neuron_that_drives_itself_remembers_for_tau_over_one_minus_w(w, tau):
    assert memory_time(np.array([[w]]), np.array([tau])) == pytest.approx(tau / (1 - w))


@pytest.mark.parametrize("w", [1.0, 1.3])
def test_a_loop_of_gain_one_never_forgets(w):
    assert memory_time(np.array([[0.0, w], [w, 0.0]]), np.array([0.02, 0.02])) == math.inf


def test_a_loop_between_an_exciting_and_an_inhibiting_neuron_rings_but_forgets_as_one():
    assert memory_time(np.array([[0.0, 3.0], [-3.0, 0.0]]), np.array([0.02, 0.02])) == pytest.approx(0.02)


def test_a_chain_without_loops_remembers_as_its_slowest_neuron():
    tau = np.array([0.01, 0.04, 0.02])
    assert memory_time(np.triu(np.full((3, 3), 5.0), 1), tau) == pytest.approx(0.04)


def test_a_driven_neuron_gains_the_weight_with_each_spike_of_the_one_that_drives_it():
    """The first fires x / 0.01 s times a second."""
    recurrent, tau = np.array([[0.0, 0.7], [0.0, 0.0]]), np.array([0.01, 0.02])
    np.testing.assert_allclose(state_matrix(recurrent, tau), [[-100, 0], [0.7 / 0.01, -50]])
