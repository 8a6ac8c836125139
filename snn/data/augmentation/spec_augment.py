"""Masks of frequency and time on batches of features (SpecAugment)."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from circuits.errors import InputError


def spec_augment(
    features: Float[Tensor, "batch frame band"], generator: torch.Generator, *, max_band: int = 8, max_frame: int = 10
) -> Float[Tensor, "batch frame band"]:
    """Replace one run of bands and one run of frames of every clip by the clip's mean; same shape, a new tensor.

    Widths are uniform in 0..max_band and 0..max_frame, starts uniform over where the run fits.
    Source: Park et al. 2019 (arXiv 1904.08779), section 2, without time warping.
    Raises:  InputError for a negative width.
    """
    n_batch, n_frames, n_bands = features.shape
    frames = _runs(n_batch, n_frames, max_frame, generator).to(features.device)
    bands = _runs(n_batch, n_bands, max_band, generator).to(features.device)
    masked = frames[:, :, None] | bands[:, None, :]
    return torch.where(masked, features.mean(dim=(1, 2), keepdim=True), features)


def _runs(n_batch: int, size: int, max_width: int, generator: torch.Generator) -> Bool[Tensor, "batch size"]:
    if max_width < 0:
        raise InputError(f"mask width {max_width} is negative; 0 switches the mask off")
    width = _below(torch.full((n_batch,), min(max_width, size) + 1), generator)
    start = _below(size - width + 1, generator)
    i = torch.arange(size)
    return (i >= start[:, None]) & (i < (start + width)[:, None])


def _below(limit: Int[Tensor, " batch"], generator: torch.Generator) -> Int[Tensor, " batch"]:
    """Integers uniform in 0..limit - 1; double precision keeps the product below the limit."""
    draw = torch.rand(limit.shape, generator=generator, dtype=torch.float64, device=generator.device)
    return (draw.cpu() * limit).long()
