"""What no layer can do in an exported module is named, all of it at once."""

import pytest
import torch
from torch import Tensor, nn

from circuits.errors import InputError
from snn.interop.exported import network_of
from tests.unit.exported_models import model_of


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
        (Residual(), (torch.ones(2, 4, 8),), ["1 operator cannot be a layer: add in .* forward: joins two"]),
        (
            Recurrent(),
            (torch.ones(2, 8, 12),),
            [
                "6 operators cannot be a layer", "conv1d in 'wide': has a dilation of [2], only 1 is possible; use",
                "gelu in 'act': no layer does that; use ReLU", "transpose in the module's own forward",
                "gru in 'rnn': no layer does that; a state of values has no counterpart", "select in the module's own",
                "softmax in the module's own forward: no layer does that; leave it out",
            ],
        ),
        (nn.Sequential(nn.Conv1d(3, 4, 3, padding=1, padding_mode="circular")), (MAP,), ["pad in '0': no layer does"]),
        (nn.Sequential(nn.Conv1d(3, 4, 4, padding="same")), (MAP,), ["conv1d in '0': pads 'same' with an even kernel"]),
        (nn.Sequential(nn.ConvTranspose1d(3, 4, 4)), (MAP,), ["conv_transpose1d in '0': no layer does that"]),
        (nn.Sequential(nn.MaxPool1d(2, padding=1)), (MAP,), ["max_pool1d in '0': has a padding of [1], a pool"]),
        (nn.Sequential(nn.AvgPool1d(2, ceil_mode=True)), (MAP,), ["avg_pool1d in '0': counts windows that reach over"]),
        (nn.Sequential(nn.MaxPool1d(3, dilation=2)), (MAP,), ["max_pool1d in '0': has a dilation of [2]"]),
        (nn.Sequential(nn.AvgPool2d(2, divisor_override=3)), (IMAGE,), ["avg_pool2d in '0': divides by 3 instead of"]),
        (nn.Sequential(nn.AdaptiveAvgPool1d(4)), (MAP,), ["adaptive_avg_pool1d in '0': makes (4,) of (9,) with"]),
        (nn.Sequential(nn.Linear(9, 2)), (MAP,), ["linear in '0': multiplies the last of several axes, 3 rows of 9"]),
        (nn.Sequential(nn.LayerNorm(9)), (MAP,), ["layer_norm in '0': no layer does that; use BatchNorm, which folds"]),
        (nn.Sequential(nn.Conv3d(1, 2, 2)), (torch.ones(2, 1, 4, 4, 4),), ["conv3d in '0': no layer does that"]),
        (nn.Conv1d(3, 4, 3), (torch.ones(3, 9),), ["conv1d in .*: makes (4, 7) of (3, 9), the batch"]),
        (Function(lambda x: x.mean(1)), (MAP,), ["mean in .*: takes the mean over [1], batch or"]),
        (Function(lambda x: x.flatten()), (MAP,), ["flatten in .*: makes (54,) of (2, 3, 9), the batch is no longer"]),
        (Function(lambda x: x.reshape(3, 18)), (MAP,), ["reshape in .*: makes (3, 18) of (2, 3, 9), the batch is no"]),
        (Function(lambda x: x @ x.transpose(1, 2)), (MAP,), ["transpose in", "matmul in .*: joins"]),
        (Function(lambda x: x * torch.arange(9.0)), (MAP,), ["mul in .*: has a constant that differs between places"]),
        (Function(lambda x: 1 / x), (MAP,), ["reciprocal in"]),
        (Function(lambda x, y: torch.relu(x)), (MAP, MAP), ["the module takes 2 inputs, exactly 1 is possible; make"]),
        (Function(lambda x: (x.relu(), x.sigmoid())), (MAP,), ["sigmoid in", "gives 2 outputs, exactly 1 that"]),
        (Function(lambda x: torch.ones(3)), (MAP,), ["the module gives 1 outputs, exactly 1 that depends"]),
        (Function(lambda x: x.flatten(1)), (MAP,), ["the module has no layers, at least 1 is needed; export"]),
        (Function(lambda x: x + torch.rand(3, 1)), (MAP,), ["rand in the module's own forward: draws random numbers"]),
    ],
)  # fmt: skip
def test_what_no_layer_can_do_is_named_all_at_once(model, x, said):
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
    with pytest.raises(InputError, match=r"conv2d in 'inner\.1': takes 1 channels, 'inner\.0' gives 4; leave out"):
        network_of(torch.export.export(model, (MAP,)), name="mine")
