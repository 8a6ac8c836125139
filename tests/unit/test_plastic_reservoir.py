"""Learning inside the reservoir: what may change, what may not, and what it is charged for."""

import numpy as np
import pytest

from snn.networks.reservoir import draw_wiring
from snn.recipe import parse_recipe
from snn.reservoir.plastic import grid_of, learn_inside
from snn.reservoir.tuning import Tuning

RECIPE = """
name = "tiny"
[ear]
n_channels = 4
[input]
gain = 12.0
[reservoir]
lattice = [2, 2, 3]
inhibitory = 0.25
w_input = 1.1
w_ee = 0.2
w_ei = 0.2
[readout]
n_bins = 2
"""
TUNING = Tuning(np.ones(4), np.zeros(0))


def learned(rule, *settings):
    recipe = parse_recipe(RECIPE, [f"rule={rule}", *settings])
    wires = draw_wiring(recipe, 4, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    labels = np.arange(12) % 2
    clips = [rng.uniform(0.5, 1, (40, 4)) * (np.arange(4) // 2 == label) for label in labels]
    return recipe, wires, learn_inside(recipe, wires, TUNING, clips, labels)


@pytest.mark.parametrize("rule", ["stdp", "reward"])
def test_only_excitatory_recurrent_synapses_learn_and_they_stay_on_the_grid(rule):
    recipe, before, result = learned(rule, "a_plus=0.5", "a_minus=0.4")
    after, plastic = result.wires, before.recurrent > 0
    np.testing.assert_array_equal(after.weights, before.weights)
    np.testing.assert_array_equal(after.recurrent[~plastic], before.recurrent[~plastic])
    levels = after.recurrent[plastic] / grid_of(recipe).step
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-9)
    assert levels.min() >= 0
    assert levels.max() <= 15
    assert result.levels_changed > 0
    assert result.synapses_at_zero == np.count_nonzero(levels < 0.5)
    assert len(result.answers) == (rule == "reward")


def test_without_amplitudes_nothing_moves_but_to_the_nearest_level():
    recipe, before, result = learned("stdp", "a_plus=0", "a_minus=0")
    assert result.levels_changed == 0
    np.testing.assert_allclose(result.wires.recurrent, before.recurrent, atol=grid_of(recipe).step / 2)


def test_depression_alone_silences_synapses_and_its_energy_is_told():
    recipe, before, result = learned("stdp", "a_plus=0", "a_minus=5")
    assert result.wires.recurrent[before.recurrent > 0].sum() < before.recurrent[before.recurrent > 0].sum()
    told = result.as_dict(recipe)
    assert told["energy_per_clip_j"]["weight_lines"] > 0
    assert told["energy_per_clip_loihi_j"] == pytest.approx(result.levels_changed / 12 * 120e-12, rel=1e-12, abs=0)


def test_a_seed_gives_the_same_wires_again():
    first, again = (learned("stdp", "a_plus=0.5")[2].wires.recurrent for _ in range(2))
    np.testing.assert_array_equal(first, again)
