"""Steps that learn: forward what a chip holds, backward as if nothing had been done to the number.

A step function has no slope, so the gradient of its result is taken for that of its argument, the straight-through
estimator. Source: Bengio, Leonard and Courville 2013 (arXiv 1308.3432).
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, trained: Tensor, held: Tensor) -> Tensor:
        return held.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad, None


class _Clipped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, limit: Tensor) -> Tensor:
        ctx.save_for_backward(x, limit)
        return torch.clamp(x, -limit, limit)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        x, limit = ctx.saved_tensors
        return grad * ((x.abs() <= limit) | (grad * x > 0)), None


def through(trained: Float[Tensor, "..."], held: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """`held` bit for bit, with its gradient as that of `trained`."""
    return _Through.apply(trained, held)


def clipped(x: Float[Tensor, "..."], limit: Float[Tensor, ""]) -> Float[Tensor, "..."]:
    """x between -limit and limit; what lies beyond has a gradient only where descent brings it back."""
    return _Clipped.apply(x, limit)
