"""Learning inside the reservoir: what may change, what may not, and what it is charged for."""

import numpy as np
import pytest

from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.control import ControlTransistors
from snn.networks.reservoir import draw_wiring
from snn.networks.tuning import Tuning
from snn.plasticity.reward import Reward
from snn.recipes.recipe import parse_recipe
from snn.training.plastic import learn_inside

RECIPE = """
name = "tiny"
kind = "reservoir"
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
    levels = after.recurrent[plastic] / (before.recurrent[plastic] * recipe.plasticity.grid.step)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-9)
    assert levels.min() >= 0
    assert levels.max() <= 14.001
    assert result.levels_changed > 0
    assert result.synapses_at_zero == np.count_nonzero(levels < 0.5)
    assert len(result.answers) == (rule == "reward")


@pytest.mark.parametrize("strengths", [(), ("w_ei=0.13",)])
def test_without_amplitudes_nothing_moves(strengths):
    _, before, result = learned("stdp", "a_plus=0", "a_minus=0", *strengths)
    assert result.levels_changed == 0
    np.testing.assert_allclose(result.wires.recurrent, before.recurrent, rtol=1e-12)


def test_levels_that_do_not_hold_the_start_are_refused():
    with pytest.raises(ValueError, match=r"\(levels - 1\) / max_gain must be whole, got 7.5"):
        parse_recipe(RECIPE, ["rule=stdp", "plasticity.levels=16"])
    parse_recipe(RECIPE, ["plasticity.levels=16"])  # where none learns


def test_strengths_that_learning_may_reach_must_be_within_the_device():
    parse_recipe(RECIPE, ["w_ei=20"])
    for setting in (["w_ii=1e6"], ["w_ei=1e6"], ["w_ei=20", "rule=stdp", "max_gain=1000", "levels=1001"]):
        with pytest.raises(ValueError, match=r"reservoir\.w_\w\w at an acceleration of 1000 asks for"):
            parse_recipe(RECIPE, setting)


def test_the_reward_decides_the_sign(monkeypatch):
    """Depression alone: what is rewarded weakens, what is punished grows."""
    moved = []
    for reward in (1.0, -1.0):
        monkeypatch.setattr(Reward, "judge", lambda self, is_right, reward=reward: (reward, self))
        moved.append(learned("reward", "a_plus=0", "a_minus=0.3")[2].strength - 1)
    assert moved[0].max() <= 0 <= moved[1].min()
    assert moved[0].any()
    assert moved[1].any()


def test_depression_alone_silences_synapses_and_its_energy_is_told():
    recipe, before, result = learned("stdp", "a_plus=0", "a_minus=5")
    assert result.wires.recurrent[before.recurrent > 0].sum() < before.recurrent[before.recurrent > 0].sum()
    told = result.metrics(recipe)
    assert result.updates < result.levels_changed
    assert told.energy_per_clip_j["weight_writes"] > 0
    assert told.energy_per_clip_loihi_j == pytest.approx(result.updates / 12 * 120e-12, rel=1e-12, abs=0)


def test_a_seed_gives_the_same_wires_again():
    first, again = (learned("stdp", "a_plus=0.5")[2].wires.recurrent for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("rule", ["stdp", "reward"])
def test_another_seed_latches_other_synapses_of_the_same_wires(rule):
    (_, before, first), (_, same, other) = (learned(rule, "a_plus=0.02", f"seed={seed}") for seed in (0, 1))
    np.testing.assert_array_equal(before.recurrent, same.recurrent)
    assert not np.array_equal(first.wires.recurrent, other.wires.recurrent)


def test_an_answer_is_judged_by_the_label_of_the_clip_that_was_presented():
    """Two labels that drive other inputs: the readout tells all of them, in whatever order they come."""
    assert learned("reward", "a_plus=0", "a_minus=0", "passes=2")[2].answers == (1.0, 1.0)


def test_memory_leaks_while_the_clip_lasts_on_the_chip():
    """Clips of 40 rows of 5 ms, a thousand times faster; 15 levels are 4 bits, two inverters each."""
    recipe, _, result = learned("stdp", "a_plus=0.5")
    leak = result.strength.size * 4 * ControlTransistors().i_static * LIFCircuit.v_dd * 0.2e-3
    assert result.metrics(recipe).energy_per_clip_j["weight_leak"] == pytest.approx(leak, rel=1e-9, abs=0)


def test_the_mean_reward_approaches_what_is_earned():
    """Right for ever: 1 - m, m = 1 - 0.95^n after n answers; then a wrong one."""
    judge = Reward(follow=0.05)
    for n in range(100):
        reward, judge = judge.judge(True)
        assert reward == pytest.approx(0.95**n)
    assert judge.judge(False)[0] == pytest.approx(-1 - (1 - 0.95**100))
