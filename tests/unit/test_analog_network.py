"""Ideal arrays change nothing: a network on them computes what the trained one does in torch."""

import numpy as np
import pytest
import torch

from circuits.nonideal.analog_network import exact_arrays, inputs_of_layers, run_arrays
from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe
from tests.unit.value_chains import CHAINS, twin

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("recurrent", ["true", "false"])
@pytest.mark.parametrize("neuron", ["lif", "adaptive_lif"])
def test_membranes_on_ideal_arrays_are_those_of_torch(neuron, recurrent):
    settings = (f"neuron.model={neuron}", f"network.recurrent={recurrent}", "network.hidden=[12]")
    recipe = parse_recipe('name = "twin"', (*settings, "features.n_mels=5"))
    model = Spotter(recipe, recipe.features.at(8000), ("a", "b", "c"), seed=1).double().eval()
    x = torch.randn(3, 60, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64).cumsum(1) * 0.4
    with torch.no_grad():
        expected = model(x).readout.numpy()
    net = model.network()
    found = run_arrays(net, exact_arrays(net), x.numpy(), RNG)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("chain", CHAINS)
def test_values_on_ideal_arrays_are_those_of_torch(chain):
    model, net = twin(chain)
    shape = CHAINS[chain][1]
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        expected = model(x).numpy()
    if expected.ndim > 2:
        expected = np.moveaxis(expected, 1, -1)
    last = np.moveaxis(x.numpy(), 1, -1) if len(shape) > 1 else x.numpy()
    found = run_arrays(net, exact_arrays(net), last, RNG)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-9, atol=1e-12)


def test_the_lines_of_a_grouped_convolution_are_seen_group_by_group():
    _, net = twin("grouped")
    seen = inputs_of_layers(net, np.ones((2, 9, 7, 4)))
    assert seen["layer0"].shape == (2 * 2 * 7 * 5, 2 * 3 * 3)
    assert (seen["layer0"] == 1).all()
