"""Learning in the whole experiment: what is learned is kept, and nothing is learned from test clips."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

import snn.experiments.train as experiment
from snn.experiments.train import train
from snn.networks.reservoir import draw_wiring
from snn.recipes.recipe import parse_recipe
from tests.tiny_recipes import RESERVOIR

RULES = """
[plasticity]
a_plus = 0.5
a_minus = 0.4
[comparison]
eprop_epochs = 1
"""
TINY = RESERVOIR.replace("[readout]", "w_ee = 0.3\n[readout]") + RULES


def trained(spoken, folder, rule):
    recipe = parse_recipe(TINY, [f"rule={rule}"])
    metrics = train(recipe, str(spoken), folder)
    return recipe, metrics, load_file(folder / "model.safetensors")


@pytest.mark.parametrize("rule", ["stdp", "reward"])
def test_the_wires_that_were_learned_are_those_of_the_run(tmp_path, spoken, rule):
    recipe, metrics, kept = trained(spoken, tmp_path / "run", rule)
    drawn = draw_wiring(recipe, 6, np.random.default_rng(0))
    moved = kept["wires.recurrent"][drawn.recurrent > 0] / drawn.recurrent[drawn.recurrent > 0] * 7
    np.testing.assert_allclose(moved, np.rint(moved), atol=1e-6)
    assert (np.rint(moved) != 7).any()
    assert metrics.plasticity.levels_changed >= np.abs(np.rint(moved) - 7).sum()
    assert metrics.n_synapses == np.count_nonzero(drawn.recurrent) + np.count_nonzero(drawn.weights)


@pytest.mark.parametrize("rule", ["none", "stdp", "reward"])
def test_other_test_clips_leave_the_model_as_it_is(tmp_path, spoken, rule, monkeypatch):
    """Noise and false labels in place of the test split: not a bit of what is learned may depend on it."""
    _, metrics, before = trained(spoken, tmp_path / "run", rule)

    def with_noise(recipe, corpus, split, *others):
        clips, rng = read_clips(recipe, corpus, split, *others), np.random.default_rng(0)
        noise = tuple(rng.random(rows.shape) * rows.max() * 3 for rows in clips.features)
        return replace(clips, features=noise, labels=(clips.labels + 1) % 3) if split == "test" else clips

    read_clips = experiment.read_clips
    monkeypatch.setattr(experiment, "read_clips", with_noise)
    _, other, after = trained(spoken, tmp_path / "noise", rule)
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name], err_msg=name)
    for part in ("validation_accuracy", "plasticity"):
        assert getattr(metrics, part) == getattr(other, part)
    for part in ("while_learning", "learning_energy_per_clip_j", "validation_accuracy"):
        assert getattr(metrics.online, part) == getattr(other.online, part)
    assert metrics.eprop.validation_by_epoch == other.eprop.validation_by_epoch
    assert metrics.test_accuracy != other.test_accuracy
