"""The calcium-gated rule against closed forms of its neuron, its calcium and its gates."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.network.spikes import SpikeTrains, spike_trains
from snn.plasticity.calcium import PUBLISHED, CalciumRule, present, present_levels
from snn.plasticity.grid import LevelGrid
from snn.plasticity.readout import ReadoutNeuron

QUIET = ReadoutNeuron(tau_mem=0.1, t_refractory=0.003, v_floor=-1.0)
RULE = CalciumRule(
    conserve=False,
    tau_calcium=0.2,
    threshold=5.0,
    margin=2.0,
    p_up=1.0,
    p_down=1.0,
    hold=True,
    neuron=QUIET,
    grid=LevelGrid(0.1, 11),
)
SILENCE = SpikeTrains(np.zeros(0), np.zeros(0, int), 1, 1.0)
RNG = np.random.default_rng(0)


def test_a_readout_under_constant_current_fires_at_its_period():
    """Steps to threshold: ceil(tau ln(b / (b - 1)) / dt); the refractory time comes on top."""
    rule = replace(RULE, neuron=replace(QUIET, bias=1.7))
    rise = int(np.ceil(0.1 * np.log(1.7 / 0.7) / 1e-3))
    _, outcome = present(np.zeros((1, 3)), SILENCE, None, rule, RNG)
    assert outcome.spikes.tolist() == [1 + (1000 - rise) // (rise + 3)] * 3


def test_calcium_is_the_leaky_count_of_the_spikes():
    rule = replace(RULE, neuron=replace(QUIET, bias=1.7))
    rise = int(np.ceil(0.1 * np.log(1.7 / 0.7) / 1e-3))
    steps = np.arange(rise, 1001, rise + 3)
    _, outcome = present(np.zeros((1, 1)), SILENCE, None, rule, RNG)
    assert outcome.calcium[0] == pytest.approx(np.exp(-(1000 - steps) * 1e-3 / 0.2).sum(), rel=1e-9)


def test_charge_of_the_lines_adds_leaks_and_stops_at_the_rail():
    trains = spike_trains([np.array([0.1005]), np.array([0.2005])], 0.3005)
    weights = np.array([[0.1, -0.1], [0.02, 0.02]])
    _, outcome = present(weights, trains, None, RULE, RNG)
    expected = [a * np.exp(-2.0) + b * np.exp(-1.0) for a, b in zip(*weights, strict=True)]
    np.testing.assert_allclose(outcome.potential, expected, rtol=1e-9)
    floor = replace(RULE, neuron=replace(QUIET, v_floor=-0.03))
    assert present(weights, trains, None, floor, RNG)[1].potential[1] == pytest.approx(
        -0.03 * np.exp(-2.0) + 0.02 * np.exp(-1.0)
    )


@pytest.mark.parametrize(
    ("mode", "calcium", "target", "other"),
    [
        ("calcium", 2.9, 0, 0),
        ("calcium", 3.1, -1, -1),
        ("calcium", 4.9, -1, -1),
        ("calcium", 5.1, 1, 1),
        ("calcium", 7.1, 0, 0),
        ("target", 2.9, 1, 0),
        ("target", 3.1, 1, -1),
        ("target", 6.9, 1, -1),
        ("target", 7.1, 0, -1),
        ("greedy", 0.0, 1, -1),
        ("greedy", 99.0, 1, -1),
    ],
)
def test_calcium_gates_which_way_a_spike_moves_its_synapses(mode, calcium, target, other):
    """Two spikes of line 1 move its synapses two levels; line 0 is silent and stays."""
    trains = spike_trains([np.zeros(0), np.array([0.1, 0.3])], 0.5)
    after, outcome = present(np.zeros((2, 3)), trains, 1, replace(RULE, mode=mode), RNG, np.full(3, calcium))
    expected = np.array([[0, 0, 0], [other, target, other]]) * 2 * RULE.grid.step
    np.testing.assert_allclose(after, expected, atol=1e-12)
    moves = np.rint(after / RULE.grid.step).ravel()
    assert (outcome.n_up, outcome.n_down) == (moves[moves > 0].sum(), -moves[moves < 0].sum())


@pytest.mark.parametrize(("mode", "share"), [("target", 0.3), ("calcium", 0.3), ("distance", 0.3 * 0.75)])
def test_a_synapse_moves_with_its_probability(mode, share):
    n = 4000
    trains = SpikeTrains(np.linspace(0.1, 0.9, n), np.arange(n), n, 1.0)
    rule = replace(RULE, mode=mode, p_up=0.3)
    _, outcome = present(np.zeros((n, 1)), trains, 0, rule, RNG, np.array([6.5]))
    assert outcome.n_up / n == pytest.approx(share, abs=4 * np.sqrt(0.25 / n))


def test_levels_end_at_the_ends_of_the_grid():
    trains = spike_trains([np.linspace(0, 0.5, 30)], 0.5)
    after, outcome = present(np.zeros((1, 2)), trains, 0, replace(RULE, mode="greedy"), RNG)
    np.testing.assert_allclose(after, [[0.1, -0.1]])
    assert (outcome.n_up, outcome.n_down) == (5, 5)


def test_recognising_changes_and_charges_nothing():
    trains = spike_trains([np.linspace(0, 0.5, 30)], 0.5)
    weights = np.array([[0.1, -0.06]])
    after, outcome = present(weights, trains, None, replace(RULE, mode="greedy", teacher=50.0), RNG)
    np.testing.assert_allclose(after, weights, rtol=1e-12)
    assert (outcome.n_up, outcome.n_down, outcome.teacher_charge) == (0, 0, 0.0)


def test_the_teacher_drives_its_neuron_into_the_gate_and_pays_for_it():
    """Alone it brings calcium to threshold + teacher_margin, never a spike further; others stay silent."""
    rule = replace(RULE, hold=False, teacher=20.0, teacher_margin=1.0)
    _, outcome = present(np.zeros((1, 3)), SILENCE, 2, rule, RNG)
    assert outcome.spikes[:2].tolist() == [0, 0]
    assert 6.0 - 0.1 < outcome.calcium[2] < 7.0
    always = replace(rule, threshold=1e6)
    _, held = present(np.zeros((1, 3)), SILENCE, 2, always, RNG)
    assert held.teacher_charge == pytest.approx(1000 * 20.0 * 0.01, rel=1e-9)
    assert outcome.teacher_charge < held.teacher_charge


def test_bias_and_exciting_synapses_draw_charge_and_inhibiting_ones_none():
    """A current of `bias` swings over a time constant brings that many swings' worth of charge, T / tau times."""
    trains = spike_trains([np.linspace(0.1, 0.5, 30)], 1.0)
    rule = replace(RULE, neuron=replace(QUIET, bias=3.0))
    _, outcome = present(np.array([[0.1, -0.06, 0.04]]), trains, None, rule, RNG)
    bias = 3 * 3.0 * 1.0 / rule.neuron.tau_mem
    assert outcome.drive_charge == pytest.approx(bias + 30 * (0.1 + 0.04), rel=1e-9, abs=0)


