"""Modules as people write them, for the reader of exported ones."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm


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
        lambda: nn.Sequential(
            nn.Linear(9, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Identity(), nn.Linear(8, 3)
        ),
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
    "maps out": (lambda: nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AvgPool2d(2, 1)), (3, 8, 9)),
    "weight norm": (lambda: nn.Sequential(weight_norm(nn.Conv1d(2, 4, 3)), nn.ReLU()), (2, 9)),
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
