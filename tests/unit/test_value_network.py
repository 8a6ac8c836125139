"""The float twin of conventional networks computes what torch computes, channels last."""

import numpy as np
import pytest
import torch
from torch import nn

from circuits.errors import InputError
from circuits.network.convolution import Convolution
from circuits.network.sliding import convolved, windows
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.value_network import run_values, shape_of_input, value_outputs
from tests.unit.value_chains import CHAINS, last, layer, twin


@pytest.mark.parametrize("chain", CHAINS)
def test_outputs_are_those_of_torch(chain):
    model, net = twin(chain, seed=3)
    x = torch.randn(5, *CHAINS[chain][1], dtype=torch.float64)
    expected = model(x).detach().numpy()
    found = run_values(net, last(x.numpy()))
    assert shape_of_input(net) == last(x.numpy()).shape[1:]
    np.testing.assert_allclose(found, last(expected), rtol=0, atol=1e-12)


def test_a_grid_behind_a_dense_layer_is_read_row_by_row():
    """(12,) as (2, 6), channels first, as torch's view has it."""
    torch.manual_seed(0)
    dense, conv, out = nn.Linear(5, 12).double(), nn.Conv1d(2, 3, 3).double(), nn.Linear(12, 2).double()
    x = torch.randn(4, 5, dtype=torch.float64)
    expected = out(conv(dense(x).view(4, 2, 6)).flatten(1)).detach().numpy()
    chain = (layer("a", dense, relu=False), layer("b", conv, (2, 6), relu=False), layer("c", out, relu=False))
    np.testing.assert_allclose(run_values(NetworkSpec("net", 0.01, chain), x.numpy()), expected, atol=1e-12)


def test_many_clips_are_convolved_in_parts_and_give_the_same(monkeypatch):
    grid, rng = Convolution((3, 30), (4,), (1,), (2,)), np.random.default_rng(0)
    x, weights = rng.normal(size=(7, 30, 3)), rng.normal(size=(5, 3, 4))
    whole = convolved(x, weights, grid)
    monkeypatch.setattr("circuits.network.sliding.AT_ONCE", 400)
    np.testing.assert_allclose(convolved(x, weights, grid), whole, rtol=0, atol=1e-12)


def test_windows_are_views_of_the_padded_input():
    every = windows(np.arange(8.0).reshape(1, 4, 2), Convolution((2, 4), (3,), (2,), (1,)))
    assert every.shape == (1, 2, 2, 3)
    assert every[0, :, 0].tolist() == [[0, 0, 2], [2, 4, 6]]  # channel 0 is 0 2 4 6, a zero on both ends


def test_each_layer_gives_its_outputs():
    _, net = twin("conv2d")
    shapes = [out.shape for out in value_outputs(net, np.ones((2, 20, 8, 1)))]
    assert shapes == [(2, 10, 8, 6), (2, 5, 4, 6), (2, 3)]


LIF = LayerSpec("lif", "lif", np.ones((2, 3)), np.zeros(3), np.full(3, 0.02), np.ones(3))
CONV = layer("ears", nn.Conv1d(1, 8, 1), (1, 6))


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ((), "'net' has no layers, at least 1 is needed; build"),
        ((LIF,), "'lif' is of kind 'lif', which lives"),
        ((CONV, layer("image", nn.Conv2d(1, 2, 3), (1, 8, 6))), "'image' takes 1 channels, 'ears' gives 8"),
    ],
)
def test_what_is_not_of_values_is_refused(layers, said):
    with pytest.raises(InputError, match=said):
        run_values(NetworkSpec("net", 0.01, layers), np.ones((1, 6, 1)))
