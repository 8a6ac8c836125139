"""What a network in whole numbers hears is what the model hears: the same spikes of the same draws."""

import numpy as np
import pytest
import torch

from circuits.quantised.quantise import quantise
from snn.audio.examples import Examples
from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe
from snn.studies.integer_run_of import IntegerRun

N_CLIPS = 140  # more than a batch of either


@pytest.mark.parametrize("kind", ["rate", "delta", "latency"])
@pytest.mark.parametrize("size", [64, 7])
def test_spikes_of_an_encoder_are_those_of_the_model(kind, size):
    recipe = parse_recipe('name = "tiny"', ["n_mels=4", "hidden=[6]", f"encoder.kind={kind}"])
    model = Spotter(recipe, recipe.features.at(8000), "ab", seed=3)
    features = torch.randn(1, N_CLIPS, 9, 4, generator=torch.Generator().manual_seed(1)).abs()
    examples = Examples(features, torch.zeros(N_CLIPS, dtype=torch.long))
    expected = torch.cat([x.transpose(0, 1) for x in model._batches(examples)]).numpy()
    whole = IntegerRun(model, quantise(model.network(), expected.astype(float)), np.zeros(0))
    found = np.concatenate(list(whole.inputs(examples, size)))
    np.testing.assert_array_equal(found, expected)
    assert 0 < found.mean() < 1
