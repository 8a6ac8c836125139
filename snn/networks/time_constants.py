"""Time constants of a population, which may be learned."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError

Tau = float | tuple[float, float] | Tensor  # s: of all neurons, a span to start log-uniform in, of each neuron


class TimeConstants(torch.nn.Module):
    """Time constants of n neurons; `log_tau` is their logarithm, a parameter where they are learned.

    Those that start in a span stay there.
    Raises: InputError for one that is not positive and finite, or a span that is empty.
    """

    def __init__(self, n: int, start: Tau, *, learn: bool = True, generator: torch.Generator | None = None):
        super().__init__()
        self.limits = (-math.inf, math.inf)
        values = torch.as_tensor(start, dtype=torch.get_default_dtype()).detach()
        if not (values.numel() and torch.isfinite(values).all() and (values > 0).all()):
            raise InputError(f"a time constant must be positive and finite (s), got {start}")
        if isinstance(start, (tuple, list)):
            low, high = self.limits = _span(start)
            values = low + (high - low) * torch.rand(n, generator=generator)
        elif isinstance(start, Tensor):
            if start.shape != (n,):
                raise InputError(f"time constants of {n} neurons are ({n},), got {tuple(start.shape)}")
            values = values.log()
        else:
            values = torch.full((n,), math.log(start))
        if learn:
            self.log_tau = torch.nn.Parameter(values)
        else:
            self.register_buffer("log_tau", values)

    def forward(self) -> Float[Tensor, " neuron"]:
        """In seconds."""
        return self.log_tau.clamp(*self.limits).exp()


def _span(span: tuple[float, float]) -> tuple[float, float]:
    """Its logarithms."""
    if len(span) != 2 or not span[0] <= span[1]:
        raise InputError(f"a span of time constants is (shortest, longest) in seconds, got {span}")
    return math.log(span[0]), math.log(span[1])
