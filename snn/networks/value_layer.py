"""One layer of a conventional network in torch, and the same as plain data with its normalisation folded in."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from circuits.network.spec import POOL_KINDS, LayerSpec
from snn.networks.conventional_settings import Stage


class ValueLayer(nn.Module):
    """y = relu(norm(W x + b)), W a convolution or a matrix; or a pool. Logits have no relu.

    A layer that normalises each batch has no bias of its own. Weights are drawn from `generator` by He et al. 2015
    (arXiv 1502.01852), uniform.
    """

    def __init__(self, stage: Stage, normalised: bool, generator: torch.Generator):
        super().__init__()
        self.stage = stage
        self.map = _map(stage, bias=not normalised)
        weighted = stage.kind not in POOL_KINDS
        self.norm = nn.BatchNorm1d(stage.n_out) if weighted and normalised else None
        if weighted:
            nn.init.kaiming_uniform_(self.map.weight, nonlinearity="relu", generator=generator)
            if self.map.bias is not None:
                nn.init.zeros_(self.map.bias)

    def forward(self, x: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        """`(batch, channel, frame)` or `(batch, channel, frame, band)`; a dense layer takes it flattened in that order
        and gives `(batch, neuron)`."""
        x = self.map(x.flatten(1) if self.stage.grid is None else x)
        if self.stage.kind in POOL_KINDS:
            return x
        if self.norm is not None:  # over all positions of a channel, whatever the axes
            x = self.norm(x.flatten(2) if x.ndim > 2 else x).view_as(x)
        return x.relu() if self.stage.relu else x

    @torch.no_grad()
    def spec(self) -> LayerSpec:
        """Plain data; W' = s W and b' = s (b - mean) + offset, where s = scale / sqrt(variance + eps)."""
        stage = self.stage
        if stage.kind in POOL_KINDS:
            empty = np.zeros((stage.n_out, 0))
            return LayerSpec(stage.name, stage.kind, empty, np.zeros(0), convolution=stage.grid)
        weight = self.map.weight.cpu().double()
        bias = weight.new_zeros(stage.n_out) if self.map.bias is None else self.map.bias.cpu().double()
        if self.norm is not None:
            gain, offset, mean, variance = (
                getattr(self.norm, name).cpu().double() for name in ("weight", "bias", "running_mean", "running_var")
            )
            scale = gain / torch.sqrt(variance + self.norm.eps)
            weight, bias = weight * scale.view(-1, *[1] * (weight.ndim - 1)), scale * (bias - mean) + offset
        weights = (weight if stage.grid else weight.T).contiguous().numpy()
        return LayerSpec(stage.name, stage.kind, weights, bias.numpy(), convolution=stage.grid, relu=stage.relu)


def _map(stage: Stage, bias: bool) -> nn.Module:
    """The convolution, matrix or pool, its numbers not yet drawn."""
    grid = stage.grid
    if grid is None:
        return nn.utils.skip_init(nn.Linear, stage.n_in, stage.n_out, bias=bias)
    by_axes = len(grid.kernel) - 1
    if stage.kind == "mean_pool":
        return (nn.AvgPool1d, nn.AvgPool2d)[by_axes](grid.kernel, grid.stride)
    if stage.kind == "max_pool":
        return (nn.MaxPool1d, nn.MaxPool2d)[by_axes](grid.kernel, grid.stride)
    sizes = {"stride": grid.stride, "padding": grid.padding, "groups": grid.groups, "bias": bias}
    kind = (nn.Conv1d, nn.Conv2d)[by_axes]
    return nn.utils.skip_init(kind, grid.shape_in[0], stage.n_out, grid.kernel, **sizes)
