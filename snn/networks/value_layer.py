"""One layer of a conventional network in torch, and the same as plain data with its normalisation folded in."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from circuits.network.spec import POOL_KINDS, LayerSpec
from snn.networks.chip_settings import OFF, ChipSettings
from snn.networks.conventional_settings import Stage
from snn.networks.fake_converter import FakeConverter
from snn.networks.silicon_of_batch import mismatched, noisy
from snn.networks.synapses import Synapses


class ValueLayer(nn.Module):
    """y = relu(norm(W x + b)), W a convolution or a matrix; or a pool. Logits have no relu.

    On a chip y = relu(convert(W' convert(x)) + b'): W' is what `chip` holds of the trained weights with the
    normalisation folded in, by the statistics of the batch until they are frozen, on silicon that each batch draws. A
    layer that normalises each batch has no bias of its own. Weights are drawn from `generator` by He et al. 2015 (arXiv
    1502.01852), uniform.
    """

    def __init__(self, stage: Stage, normalised: bool, generator: torch.Generator, chip: ChipSettings = OFF):
        super().__init__()
        self.stage, self.chip = stage, chip
        self.map = _map(stage, bias=not normalised)
        weighted = stage.kind not in POOL_KINDS
        self.norm = nn.BatchNorm1d(stage.n_out) if weighted and normalised else None
        if weighted:
            nn.init.kaiming_uniform_(self.map.weight, nonlinearity="relu", generator=generator)
            if self.map.bias is not None:
                nn.init.zeros_(self.map.bias)
            self.synapses = Synapses(chip, tuple(self.map.weight.shape), out=0)
            self.into, self.out_of = FakeConverter(chip.input_bits), FakeConverter(chip.output_bits)

    def forward(
        self, x: Float[Tensor, "batch ..."], generator: torch.Generator | None = None
    ) -> Float[Tensor, "batch ..."]:
        """`(batch, channel, frame)` or `(batch, channel, frame, band)`; a dense layer takes it flattened in that order
        and gives `(batch, neuron)`.

        `generator` draws the silicon; without one it is the typical one, in training drawn too.
        """
        x = x.flatten(1) if self.stage.grid is None else x
        if self.stage.kind in POOL_KINDS:
            return self.map(x)
        x = self._normalised(self.map(x)) if self.chip.plain else self._on_chip(x, generator)
        return x.relu() if self.stage.relu else x

    def settle(self, freeze: bool) -> None:
        """Fix the inputs of each output, and freeze the normalisation."""
        if self.stage.kind not in POOL_KINDS:
            self.synapses.fix(self.map.weight)
            if freeze and self.norm is not None:
                self.norm.eval()

    def _on_chip(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        """W' x + b' as the chip computes it."""
        x, weight = self.into(x), self.synapses(self.map.weight)
        scale, bias = self._folding(x, weight)
        weight = weight if scale is None else weight * _of_outputs(scale, weight)
        drawn = self.training or generator is not None
        if drawn and self.chip.weight_noise:
            weight = noisy(weight, self.chip.weight_noise, generator)
        if drawn and self.chip.mismatch:
            weight = mismatched(weight, self.chip.mismatch, generator)
        y = self.out_of(self._products(x, weight))
        return y if bias is None else y + bias.view(-1, *[1] * (y.ndim - 2))

    def _folding(self, x: Tensor, weight: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """What the normalisation multiplies the weights of each output by, and its bias: s = scale / sqrt(variance +
        eps), b' = offset - s mean, by the statistics of W x in training, which the running ones follow."""
        norm = self.norm
        if norm is None:
            return None, self.map.bias
        mean, variance = norm.running_mean, norm.running_var
        if norm.training:
            sums = self._products(x, weight).transpose(0, 1).flatten(1)
            variance, mean = torch.var_mean(sums, dim=1, correction=0)
            with torch.no_grad():
                norm.running_mean.lerp_(mean, norm.momentum)
                norm.running_var.lerp_(variance * (sums.shape[1] / (sums.shape[1] - 1)), norm.momentum)
                norm.num_batches_tracked += 1
        scale = norm.weight / torch.sqrt(variance + norm.eps)
        return scale, norm.bias - scale * mean

    def _normalised(self, y: Tensor) -> Tensor:
        """Over all positions of a channel, whatever the axes."""
        if self.norm is None:
            return y
        return self.norm(y.flatten(2) if y.ndim > 2 else y).view_as(y)

    def _products(self, x: Tensor, weight: Tensor) -> Tensor:
        if self.stage.grid is None:
            return nn.functional.linear(x, weight)
        own = self.map
        convolve = nn.functional.conv1d if len(own.kernel_size) == 1 else nn.functional.conv2d
        return convolve(x, weight, None, own.stride, own.padding, own.dilation, own.groups)

    @torch.no_grad()
    def spec(self) -> LayerSpec:
        """Plain data; W' = s W and b' = s (b - mean) + offset, where s = scale / sqrt(variance + eps)."""
        stage = self.stage
        if stage.kind in POOL_KINDS:
            empty = np.zeros((stage.n_out, 0))
            return LayerSpec(stage.name, stage.kind, empty, np.zeros(0), convolution=stage.grid)
        weight = self.synapses(self.map.weight).cpu().double()
        bias = weight.new_zeros(stage.n_out) if self.map.bias is None else self.map.bias.cpu().double()
        if self.norm is not None:
            gain, offset, mean, variance = (
                getattr(self.norm, name).cpu().double() for name in ("weight", "bias", "running_mean", "running_var")
            )
            scale = gain / torch.sqrt(variance + self.norm.eps)
            weight, bias = weight * _of_outputs(scale, weight), scale * (bias - mean) + offset
        weights = (weight if stage.grid else weight.T).contiguous().numpy()
        return LayerSpec(stage.name, stage.kind, weights, bias.numpy(), convolution=stage.grid, relu=stage.relu)


def _of_outputs(scale: Tensor, weight: Tensor) -> Tensor:
    """A number for each output, in the shape of a weight."""
    return scale.view(-1, *[1] * (weight.ndim - 1))


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
