"""Losses on a spotter's output."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def score_loss(log_scores: Float[Tensor, "batch label"], labels: Int[Tensor, " batch"]) -> Float[Tensor, ""]:
    """Cross entropy: -mean ln scores[label]."""
    return torch.nn.functional.nll_loss(log_scores, labels)
