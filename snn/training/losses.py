"""Losses on a spotter's output."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def score_loss(scores: Float[Tensor, "batch label"], labels: Int[Tensor, " batch"]) -> Float[Tensor, ""]:
    """Cross entropy of the time-averaged softmax: -mean ln scores[label]."""
    return torch.nn.functional.nll_loss(scores.clamp_min(1e-12).log(), labels)
