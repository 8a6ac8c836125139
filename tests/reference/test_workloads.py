"""Tables of well-known networks: totals as their authors publish them, layers as PyTorch builds them."""

import math

import pytest
import torch
from torch import nn

from circuits.literature.layer_tables import scaled_channels
from circuits.literature.workloads import load_workload, load_workloads
from circuits.network.layer_shape import LayerShape

NETWORKS = load_workloads()
MILLION = 1e6


@pytest.mark.parametrize(
    ("name", "parameters"),
    [  # Source: summaries of Keras and PyTorch of these networks, the same to the digit wherever they are printed
        ("lenet-5", 61_706), ("alexnet", 62_378_344), ("alexnet-groups", 60_965_224), ("vgg-16", 138_357_544),
    ],
)  # fmt: skip
def test_weights_and_biases_are_those_that_others_count(name, parameters):
    assert NETWORKS[name].n_parameters == parameters


@pytest.mark.parametrize(
    ("name", "weights", "macs"),
    [("alexnet-groups", 2.3, 666), ("vgg-16", 14.7, 15_300)],  # Source: Chen et al., ISSCC 2016 14.5, abstract
)
def test_the_convolutions_are_those_of_the_abstract_of_eyeriss(name, weights, macs):
    """AlexNet 2.3 million weights and 666 million MACs; VGG-16 14.7 million and 15.3 billion."""
    convolutions = [layer for layer in NETWORKS[name].layers if layer.kind == "conv"]
    assert sum(layer.n_weights for layer in convolutions) / MILLION == pytest.approx(weights, abs=0.05)
    assert sum(layer.macs for layer in convolutions) / MILLION == pytest.approx(macs, rel=0.004)


@pytest.mark.parametrize(
    ("width", "macs", "weights"),
    [(1.4, 582, 6.06), (1.3, 509, 5.34), (1.0, 300, 3.47), (0.75, 209, 2.61), (0.5, 97, 1.95), (0.35, 59, 1.66)],
)
def test_mobilenet_of_every_width_is_that_of_the_table_of_its_authors(width, macs, weights):
    """Source: tensorflow/models, slim/nets/mobilenet: millions of MACs and of weights at 224 x 224, rounded or cut."""
    network = load_workload("mobilenet-v2-1.4").at_width(width)
    assert network.macs / MILLION == pytest.approx(macs, abs=1)
    assert network.n_weights / MILLION == pytest.approx(weights, abs=0.01)


def test_mobilenet_with_both_coefficients_of_its_normalisations_is_what_pytorch_counts():
    """torchvision's mobilenet_v2 has 3,504,872: weights, two for each normalised channel, and the last biases."""
    network = load_workload("mobilenet-v2-1.4").at_width(1.0)
    channels = sum(layer.n_biases for layer in network.layers if layer.kind == "conv")
    assert network.n_parameters + channels == 3_504_872


def test_ten_blocks_of_mobilenet_add_what_came_in():
    """Of the 17 blocks those that repeat: 1 + 2 + 3 + 2 + 2."""
    added = [layer for layer in NETWORKS["mobilenet-v2-1.4"].layers if layer.additions]
    assert len(added) == 10
    assert {layer.name.rpartition(".")[2] for layer in added} == {"project"}
    assert not any(layer.relu for layer in added)  # linear bottlenecks


def module(layer: LayerShape) -> nn.Module:
    """What PyTorch makes of a shape."""
    if layer.convolution is None:
        return nn.Sequential(nn.Flatten(), nn.Linear(layer.fan_in, layer.n_out, device="meta"))
    grid = layer.convolution
    if layer.kind == "conv":
        sizes = (grid.kernel, grid.stride, grid.padding)
        return nn.Conv2d(grid.shape_in[0], layer.n_out, *sizes, groups=grid.groups, device="meta")
    return {"max_pool": nn.MaxPool2d, "mean_pool": nn.AvgPool2d}[layer.kind](grid.kernel, grid.stride)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_has_the_weights_and_the_output_of_pytorchs(name):
    """On tensors without memory, from the input to the classes."""
    network = NETWORKS[name]
    values = torch.empty(1, *network.shape_in, device="meta")
    for layer in network.layers:
        assert values.numel() == layer.fan_in, layer.name
        built = module(layer)
        values = built(values)
        assert tuple(values.shape[1:]) == layer.shape_out, layer.name
        n_parameters = sum(parameter.numel() for parameter in built.parameters())
        assert n_parameters == layer.n_weights + layer.n_biases, layer.name


def test_macs_are_the_products_that_a_convolution_makes():
    """Ones through kernels of ones sum the products that meet an input; those with padding are counted too."""
    layer = NETWORKS["lenet-5"].layers[2]  # without padding, so every product counts
    grid = layer.convolution
    ones, kernel = torch.ones(1, *grid.shape_in), torch.ones(grid.weight_shape(layer.n_out))
    assert layer.macs == int(nn.functional.conv2d(ones, kernel).sum())
    padded = NETWORKS["vgg-16"].layers[0]
    outside = padded.macs - padded.n_out * 3 * int(padded.convolution.uses().sum())
    assert outside == padded.n_out * 3 * (9 * 224**2 - (3 * 224 - 2) ** 2)


def test_channels_are_rounded_to_eights_and_lose_no_tenth():
    """Source: the authors' make_divisible: 24 x 1.4 = 33.6, 16 x 0.35 = 5.6, 32 x 0.35 = 11.2 would lose 29 %."""
    assert [scaled_channels(n, width) for n, width in ((24, 1.4), (16, 0.35), (32, 0.35), (64, 1.0))] == [32, 8, 16, 64]
    assert all(scaled_channels(n, w) >= 0.9 * n * w for n in range(8, 400, 8) for w in (0.35, 0.5, 1.3, 1.4))
    assert math.gcd(*(scaled_channels(n, 1.4) for n in (16, 24, 32, 64, 96, 160, 320))) == 8
