"""A spotter's votes, and what dropout does to them in training: it leaves the mean as it is."""

import math

import numpy as np
import pytest
import torch

from snn.networks.spotter import Spotter, SpotterOutput
from snn.recipes.recipe import parse_recipe


def test_dropout_leaves_the_mean_potential_of_the_readout_as_it_is():
    """The readout is linear in the spikes that are dropped: over many draws its mean is what it is without dropout."""
    n, settings = 2000, ("n_mels=4", "hidden=[16]", "dropout=0.6", "network.norm=none", "neuron.model=lif")
    recipe = parse_recipe('name = "tiny"', [*settings, "tau_mem_s=[0.01, 0.02]"])
    model = Spotter(recipe, recipe.features.at(8000), "ab")
    features = 2 * torch.randn(1, 20, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        model.eval()
        plain = model(features).readout[0, -1].double().numpy()
        model.train()
        drawn = model(features.expand(n, -1, -1), torch.Generator().manual_seed(2)).readout[:, -1].double().numpy()
    spread = drawn.std(0) / np.sqrt(n)
    assert (np.abs(plain) > 20 * spread).all()  # its bias begins at 0: spikes do reach it
    np.testing.assert_allclose(drawn.mean(0), plain, atol=4 * float(spread.max()))


def test_every_step_of_the_readout_votes_and_a_hundred_votes_are_the_evidence():
    """Potentials of 0, 0 and ln 3, 0 vote 1/2, 1/2 and 3/4, 1/4: 5/8 and 3/8 in the mean, a hundred times 1/4 apart."""
    readout = torch.tensor([[[0.0, 0.0], [math.log(3), 0.0]]])
    ((first, second),) = SpotterOutput(readout, ()).log_scores.tolist()
    assert first - second == pytest.approx(25.0, rel=1e-5)
    assert math.exp(first) + math.exp(second) == pytest.approx(1.0)
