"""Many neurons at many corners: medians and spreads by closed form, one seed one result, a real cluster."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.neuron.circuit import LIFCircuit, firing_rate, period
from circuits.neuron.energy_terms import spike_energy
from circuits.variation.corners import CORNERS, Corner, corner_circuit
from circuits.variation.mismatch import Spread, current_spread
from circuits.variation.monte_carlo import monte_carlo

approx = partial(pytest.approx, rel=1e-9, abs=0)
pytestmark = pytest.mark.filterwarnings("ignore::circuits.device.btbt.ExtrapolationWarning")

DEEP = LIFCircuit(v_gs=-0.8, g_leak=1e-12, leak_activation_ev=0.16)  # far above its rheobase at every corner
ROOM = Corner("room", "TT", 1.0, 300.0)


def test_without_spread_every_corner_is_its_closed_form():
    result = monte_carlo(DEEP, 2, spread=Spread(0, 0, 0, 0))
    for i, corner in enumerate(CORNERS):
        circuit = corner_circuit(DEEP, corner)
        assert result.rate[i] == approx(firing_rate(circuit, circuit.input_current))
        assert result.energy.total[i] == approx(spike_energy(circuit).total)


def test_spread_of_the_rate_follows_the_device():
    """Without leak and refractory time ln f = ln I - ln C - ln dV, so the variances add."""
    circuit = replace(DEEP, g_leak=0.0, t_refractory=0.0)
    spread = Spread(sigma_tunnel=0.01, sigma_subthreshold=0.02, sigma_threshold=0.004, sigma_c=0.03)
    rate = monte_carlo(circuit, 20_000, corners=[ROOM], spread=spread, seed=1).rate[0]
    expected = np.sqrt(current_spread(circuit, spread) ** 2 + 0.03**2 + (0.004 / 0.4) ** 2)
    assert np.std(np.log(rate)) == pytest.approx(expected, rel=0.03)
    assert np.median(rate) == pytest.approx(firing_rate(circuit, circuit.input_current), rel=0.01)


def test_neurons_below_rheobase_are_silent_and_cost_nothing_to_wait_for():
    weak = replace(DEEP, v_gs=-0.3, g_leak=1e-10)
    result = monte_carlo(weak, 10, corners=[ROOM])
    assert (result.rate == 0).all()
    assert np.isnan(result.energy.total).all()
    row = result.summary()[0]
    assert (row.pop("corner"), row.pop("silent")) == ("room", 1.0)
    assert {value for name, value in row.items() if name.startswith("rate")} == {0.0}
    assert {value for name, value in row.items() if name.startswith("energy")} == {None}


def test_rate_where_the_current_follows_the_body_lies_between_its_bounds():
    """Slower than with the current of a body at 0 V, faster than with that of a body at threshold."""
    circuit = replace(DEEP, body_factor=0.2, device=replace(DEEP.device, drain_body=0.1))
    rate = monte_carlo(circuit, 1, corners=[ROOM], spread=Spread(0, 0, 0, 0)).rate[0, 0]
    at_threshold = replace(circuit, v_gs=circuit.v_gs + 0.2 * circuit.v_threshold).input_current
    assert 1 / period(circuit, at_threshold) < rate < 1 / period(circuit, circuit.input_current)


def test_same_seed_same_numbers_whatever_shares_the_work():
    """Threads, further corners and further neurons leave a neuron as it was; another seed does not."""
    corners = (ROOM, CORNERS[0])
    first = monte_carlo(DEEP, 3000, corners=corners, seed=5, n_jobs=1)
    again = monte_carlo(DEEP, 3000, corners=corners, seed=5, n_jobs=4)
    more = monte_carlo(DEEP, 5100, corners=[ROOM], seed=5)
    other = monte_carlo(DEEP, 3000, corners=[ROOM], seed=6)
    assert np.array_equal(first.rate, again.rate)
    assert np.array_equal(first.energy.total, again.energy.total)
    assert np.array_equal(first.rate[0], more.rate[0, :3000])
    assert not np.array_equal(first.rate[0], other.rate[0])


def test_a_neuron_keeps_its_mismatch_from_corner_to_corner():
    result = monte_carlo(DEEP, 500, corners=[ROOM, Corner("warm", "TT", 1.0, 310.0)])
    assert np.corrcoef(np.log(result.rate))[0, 1] > 0.999


def test_summary_names_the_corner_and_orders_the_percentiles():
    row = monte_carlo(DEEP, 200, corners=[CORNERS[13]]).summary()[0]
    assert row["corner"] == CORNERS[13].name
    assert row["rate_p5_hz"] < row["rate_hz"] < row["rate_p95_hz"]
    assert row["energy_per_spike_p5_j"] < row["energy_per_spike_j"] < row["energy_per_spike_p95_j"]


@pytest.mark.parametrize("change", [{"n": 0}, {"corners": []}])
def test_nothing_to_simulate_is_refused(change):
    with pytest.raises(ValueError, match="at least one of each"):
        monte_carlo(DEEP, **change)


def test_a_cluster_of_two_workers_gives_the_same_bits():
    distributed = pytest.importorskip("distributed")
    here = monte_carlo(DEEP, 3000, corners=CORNERS[:2], seed=7)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=40
    ) as cluster:
        there = monte_carlo(DEEP, 3000, corners=CORNERS[:2], seed=7, scheduler=cluster.scheduler_address)
    assert np.array_equal(here.rate, there.rate)
    assert np.array_equal(here.energy.total, there.energy.total)


def test_a_scheduler_that_does_not_answer_is_an_error_soon():
    pytest.importorskip("distributed")
    with pytest.raises(OSError, match=r"127\.0\.0\.1:9"):
        monte_carlo(DEEP, 1, corners=[ROOM], scheduler="tcp://127.0.0.1:9")


def test_neurons_of_another_chunk_are_others():
    """Draws go on where a chunk of neurons ends: no two of 5000 are alike, and the halves are not correlated."""
    rate = monte_carlo(DEEP, 5000, corners=[ROOM], seed=5).rate[0]
    assert np.unique(rate).size == 5000
    assert abs(np.corrcoef(rate[:2500], rate[2500:])[0, 1]) < 4 / np.sqrt(2500)
