"""The calcium-gated rule learns online what ridge regression learns from all clips at once."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.network.spikes import SpikeTrains
from circuits.neuron.circuit import LIFCircuit
from snn.plasticity.calcium import PUBLISHED, CalciumRule, present
from snn.plasticity.grid import LevelGrid
from snn.plasticity.least_squares import choose_ridge
from snn.plasticity.online_rule import learn_online, recognise
from snn.plasticity.readout import ReadoutNeuron, by_time_bin

N_LABELS, N_NEURONS, N_BINS, WIDTH = 4, 20, 5, 0.16


@pytest.fixture(scope="module")
def task():
    """Poisson patterns of four classes, whose rates of about 25 Hz vary by a third from class to class."""
    rng = np.random.default_rng(0)
    rates = 25 * np.exp(0.3 * rng.standard_normal((N_LABELS, N_BINS, N_NEURONS)))
    labels = np.arange(600) % N_LABELS
    clips = []
    for label in labels:
        counts = rng.poisson(rates[label] * np.exp(0.6 * rng.standard_normal((N_BINS, N_NEURONS))) * WIDTH).ravel()
        lines = np.repeat(np.arange(counts.size), counts)
        times = lines // N_NEURONS * WIDTH + rng.uniform(0, WIDTH, lines.size)
        order = np.argsort(times)
        clips.append(by_time_bin(SpikeTrains(times[order], lines[order] % N_NEURONS, N_NEURONS, 0.82), N_BINS, WIDTH))
    return clips[:400], labels[:400], clips[400:], labels[400:]


def learn(task, rule, epochs=8, annealing=0.7):
    clips, labels, *_ = task
    return learn_online(clips, labels, rule, np.zeros((100, N_LABELS)), np.random.default_rng(1), epochs, annealing)


QUICK = CalciumRule(  # for short clips of few spikes: larger steps, more of them
    threshold=40.0,
    margin=8.0,
    p_up=0.5,
    p_down=0.5,
    conserve=False,
    neuron=ReadoutNeuron(1.0, 0.001, -20.0, bias=52.5),
    grid=LevelGrid(0.5, 256),
)


def test_it_comes_within_five_points_of_ridge_regression(task):
    clips, labels, unseen, answers = task
    features = np.array([clip.counts for clip in clips])
    ridge = choose_ridge(features, labels, None, None, N_LABELS).accuracy(np.array([c.counts for c in unseen]), answers)
    learnt = learn(task, QUICK)
    answer = recognise(unseen, learnt.weights, QUICK)
    assert ridge > 0.9
    assert answer.accuracy(answers) > ridge - 0.05
    assert answer.tie_share < 0.1
    assert learnt.prequential[0] < learnt.prequential[-1]


def test_the_published_constants_learn_something(task):
    *_, unseen, answers = task
    rule = replace(PUBLISHED, p_up=1.0, p_down=1.0)
    assert recognise(unseen, learn(task, rule).weights, rule).accuracy(answers) > 0.4


def test_each_clip_is_recognised_before_it_is_learnt(task):
    """One clip, one epoch: the answer is that of the weights before; the second epoch sees what was learnt."""
    clips, *_ = task
    rule = CalciumRule(p_up=1.0, p_down=1.0)
    before = recognise(clips[:1], np.zeros((100, N_LABELS)), rule)
    wrong = int(before.labels[0] + 1) % N_LABELS
    learnt = learn_online(clips[:1], [wrong], rule, np.zeros((100, N_LABELS)), np.random.default_rng(0), 2)
    assert learnt.prequential.tolist() == [0.0, 1.0]


def test_weights_stay_on_the_grid_and_every_move_is_counted(task):
    rule = CalciumRule()
    learnt = learn(task, rule, epochs=2)
    np.testing.assert_allclose(rule.grid.round(learnt.weights), learnt.weights, rtol=1e-9)
    net = (rule.grid.index(learnt.weights) - rule.grid.index(np.zeros(1))).sum()
    assert learnt.n_up.sum() - learnt.n_down.sum() == net


def test_annealing_slows_the_moves(task):
    frozen = learn(task, CalciumRule(mode="greedy"), epochs=2, annealing=0.0)
    assert frozen.n_up[0] > 0
    assert (frozen.n_up[1], frozen.n_down[1]) == (0, 0)


def test_activity_sums_the_epochs_in_units_of_the_circuit(task):
    circuit = LIFCircuit()
    learnt = learn(task, replace(CalciumRule(), teacher=2.0, hold=False), epochs=2)
    activity = learnt.activity(circuit, 0.8, 1000.0)
    assert activity.n_clips == 800
    assert activity.weight_updates == activity.levels_changed == learnt.n_up.sum() + learnt.n_down.sum()
    swing = circuit.charge_per_weight
    assert activity.teacher_charge == pytest.approx(learnt.teacher_charge.sum() * swing, rel=1e-12, abs=0)
    assert activity.drive_charge == pytest.approx(learnt.drive_charge.sum() * swing, rel=1e-12, abs=0)
    assert activity.time == pytest.approx(800 * 0.8e-3, rel=1e-12, abs=0)
    assert activity.weight_reads == 800 * 100 * N_LABELS + learnt.n_fetched.sum()
    assert learnt.n_fetched.sum() >= (learnt.n_up.sum() + learnt.n_down.sum()) / 2  # each move is paid by another


def test_without_evidence_all_labels_tie():
    silent = [SpikeTrains(np.zeros(0), np.zeros(0, int), 2, 0.5)]
    answer = recognise(silent, np.zeros((2, 3)), CalciumRule(neuron=ReadoutNeuron()))
    assert answer.tie_share == 1.0
    assert not answer.spikes.any()


def test_a_clip_that_is_recognised_with_a_margin_teaches_nothing():
    """Ten spikes of one line fire label 0 ten times, above 5 + 2: nothing goes up. Label 1 is silent, below 5 - 2.

    Without what recognising left, calcium begins at 0 in the second pass and the first spikes would still teach.
    """
    rule = CalciumRule(
        threshold=5.0, margin=2.0, p_up=1.0, p_down=1.0, conserve=False, tau_calcium=1e3,
        neuron=ReadoutNeuron(0.064, 0.001, -1.0), grid=LevelGrid(2.0, 5),
    )  # fmt: skip
    clip, weights = SpikeTrains(np.arange(1, 11) * 0.01, np.zeros(10, int), 1, 0.12), np.array([[1.0, 0.0]])
    learnt = learn_online([clip], [0], rule, weights, np.random.default_rng(0))
    assert (learnt.prequential.tolist(), learnt.n_up.tolist(), learnt.n_down.tolist()) == ([1.0], [0], [0])
    assert present(weights, clip, 0, rule, np.random.default_rng(0))[1].n_up > 0
