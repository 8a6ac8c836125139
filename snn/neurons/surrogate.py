"""Spikes with a surrogate gradient: a step function forward, a smooth pseudo-derivative backward.

A surrogate is a plain function from `v - v_threshold` (in units of the threshold) to the pseudo-derivative, so a new
one is one line. Pass it as `spike_grad`.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

SpikeGrad = Callable[[Tensor], Tensor]


def boxcar(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """1 for |x| <= 1/2, else 0. Source: Kaiser et al. 2020; used by Bittar and Garner 2022."""
    return (x.abs() <= 0.5).to(x.dtype)


def atan(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """1 / (1 + (pi x)^2), slope 2 of the arctangent. Source: Fang et al. 2021."""
    return 1 / (1 + (torch.pi * x).square())


def fast_sigmoid(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """1 / (1 + 10 |x|)^2. Source: Zenke and Ganguli 2018, slope 10."""
    return 1 / (1 + 10 * x.abs()).square()


def triangle(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """max(0, 1 - |x|). Source: Bellec et al. 2018, damping left to the optimiser."""
    return (1 - x.abs()).clamp_min(0)


SURROGATES: dict[str, SpikeGrad] = {f.__name__: f for f in (boxcar, atan, fast_sigmoid, triangle)}


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, spike_grad: SpikeGrad) -> Tensor:
        ctx.save_for_backward(x)
        ctx.spike_grad = spike_grad
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grad * ctx.spike_grad(x), None


def spike(x: Float[Tensor, "..."], spike_grad: SpikeGrad = boxcar) -> Float[Tensor, "..."]:
    """1 where x > 0, else 0, same shape; backward multiplies by `spike_grad(x)`."""
    return _Spike.apply(x, spike_grad)
