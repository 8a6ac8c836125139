"""A recurrent layer trained by e-prop learns what counts cannot tell, and answers each clip by itself."""

from dataclasses import replace

import numpy as np
import torch

from circuits.network.spikes import spike_trains
from snn.recipes.recipe import parse_recipe
from snn.training.eprop import first_network, fit_eprop, run_network

TEXT = 'name = "tiny"\nkind = "reservoir"\n[reservoir]\nlattice = [2, 2, 3]\n'
RECIPE = parse_recipe(TEXT)
TAU = np.full(12, 0.02)


def order_task(n, rng):
    """Two lines that fire one after the other: the label says which comes first, counts say nothing."""
    labels = rng.integers(0, 2, n)
    early, late = np.arange(0.01, 0.05, 0.004), np.arange(0.06, 0.1, 0.004)
    return [spike_trains([early, late] if k == 0 else [late, early], 0.12) for k in labels], labels


def test_it_learns_which_line_fires_first():
    rng = np.random.default_rng(1)
    parts = {"train": order_task(512, rng), "validation": order_task(64, rng)}
    first = first_network(RECIPE, 2, TAU, 2)
    clips, labels = parts["validation"]
    before = np.mean(run_network(first, clips)[1] == labels)
    network, history = fit_eprop(first, parts, 8)
    spikes, answers = run_network(network, clips)
    assert before < 0.8 < 0.95 <= np.mean(answers == labels) == max(history)
    assert all(train.duration == 0.12 and train.n_neurons == 12 for train in spikes)


def test_answers_do_not_depend_on_the_company_of_a_clip():
    network = first_network(RECIPE, 2, TAU, 2)
    clips, _ = order_task(8, np.random.default_rng(1))
    mixed = [replace(clip, duration=0.2) if k % 2 else clip for k, clip in enumerate(clips)]
    together, answers = run_network(network, mixed)
    for clip, spikes, answer in zip(mixed, together, answers, strict=True):
        alone, told = run_network(network, [clip])
        assert np.array_equal(alone[0].times, spikes.times)
        assert told[0] == answer


def test_it_learns_from_training_clips_and_keeps_the_best_epoch_on_validation_clips():
    """The label is the line that fires, and a false one on validation clips: what is learned does worse there."""
    clips = [spike_trains([np.arange(0.002, 0.04, 0.004), []][:: 1 - 2 * k], 0.04) for k in (0, 1)] * 32
    labels = 1 - np.arange(64) % 2  # as the first weights happen not to answer
    parts = {"train": (clips, labels), "validation": (clips[:8], 1 - labels[:8])}
    network, history = fit_eprop(first_network(RECIPE, 2, TAU, 2), parts, 30)
    assert history[-1] == 0.0 < max(history)
    assert np.mean(run_network(network, clips[:8])[1] == 1 - labels[:8]) == max(history)


def test_the_first_weights_follow_the_seed():
    first, again, other = (
        first_network(
            parse_recipe('name = "tiny"\nkind = "reservoir"\n[reservoir]\nlattice = [2, 2, 3]', [f"seed={seed}"]),
            2,
            TAU,
            2,
        )
        for seed in (0, 0, 1)
    )
    assert first.inputs.equal(again.inputs)
    for name in ("inputs", "recurrent", "readout"):
        assert not getattr(first, name).equal(getattr(other, name))


def test_the_silence_that_fills_a_batch_does_not_answer():
    """Label 0 is driven for all 5 steps, label 1 twice as much at the last one: its potential outlives the clip."""
    plain = first_network(RECIPE, 2, np.full(2, 0.02), 2)
    network = plain._replace(
        inputs=31 * torch.eye(2), recurrent=torch.zeros(2, 2), readout=torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    )
    clip, long = spike_trains([[0.001], [0.0095]], 0.01), spike_trains([[0.001], []], 0.4)
    spikes, answers = run_network(network, [clip, long])
    assert spikes[0].counts.tolist() == [1, 1]
    assert answers[0] == run_network(network, [clip])[1][0] == 0
