"""A layer of values in training for a chip: its converter meets the sums that the chip's meets, folded."""

import numpy as np
import pytest
import torch

from circuits.network.convolution import Convolution
from snn.networks.chip_settings import OFF, ChipSettings
from snn.networks.conventional_settings import Stage
from snn.networks.value_layer import ValueLayer

STAGES = {
    "dense": Stage("hidden", "dense", 6, 5),
    "conv": Stage("conv", "conv", 24, 5, Convolution((2, 12), (3,), (1,), (0,))),
}
BITS = 6


def layer_of(kind: str, chip: ChipSettings) -> ValueLayer:
    """Far from a factor of 1 in its normalisation, and of both signs."""
    layer = ValueLayer(STAGES[kind], True, torch.Generator().manual_seed(0), chip)
    with torch.no_grad():
        layer.norm.weight.copy_(torch.tensor([-6.0, 0.3, 2.0, 4.0, 1.0]))
        layer.norm.bias.copy_(torch.linspace(-1, 2, 5))
    return layer


def batch(kind: str, seed: int = 1) -> torch.Tensor:
    shape = (400, 6) if kind == "dense" else (400, 2, 12)
    return 0.5 + torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def sums_of(layer: ValueLayer, x: torch.Tensor) -> np.ndarray:
    """W x of every output `(sum, output)`, in NumPy."""
    weight, x = layer.map.weight.detach().double().numpy(), x.double().numpy()
    if x.ndim == 2:
        return x @ weight.T
    windows = np.lib.stride_tricks.sliding_window_view(x, 3, axis=2)
    return np.einsum("nifk,oik->nfo", windows, weight).reshape(-1, len(weight))


@pytest.mark.parametrize("kind", STAGES)
def test_converters_in_training_are_those_of_the_folded_sums_in_evaluation(kind):
    """d round(s W x / d) + offset - s mean, from NumPy; the same of batch and running statistics that are equal."""
    layer, x = layer_of(kind, ChipSettings(output_bits=BITS)), batch(kind)
    for _ in range(300):  # until the running figures are those of this batch
        trained = layer(x)
    sums = sums_of(layer, x)
    gain, offset = (each.detach().double().numpy() for each in (layer.norm.weight, layer.norm.bias))
    scale = gain / np.sqrt(sums.var(axis=0) + layer.norm.eps)
    limit = np.abs(scale * sums).max()
    assert layer.out_of.range.item() == pytest.approx(limit, rel=1e-5)
    step = limit / (2 ** (BITS - 1) - 1)
    expected = np.maximum(step * np.round(scale * sums / step) + offset - scale * sums.mean(axis=0), 0)
    assert np.unique(expected.round(6)).size < 5 * 2**BITS  # steps are coarse, so that they are seen
    layer.eval()
    layer.norm.running_var.mul_((len(sums) - 1) / len(sums))  # as a batch's own variance is
    for found in (trained, layer(x)):
        y = found.detach().double().numpy()
        y = y if kind == "dense" else y.transpose(0, 2, 1).reshape(-1, 5)
        assert np.mean(np.abs(y - expected) < 1e-4) > 0.999  # a sum on the edge of a step falls to either side


@pytest.mark.parametrize("kind", STAGES)
def test_folding_by_the_batch_is_its_normalisation_with_its_gradients_and_running_figures(kind):
    """Of as good as no steps, against torch's own normalisation."""
    found = []
    for chip in (OFF, ChipSettings(output_bits=16)):
        layer, x = layer_of(kind, chip), batch(kind).requires_grad_()
        layer.stage = layer.stage._replace(relu=False)  # a sum on its edge has either slope
        y = layer(x)
        (y * torch.randn(y.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
        found.append([y, x.grad, layer.map.weight.grad, layer.norm.weight.grad, layer.norm.bias.grad,
                      layer.norm.running_mean, layer.norm.running_var, layer.norm.num_batches_tracked])  # fmt: skip
    for mine, expected in zip(*reversed(found), strict=True):
        size = expected.detach().abs().max().item()
        torch.testing.assert_close(mine, expected, rtol=0, atol=2e-3 * size if size else 1e-6)


def test_noise_of_the_devices_is_of_the_folded_weights_in_training_too():
    """Of the largest of all W' = s W, while normalisations still follow the batch: spread over pieces of silicon."""
    layer, x = layer_of("dense", ChipSettings(weight_noise=0.1)), batch("dense")
    generator = torch.Generator().manual_seed(3)
    sums = sums_of(layer, x)
    scale = layer.norm.weight.detach().double().numpy() / np.sqrt(sums.var(axis=0) + layer.norm.eps)
    folded = np.abs(scale[:, None] * layer.map.weight.detach().double().numpy()).max()
    layer.norm.bias.data += 50.0  # so that nothing is cut off
    y = torch.stack([layer(x, generator)[0] for _ in range(2000)])
    deviation = y.detach().double().numpy().std(axis=0)
    assert deviation == pytest.approx(0.1 * folded * x[0].norm().item(), rel=0.05)
