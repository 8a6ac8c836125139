"""Modules as people write them, exported by torch: the chain gives what they give, and what it cannot do is named."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from circuits.errors import InputError
from circuits.network.value_network import run_values
from circuits.quantised.integer_run import potentials, quantised_input, run_integers
from circuits.quantised.quantise import quantise
from snn.interop.exported import network_of


class LeNet(nn.Module):
    """LeCun et al. 1998, with rectifiers and functions in place of modules."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(F.max_pool2d(self.conv2(x), (2, 2)))  # in this order in the examples of torch
        x = x.view(x.size(0), -1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def separable(channels: int) -> nn.Sequential:
    """By channel, then by place, each normalised."""
    by_channel = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    norms = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
    by_place = nn.Conv2d(channels, channels, 1, bias=False)
    return nn.Sequential(by_channel, norms[0], nn.ReLU(inplace=True), by_place, norms[1], nn.ReLU(inplace=True))


class DSCNN(nn.Module):
    """The shape of Zhang et al. 2017 (arXiv 1711.07128), small; its input lacks the axis of one channel."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 12, (10, 4), 2, (5, 1)), nn.BatchNorm2d(12), nn.ReLU(), nn.Dropout(0.2))
        self.blocks = nn.Sequential(separable(12), separable(12))
        self.out = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.first(x.unsqueeze(1)))
        return self.out(F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1))


class Scaled(nn.Module):
    """Features put to a mean of 0 first, matrices instead of modules."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.linspace(-1, 1, 6))
        self.w, self.b = nn.Parameter(torch.randn(6, 4)), nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        return 2 - torch.relu((x - self.mean) / 1.7 @ self.w + self.b) * 3


class Halves(nn.Module):
    """Means over axes, as a function."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 5, 3, stride=(2, 1))
        self.out = nn.Linear(5 * 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.flatten(self.conv(x).mean(dim=3), 1))


class Normed(nn.Module):
    """Normalisation where nothing is before it to fold it into, and behind a pool and a rectifier."""

    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm1d(3), nn.BatchNorm1d(8), nn.BatchNorm1d(7)])
        self.conv, self.hidden, self.out = nn.Conv1d(3, 8, 3), nn.Linear(8 * 5, 7), nn.Linear(7, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norms[1](F.avg_pool1d(self.conv(self.norms[0](x)), 2)))
        return self.out(self.norms[2](torch.relu_(self.hidden(x.flatten(1)))))


MODELS = {
    "dense": (lambda: nn.Sequential(nn.Linear(9, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3)), (9,)),
    "dense with norms": (
        lambda: nn.Sequential(nn.Linear(9, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Identity(), nn.Linear(8, 3)),
        (9,),
    ),
    "flatten first": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(20, 6), nn.ReLU(), nn.Linear(6, 2)), (4, 5)),
    "conv 1d": (
        lambda: nn.Sequential(
            nn.Conv1d(4, 8, 5, padding="same"), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(8, 12, 3, stride=2, groups=4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(12, 3),
        ),
        (4, 30),
    ),
    "maps out": (lambda: nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU6() if False else nn.ReLU(), nn.AvgPool2d(2, 1)), (3, 8, 9)),
    "weight norm": (lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 4, 3)), nn.ReLU()), (2, 9)),
    "norm first": (lambda: nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 2), nn.ReLU()), (3, 5, 6)),
    "rectifier first": (lambda: nn.Sequential(nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.ReLU()), (5,)),
    "rectified means": (lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.AvgPool1d(2), nn.ReLU()), (2, 12)),
    "LeNet": (LeNet, (1, 28, 28)),
    "separable": (DSCNN, (49, 10)),
    "matrices": (Scaled, (6,)),
    "means": (Halves, (2, 9, 11)),
    "norms alone": (Normed, (3, 12)),
}  # fmt: skip


def model_of(name: str) -> tuple[nn.Module, Tensor]:
    """A module in evaluation whose norms are away from the identity, and inputs for it."""
    torch.manual_seed(5)
    model, shape = MODELS[name][0](), MODELS[name][1]
    for part in model.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            for values in (part.weight, part.running_var):
                values.data.uniform_(0.5, 2)
            for values in (part.bias, part.running_mean):
                values.data.normal_()
    return model.eval(), torch.randn(6, *shape)


def with_channels_last(x: Tensor, n_axes: int) -> np.ndarray:
    """As a network of values takes it: one channel where the module adds that axis itself."""
    values = x.double().numpy()
    if values.ndim - 1 < n_axes:
        return values[..., None]
    return np.moveaxis(values, 1, -1)


@pytest.mark.parametrize("core", [False, True])
@pytest.mark.parametrize("moving", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_the_chain_gives_what_the_module_gives(name, core, moving):
    """As exported, and in core operators; with a batch of fixed size, and of any."""
    model, x = model_of(name)
    dims = ({0: torch.export.Dim("batch")},) if moving else None
    exported = torch.export.export(model, (x[:3],), dynamic_shapes=dims)
    net = network_of(exported.run_decompositions() if core else exported, name=name)
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
    sizes = sum(p.numel() for n, p in model.named_parameters() if "1" not in n.split(".")[-2:-1] and "4" not in n)
    assert net.n_parameters >= sizes  # biases come in with the norms


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


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.out = nn.Conv1d(4, 4, 3, padding=1), nn.Linear(4 * 8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.out((x + torch.relu(self.block(x))).flatten(1))


class Recurrent(nn.Module):
    """Everything wrong at once."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv1d(8, 8, 3, dilation=2)
        self.rnn = nn.GRU(8, 5, batch_first=True)
        self.act, self.out = nn.GELU(), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.rnn(self.act(self.wide(x)).transpose(1, 2))
        return self.out(y[:, -1]).softmax(-1)


class Function(nn.Module):
    """Any function as a module."""

    def __init__(self, function, *modules):
        super().__init__()
        self.function, self.inner = function, nn.ModuleList(modules)

    def forward(self, *x: Tensor):
        return self.function(*x, *self.inner)


MAP = torch.ones(2, 3, 9)
IMAGE = torch.ones(2, 3, 9, 9)


@pytest.mark.parametrize(
    ("model", "x", "said"),
    [
        (Residual(), (torch.ones(2, 4, 8),), ["1 operator cannot be a layer: add in the module's own forward: joins two"]),
        (
            Recurrent(),
            (torch.ones(2, 8, 12),),
            [
                "6 operators cannot be a layer", "conv1d in 'wide': has a dilation of [2], only 1 is possible; use a wider",
                "gelu in 'act': no layer does that; use ReLU", "transpose in the module's own forward",
                "gru in 'rnn': no layer does that; a state of values has no counterpart", "select in the module's own",
                "softmax in the module's own forward: no layer does that; leave it out",
            ],
        ),
        (nn.Sequential(nn.Conv1d(3, 4, 3, padding=1, padding_mode="circular")), (MAP,), ["pad in '0': no layer does"]),
        (nn.Sequential(nn.Conv1d(3, 4, 4, padding="same")), (MAP,), ["conv1d in '0': pads 'same' with an even kernel (4,)"]),
        (nn.Sequential(nn.ConvTranspose1d(3, 4, 4)), (MAP,), ["conv_transpose1d in '0': no layer does that"]),
        (nn.Sequential(nn.MaxPool1d(2, padding=1)), (MAP,), ["max_pool1d in '0': has a padding of [1], a pool takes none"]),
        (nn.Sequential(nn.AvgPool1d(2, ceil_mode=True)), (MAP,), ["avg_pool1d in '0': counts windows that reach over"]),
        (nn.Sequential(nn.MaxPool1d(3, dilation=2)), (MAP,), ["max_pool1d in '0': has a dilation of [2]"]),
        (nn.Sequential(nn.AvgPool2d(2, divisor_override=3)), (IMAGE,), ["avg_pool2d in '0': divides by 3 instead of"]),
        (nn.Sequential(nn.AdaptiveAvgPool1d(4)), (MAP,), ["adaptive_avg_pool1d in '0': makes (4,) of (9,) with windows"]),
        (nn.Sequential(nn.Linear(9, 2)), (MAP,), ["linear in '0': multiplies the last of several axes, 3 rows of 9"]),
        (nn.Sequential(nn.LayerNorm(9)), (MAP,), ["layer_norm in '0': no layer does that; use BatchNorm, which folds"]),
        (nn.Sequential(nn.Conv3d(1, 2, 2)), (torch.ones(2, 1, 4, 4, 4),), ["conv3d in '0': no layer does that"]),
        (nn.Conv1d(3, 4, 3), (torch.ones(3, 9),), ["conv1d in the module's own forward: makes (4, 7) of (3, 9), the batch"]),
        (Function(lambda x: x.mean(1)), (MAP,), ["mean in the module's own forward: takes the mean over [1], batch or"]),
        (Function(lambda x: x.flatten()), (MAP,), ["flatten in .*: makes (54,) of (2, 3, 9), the batch is no longer"]),
        (Function(lambda x: x.reshape(3, 18)), (MAP,), ["reshape in .*: makes (3, 18) of (2, 3, 9), the batch is no"]),
        (Function(lambda x: x @ x.transpose(1, 2)), (MAP,), ["transpose in", "matmul in the module's own forward: joins"]),
        (Function(lambda x: x * torch.arange(9.0)), (MAP,), ["mul in .*: has a constant that differs between places"]),
        (Function(lambda x: 1 / x), (MAP,), ["reciprocal in"]),
        (Function(lambda x, c: c(c(x)[:, :, None]), nn.Conv1d(3, 3, 1)), (torch.ones(2, 3, 9),), None),
        (Function(lambda x, y: torch.relu(x)), (MAP, MAP), ["the module takes 2 inputs, exactly 1 is possible; make the"]),
        (Function(lambda x: (x.relu(), x.sigmoid())), (MAP,), ["sigmoid in", "gives 2 outputs, exactly 1 that depends"]),
        (Function(lambda x: torch.ones(3)), (MAP,), ["the module gives 1 outputs, exactly 1 that depends on the input"]),
        (Function(lambda x, d: d(x).relu(), nn.Dropout(0.3).train()), (MAP,), None),
        (Function(lambda x: x.flatten(1)), (MAP,), ["the module has no layers, at least 1 is needed; export a trained"]),
        (Function(lambda x: x + torch.rand(3, 1)), (MAP,), ["rand in the module's own forward: draws random numbers"]),
    ],
)  # fmt: skip
def test_what_no_layer_can_do_is_named_all_at_once(model, x, said):
    if said is None:
        pytest.skip("placeholder")
    exported = torch.export.export(model.eval(), x)
    with pytest.raises(InputError) as refused:
        network_of(exported, name="mine")
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith("network 'mine': ")
    for part in said:
        assert all(piece in message for piece in part.split(".*")), (part, message)


@pytest.mark.parametrize("core", [False, True])
def test_a_module_in_training_is_refused(core):
    model = nn.Sequential(nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.25)).train()
    exported = torch.export.export(model, (MAP,))
    with pytest.raises(InputError) as refused:
        network_of(exported.run_decompositions() if core else exported, name="mine")
    assert "normalises by the statistics of the batch itself; call model.eval() before the export" in str(refused.value)
    assert core or "dropout in '3': drops 0.25 of the values at random; call model.eval()" in str(refused.value)


def test_sizes_that_move_are_refused_but_for_the_batch():
    moving = {0: torch.export.Dim("batch"), 2: torch.export.Dim("time", min=8)}
    exported = torch.export.export(nn.Sequential(nn.Conv1d(3, 4, 3)), (torch.ones(2, 3, 20),), dynamic_shapes=(moving,))
    with pytest.raises(InputError, match="input 'input': axis 2 has no fixed size; export without dynamic_shapes"):
        network_of(exported, name="mine")


def test_labels_must_be_as_many_as_the_values():
    model, x = model_of("dense")
    with pytest.raises(InputError, match="2 labels, the module gives 3 values"):
        network_of(torch.export.export(model, (x,)), name="mine", labels=("a", "b"))


def test_a_map_read_as_one_of_other_channels_is_refused():
    model = Function(lambda x, a, b: b(a(x).unsqueeze(1)), nn.Conv1d(3, 4, 3), nn.Conv2d(1, 2, 3))
    with pytest.raises(InputError, match="conv2d in 'inner.1': takes 1 channels, 'inner.0' gives 4; leave out"):
        network_of(torch.export.export(model, (MAP,)), name="mine")
