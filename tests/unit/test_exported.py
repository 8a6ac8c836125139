"""Modules as people write them, exported by torch: the chain gives what the module gives."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from circuits.network.value_network import run_values
from circuits.quantised.integer_run import potentials, quantised_input, run_integers
from circuits.quantised.quantise import quantise
from snn.interop.exported import network_of
from tests.unit.exported_models import MODELS, model_of


def with_channels_last(x: Tensor, n_axes: int) -> np.ndarray:
    """As a network of values takes it: one channel where the module adds that axis itself."""
    values = x.double().numpy()
    if values.ndim - 1 < n_axes:
        return values[..., None]
    return np.moveaxis(values, 1, -1)


@pytest.mark.parametrize("how", ["as exported", "core operators", "batch of any size"])
@pytest.mark.parametrize("name", MODELS)
def test_the_chain_gives_what_the_module_gives(name, how):
    model, x = model_of(name)
    dims = ({0: torch.export.Dim("batch")},) if how == "batch of any size" else None
    exported = torch.export.export(model, (x[:3],), dynamic_shapes=dims)
    net = network_of(exported.run_decompositions() if how == "core operators" else exported, name=name)
    first = net.layers[0].convolution
    fed = x.flatten(1).double().numpy() if first is None else with_channels_last(x, len(first.shape_in))
    with torch.no_grad():
        expected = model(x).double().numpy()
    expected = np.moveaxis(expected, 1, -1)
    found = run_values(net, fed).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_layers_have_the_names_of_the_modules_and_norms_and_rectifiers_are_folded():
    model, x = model_of("separable")
    net = network_of(torch.export.export(model, (x,)), name="mine", labels=tuple("abcde"), dt=0.02)
    assert [(layer.name, layer.kind, layer.relu) for layer in net.layers if layer.kind != "mean_pool"] == [
        ("first.0", "conv", True), ("blocks.0.0", "conv", True), ("blocks.0.3", "conv", True),
        ("blocks.1.0", "conv", True), ("blocks.1.3", "conv", True), ("out", "dense", False),
    ]  # fmt: skip
    assert (net.name, net.labels, net.dt, net.layers[1].convolution.groups) == ("mine", tuple("abcde"), 0.02, 12)
    norms = sum(part.num_features for part in model.modules() if isinstance(part, nn.BatchNorm2d))
    assert net.n_parameters == sum(p.numel() for p in model.parameters()) - norms - 12
    # a gain goes into the weights, and where a convolution has a bias, in the first, that of the norm too


def test_a_rectifier_behind_a_maximum_needs_no_layer():
    model, x = model_of("LeNet")
    net = network_of(torch.export.export(model, (x,)), name="lenet")
    assert [layer.kind for layer in net.layers] == ["conv", "max_pool", "conv", "max_pool", "dense", "dense", "dense"]
    assert net.n_parameters == sum(p.numel() for p in model.parameters()) == 61706


def test_a_module_becomes_whole_numbers():
    model, x = model_of("separable")
    net = network_of(torch.export.export(model, (x,)), name="mine")
    clips = torch.randn(40, 49, 10)[..., None].double().numpy()
    integers = quantise(net, clips)
    with torch.no_grad():
        expected = model(torch.from_numpy(clips[..., 0]).float()).double().numpy()
    found = potentials(integers, run_integers(integers, quantised_input(clips, integers)))
    assert np.square(found - expected).mean() < 0.02 * expected.var()
