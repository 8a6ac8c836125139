"""Conventional networks twice: as torch modules, and as the plain data that we run."""

import numpy as np
import torch
from torch import nn

from circuits.network.convolution import Convolution
from circuits.network.spec import LayerSpec, NetworkSpec

CHAINS = {
    "conv1d": (lambda: [nn.Conv1d(4, 6, 5, 2, 2), nn.ReLU(), nn.Conv1d(6, 8, 3)], (4, 20)),
    "conv2d": (
        lambda: [nn.Conv2d(1, 6, (5, 3), (2, 1), (2, 1)), nn.ReLU(), nn.MaxPool2d(2), nn.Linear(6 * 5 * 4, 3)],
        (1, 20, 8),
    ),
    "grouped": (
        lambda: [nn.Conv2d(4, 8, 3, groups=2), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1, groups=8)],
        (4, 9, 7),
    ),
    "means": (
        lambda: [nn.Conv1d(3, 5, 4), nn.AvgPool1d(3, 2), nn.Linear(5 * 8, 7), nn.ReLU(), nn.Linear(7, 2)],
        (3, 20),
    ),
    "pool first": (lambda: [nn.MaxPool1d(2), nn.Linear(12, 4)], (3, 8)),
    "dense": (lambda: [nn.Linear(9, 5), nn.ReLU(), nn.Linear(5, 2)], (9,)),
}


def layer(name: str, module: nn.Module, shape: tuple[int, ...] = (), relu: bool = True) -> LayerSpec:
    """A torch layer as plain data; shape: of its input, channels first."""
    if isinstance(module, nn.Linear):
        weights, bias = module.weight.detach().double().numpy().T, module.bias.detach().double().numpy()
        return LayerSpec(name, "dense", weights, bias, relu=relu)
    axes = len(shape) - 1
    sizes = [value if isinstance(value, tuple) else (value,) * axes for value in (module.kernel_size, module.stride)]
    padding = module.padding if isinstance(module.padding, tuple) else (module.padding,) * axes
    grid = Convolution(shape, *sizes, padding, getattr(module, "groups", 1))
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        weights, bias = module.weight.detach().double().numpy(), module.bias.detach().double().numpy()
        return LayerSpec(name, "conv", weights, bias, convolution=grid, relu=relu)
    kind = "max_pool" if "Max" in type(module).__name__ else "mean_pool"
    return LayerSpec(name, kind, np.zeros((shape[0], 0)), np.zeros(0), convolution=grid)


def twin(chain: str, seed: int = 0) -> tuple[nn.Sequential, NetworkSpec]:
    """A chain as torch runs it, and as data; a Linear flattens a grid before it, a ReLU is of the layer before."""
    torch.manual_seed(seed)
    modules, shape = CHAINS[chain][0](), CHAINS[chain][1]
    steps, layers, x = [], [], torch.zeros(1, *shape)
    for index, module in enumerate(modules):
        if isinstance(module, nn.ReLU):
            steps.append(module)
            continue
        if isinstance(module, nn.Linear) and x.dim() > 2:
            steps.append(nn.Flatten())
            x = x.flatten(1)
        relu = index + 1 < len(modules) and isinstance(modules[index + 1], nn.ReLU)
        layers.append(layer(f"layer{index}", module, tuple(x.shape[1:]), relu))
        steps.append(module)
        x = module(x)
    return nn.Sequential(*steps).double().eval(), NetworkSpec("net", 0.01, tuple(layers))


def last(x: np.ndarray) -> np.ndarray:
    """Channels first to channels last, behind the clips."""
    return np.moveaxis(x, 1, -1)
