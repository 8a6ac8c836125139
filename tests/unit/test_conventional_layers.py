"""Dense and convolutional layers as plain data: shapes and counts are those of torch, what does not fit is refused."""

from itertools import product

import numpy as np
import pytest
import torch

from circuits.chips import load_chip
from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.convolution import Convolution
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit

GRIDS = [
    Convolution((4, 50), (5,), (2,), (2,)),
    Convolution((6, 17), (4,), (3,), (0,), groups=3),
    Convolution((2, 9, 12), (3, 4), (2, 1), (1, 0), groups=2),
    Convolution((1, 49, 10), (10, 4), (2, 2), (5, 1)),
]


def torch_layer(grid: Convolution, n_out: int) -> torch.nn.Module:
    kind = torch.nn.Conv1d if len(grid.kernel) == 1 else torch.nn.Conv2d
    sizes = {"kernel_size": grid.kernel, "stride": grid.stride, "padding": grid.padding, "groups": grid.groups}
    return kind(grid.shape_in[0], n_out, **sizes)


def conv(grid: Convolution, n_out: int = 6, name: str = "conv", **change) -> LayerSpec:
    weights = np.ones(grid.weight_shape(n_out))
    return LayerSpec(name, "conv", **{"weights": weights, "bias": np.zeros(n_out), "convolution": grid} | change)


def dense(fan_in: int, n: int, name: str = "dense", **change) -> LayerSpec:
    return LayerSpec(name, "dense", **{"weights": np.ones((fan_in, n)), "bias": np.zeros(n)} | change)


def network(*layers: LayerSpec) -> NetworkSpec:
    return NetworkSpec("net", 0.01, layers)


@pytest.mark.parametrize("grid", GRIDS)
def test_shapes_and_parameters_of_a_convolution_are_those_of_torch(grid):
    layer, twin = conv(grid), torch_layer(grid, 6)
    assert layer.weights.shape == tuple(twin.weight.shape)
    assert layer.n_parameters == sum(parameter.numel() for parameter in twin.parameters())
    out = twin(torch.zeros(1, *grid.shape_in))
    assert (6, *grid.grid_out) == tuple(out.shape[1:])
    assert (layer.fan_in, layer.n_neurons) == (np.prod(grid.shape_in), out.numel())


@pytest.mark.parametrize("grid", GRIDS)
def test_synapses_are_the_products_that_meet_an_input(grid):
    """Followed through torch: all weights and inputs 1, every product with an input adds 1 to the sum of outputs."""
    weights = np.random.default_rng(0).integers(0, 2, grid.weight_shape(6)).astype(float)
    twin = torch_layer(grid, 6)
    with torch.no_grad():
        twin.weight.copy_(torch.from_numpy(weights))
        twin.bias.zero_()
        products = twin(torch.ones(1, *grid.shape_in)).sum().item()
    assert conv(grid, weights=weights).n_synapses == products


@pytest.mark.parametrize("grid", GRIDS)
def test_products_of_one_evaluation_are_counted_one_by_one(grid):
    per_output = grid.shape_in[0] // grid.groups * np.prod(grid.kernel)
    assert conv(grid).n_macs == sum(per_output for _ in product(range(6), *map(range, grid.grid_out)))


def test_a_conventional_network_counts_all_of_its_layers():
    """64 x (10 x 4) + 64, then 25 x 5 x 64 values onto 12 logits."""
    grid = Convolution((1, 49, 10), (10, 4), (2, 2), (5, 1))
    net = network(conv(grid, 64), dense(64 * 25 * 5, 12, relu=False))
    assert grid.grid_out == (25, 5)
    assert net.n_parameters == 64 * 40 + 64 + 8000 * 12 + 12
    assert net.n_macs == 64 * 40 * 125 + 8000 * 12
    assert (net.n_neurons, net.n_external) == (8012, 0)
    Activity(1, 1.0, {}, {}, 0.1).require_fits(net)  # it spikes nowhere


TAU = np.full(3, 0.02)
LIF = LayerSpec("lif", "lif", np.ones((2, 3)), np.zeros(3), TAU, np.ones(3))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: dense(3, 2, tau_mem=np.ones(2)), "a layer of kind 'dense' has no use for tau_mem"),
        (lambda: dense(3, 2, recurrent=np.ones((2, 2))), "a layer of kind 'dense' has no use for recurrent"),
        (lambda: dense(3, 2, convolution=GRIDS[0]), "a layer of kind 'dense' has no use for convolution"),
        (lambda: dense(3, 2, bias=np.zeros(3)), r"bias has shape \(3,\), expected \(2,\)"),
        (lambda: conv(GRIDS[0], convolution=None), "a layer of kind 'conv' needs convolution"),
        (lambda: conv(GRIDS[0], weights=np.ones((6, 4, 4))), r"weights has shape \(6, 4, 4\), expected \(6, 4, 5\)"),
        (lambda: conv(GRIDS[0], bias=np.zeros(4)), r"bias has shape \(4,\), expected \(6,\)"),
        (lambda: conv(GRIDS[1], 4), "groups must divide 4 output channels, got 3"),
        (lambda: LayerSpec("a", "lif", np.ones((2, 3)), np.zeros(3)), "a layer of kind 'lif' needs tau_mem"),
        (lambda: LayerSpec("a", "lstm", np.ones((2, 3)), np.zeros(3)), "unknown kind 'lstm'; known: encoder, lif"),
        (lambda: network(LIF, dense(3, 2)), "'dense' of kind 'dense' cannot follow 'lif' of kind 'lif'"),
        (lambda: network(dense(4, 2), LIF), "'lif' of kind 'lif' cannot follow 'dense' of kind 'dense'"),
        (lambda: network(conv(GRIDS[0]), dense(7, 2)), "'dense' takes 7 inputs, 'conv' has 150 neurons"),
        (lambda: Convolution((4,), (), (), ()), "shape_in must be 2 or 3 sizes"),
        (lambda: Convolution((4, 9), (3, 3), (1,), (0,)), "kernel must be 1 numbers, one for each axis"),
        (lambda: Convolution((4, 9), (3,), (0,), (0,)), "stride must be 1 numbers, .* each at least 1"),
        (lambda: Convolution((4, 9), (3,), (1,), (-1,)), "padding must be 1 numbers, .* each at least 0"),
        (lambda: Convolution((4, 9), (12,), (1,), (1,)), r"kernel \(12,\) is larger than its padded input \(9,\)"),
        (lambda: Convolution((4, 9), (3,), (1,), (0,), groups=3), "groups must divide 4 channels, got 3"),
    ],
)
def test_what_does_not_fit_is_refused(build, said):
    with pytest.raises(InputError, match=said):
        build()


def test_a_chip_of_spiking_cores_refuses_them_with_a_clear_line():
    net = network(conv(GRIDS[0], name="ears"), dense(150, 40), dense(40, 2, "out", relu=False))
    broken = load_chip("btbt-45rfsoi").check(net)
    assert [(b.code, b.where, b.value) for b in broken] == [
        ("kind", "layer 'ears'", "conv"), ("kind", "layer 'dense'", "dense"), ("kind", "layer 'out'", "dense"),
    ]  # fmt: skip
    assert str(broken[0]) == (
        "layer 'ears': kind is conv, allowed encoder, lif, adaptive_lif, readout; "
        "train it as spiking neurons, or choose a chip that multiplies"
    )
    with pytest.raises(InputError, match="'ears' of kind 'conv' has no membrane that a circuit could be"):
        ChipNetwork(net, LIFCircuit())