def test_a_neuron_draws_crowbar_current_while_it_climbs_the_window():
    """Under a bias of 3 from rest, v = 3 (1 - exp(-t / tau)) spends tau ln(2.1 / 2) between 0.9 and 1, each time."""
    rule = replace(RULE, dt=1e-5, neuron=replace(QUIET, bias=3.0, window=0.1))
    _, outcome = present(np.zeros((1, 3)), SILENCE, None, rule, RNG)
    climb = rule.neuron.tau_mem * np.log(2.1 / 2.0)
    assert outcome.spikes.min() > 5
    assert outcome.crowbar_time == pytest.approx(outcome.spikes.sum() * climb, rel=0.02)
    assert present(np.zeros((1, 3)), SILENCE, None, replace(RULE, neuron=QUIET), RNG)[1].crowbar_time == 0


def test_a_teacher_takes_current_from_the_others_where_they_fire_too_much():
    rule = replace(RULE, hold=False, teacher=20.0, neuron=replace(QUIET, bias=3.0))
    free, taught = (present(np.zeros((1, 2)), SILENCE, label, rule, RNG)[1] for label in (None, 1))
    assert free.calcium[0] > 4.0
    assert taught.calcium[0] < 4.0 + 1.0


def test_published_constants_are_those_of_the_group():
    """Threshold 20 mV: 0.01 mV a step on +-8 mV."""
    assert (PUBLISHED.tau_calcium, PUBLISHED.threshold, PUBLISHED.margin) == (0.064, 10.0, 2.0)
    assert PUBLISHED.grid.step == pytest.approx(0.01 / 20)
    assert PUBLISHED.grid.w_max == 8 / 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_up": 1.5}, r"CalciumRule\.p_up must be in 0\.\.1, got 1\.5"),
        ({"margin": 0.0}, r"CalciumRule\.margin must be positive"),
        ({"teacher": -1.0}, r"CalciumRule\.teacher must be zero or positive"),
    ],
)
def test_bad_rules_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        replace(RULE, **change)


def test_a_clip_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="the clip has 1 lines, the weights 2"):
        present(np.zeros((2, 3)), SILENCE, None, RULE, RNG)
    with pytest.raises(ValueError, match=r"label must be in 0\.\.2, got 3"):
        present(np.zeros((1, 3)), SILENCE, 3, RULE, RNG)


def test_a_step_of_one_synapse_is_paid_by_another_of_its_neuron():
    """With room on the grid the sum of a neuron's levels stays; without `conserve` every event moves it."""
    lines, index = 12, np.full((12, 2), 20)
    clip = SpikeTrains(np.arange(1, 9) * 2e-3, np.arange(8) % 4, lines, 0.02)
    rule = replace(RULE, mode="greedy", p_up=1.0, p_down=1.0, grid=LevelGrid(1.0, 64))
    for conserve in (True, False):
        levels = index.copy()
        outcome = present_levels(levels, clip, 0, replace(rule, conserve=conserve), np.random.default_rng(0))
        assert (levels.sum(axis=0) == index.sum(axis=0)).all() == conserve
        assert outcome.n_up + outcome.n_down == (32 if conserve else 16)
