"""A spotter away from where it starts in every number, and clips for it: what its twins are compared on."""

import pytest
import torch

from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe

N_LABELS, N_BANDS, N_FRAMES, N_BATCH = 4, 5, 80, 6
SETTINGS = (
    f"features.n_mels={N_BANDS}",
    "network.hidden=[16, 12]",
    "encoder.threshold=0.5",
    "neuron.v_threshold_v=0.37",
    "neuron.c_mem_f=0.8e-15",
)
CASES = pytest.mark.parametrize("kind", ["lif", "delta"])
NEURONS = pytest.mark.parametrize("neuron", ["lif", "adaptive_lif"])
TOPOLOGIES = pytest.mark.parametrize("recurrent", ["false", "true"])


def features(seed):
    """Clips whose bands wander, as speech does."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(N_BATCH, N_FRAMES, N_BANDS, generator=generator, dtype=torch.float64)
    return 0.7 * steps + 0.3 * torch.cumsum(steps, 1)


def trained(kind, neuron, recurrent, *others):
    """A double-precision spotter whose normalisation is away from the identity in every number."""
    kinds = (f"encoder.kind={kind}", f"neuron.model={neuron}", f"network.recurrent={recurrent}")
    recipe = parse_recipe('name = "twin"', (*SETTINGS, *kinds, *others))
    model = Spotter(recipe, recipe.features.at(8000), tuple(map(str, range(N_LABELS))), seed=3).double()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * parameter.abs().mean() * torch.randn(parameter.shape, generator=generator).double()
        for layer in model.layers:
            layer.norm.bias += 1.5 * torch.rand(layer.n_neurons, generator=generator)
        model.readout_bias += torch.randn(N_LABELS, generator=generator)
        for seed in range(6):
            model(features(seed), generator)
    return model.eval()
