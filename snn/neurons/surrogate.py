"""Spikes with a surrogate gradient: a step function forward, a smooth pseudo-derivative backward.

A surrogate is any function from `x = v - v_threshold` (in units of the threshold) to the pseudo-derivative, so a new
one is one line. Pass it as `spike_grad`. The named ones have a slope: pseudo-derivative h(slope |x|), 1 at threshold.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError

SpikeGrad = Callable[[Tensor], Tensor]


def _boxcar(y: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    return (y <= 0.5).to(y.dtype)


def _atan(y: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    return 1 / (1 + (torch.pi * y).square())


def _fast_sigmoid(y: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    return 1 / (1 + y).square()


def _triangle(y: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    return (1 - y).clamp_min(0)


SHAPES: dict[str, SpikeGrad] = {"boxcar": _boxcar, "atan": _atan, "fast_sigmoid": _fast_sigmoid, "triangle": _triangle}


@dataclass(frozen=True)
class Surrogate:
    """A pseudo-derivative by name, of a slope: h(slope |x|). Raises: InputError for an unknown name, or no slope.

    boxcar: 1 for y <= 1/2, else 0.  atan: 1 / (1 + (pi y)^2).  fast_sigmoid: 1 / (1 + y)^2.  triangle: max(0, 1 - y).
    """

    name: str
    slope: float = 1.0

    def __post_init__(self):
        if self.name not in SHAPES:
            raise InputError(f"unknown surrogate {self.name!r}; known: {', '.join(SHAPES)}, or give a function of x")
        if not (self.slope > 0 and math.isfinite(self.slope)):
            raise InputError(f"surrogate {self.name!r}: slope must be positive and finite, got {self.slope}")

    def __call__(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        return SHAPES[self.name](self.slope * x.abs())


boxcar = Surrogate("boxcar")  # Source: Kaiser et al. 2020; used by Bittar and Garner 2022
atan = Surrogate("atan")  # slope 2 of the arctangent. Source: Fang et al. 2021
fast_sigmoid = Surrogate("fast_sigmoid", 10.0)  # Source: Zenke and Ganguli 2018, slope 10
triangle = Surrogate("triangle")  # Source: Bellec et al. 2018, damping left to the optimiser
SURROGATES: dict[str, Surrogate] = {s.name: s for s in (boxcar, atan, fast_sigmoid, triangle)}


def surrogate(spike_grad: str | SpikeGrad) -> SpikeGrad:
    """The surrogate of that name at its usual slope, or the function itself. Raises: InputError for an unknown name."""
    if callable(spike_grad):
        return spike_grad
    if not isinstance(spike_grad, str):
        raise InputError(f"spike_grad is a name, a Surrogate or a function of v - v_threshold, got {spike_grad!r}")
    return SURROGATES.get(spike_grad) or Surrogate(spike_grad)


def checked(found: object, x: Tensor) -> Tensor:
    """What a surrogate returned for x. Raises: InputError unless it is a tensor like x."""
    if not isinstance(found, Tensor) or found.shape != x.shape or not found.is_floating_point():
        got = f"{tuple(found.shape)} {found.dtype}" if isinstance(found, Tensor) else type(found).__name__
        raise InputError(
            f"spike_grad returned {got} for x of {tuple(x.shape)} {x.dtype}; return the pseudo-derivative of each of "
            "its numbers"
        )
    return found


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, spike_grad: SpikeGrad) -> Tensor:
        ctx.save_for_backward(x)
        ctx.spike_grad = spike_grad
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return grad * checked(ctx.spike_grad(x), x), None


def spike(x: Float[Tensor, "..."], spike_grad: SpikeGrad = boxcar) -> Float[Tensor, "..."]:
    """1 where x > 0, else 0, same shape; backward multiplies by `spike_grad(x)`."""
    return _Spike.apply(x, spike_grad)
