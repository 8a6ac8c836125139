"""Every setting that the README names for the chip makes a chip."""

import re
from pathlib import Path

import numpy as np
import pytest

from snn.networks.reservoir import build_reservoir, draw_wiring
from snn.recipes.recipe import load_recipe

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## The chip")[2].partition("\n## ")[0]
NAMED = [re.findall(r"--set (\S+=\S+)", text) for text in re.findall(r"`(--set [^`]+)`", SECTION)]


def test_the_section_names_settings():
    assert len(NAMED) >= 8


@pytest.mark.parametrize("settings", NAMED, ids=" ".join)
def test_a_setting_of_the_readme_makes_a_chip(settings):
    recipe = load_recipe("chip-20-36", settings)
    n_inputs = recipe.ear.n_channels * (2 if recipe.input.kind == "delta" else 1)
    wires = draw_wiring(recipe, n_inputs, np.random.default_rng(recipe.training.seed))
    assert build_reservoir(recipe, np.ones(n_inputs), wires).n_reservoir == 36
