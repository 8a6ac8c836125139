"""What dropout does to a spotter in training: it leaves the mean as it is."""

import numpy as np
import torch

from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe


def test_dropout_leaves_the_mean_potential_of_the_readout_as_it_is():
    """The readout is linear in the spikes that are dropped: over many draws its mean is what it is without dropout."""
    n, settings = 2000, ("n_mels=4", "hidden=[16]", "dropout=0.6", "network.norm=none", "neuron.model=lif")
    recipe = parse_recipe('name = "tiny"', [*settings, "tau_mem_s=[0.01, 0.02]"])
    model = Spotter(recipe, 2, torch.Generator().manual_seed(0))
    features = 2 * torch.randn(1, 20, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        model.eval()
        plain = model(features).readout[-1, 0].double().numpy()
        model.train()
        drawn = model(features.expand(n, -1, -1), torch.Generator().manual_seed(2)).readout[-1].double().numpy()
    spread = drawn.std(0) / np.sqrt(n)
    assert (np.abs(plain) > 20 * spread).all()  # its bias begins at 0: spikes do reach it
    np.testing.assert_allclose(drawn.mean(0), plain, atol=4 * float(spread.max()))
