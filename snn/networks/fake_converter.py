"""A converter between digital numbers and an analog array, as training meets it: a range, steps, saturation.

    y = d clamp(round(x / d), -n, n),   d = range / n,   n = 2^(b - 1) - 1 of b bits     (1 bit: +-range)

The gradient goes straight through the steps, and stops where x saturates.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from snn.networks.straight_through import through

MOMENTUM = 0.05  # of the last batch in the range. ASSUMED: as that of a normalisation's statistics


class FakeConverter(nn.Module):
    """Values on the levels of `bits`, symmetric about zero; 0 bits: as they are.

    The range is the largest |x|: of each batch in training, a running mean of those in evaluation.
    """

    def __init__(self, bits: int):
        super().__init__()
        self.bits = bits
        if bits:  # state of the model only where there is a converter
            self.register_buffer("range", torch.zeros(()))

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """The numbers that come out, of the same shape."""
        if not self.bits:
            return x
        if self.training:
            largest = x.detach().abs().max()
            self.range.lerp_(largest, MOMENTUM if self.range else 1.0)
        limit = largest if self.training else self.range
        return in_steps(x, limit.clamp_min(torch.finfo(x.dtype).tiny), self.bits)


def in_steps(x: Float[Tensor, "..."], limit: Float[Tensor, ""], bits: int) -> Float[Tensor, "..."]:
    """x on the levels of so many bits up to `limit`."""
    within = x.clamp(-limit, limit)  # its gradient is that of saturation
    if bits == 1:
        return through(within, torch.where(x < 0, -limit, limit))
    most = 2 ** (bits - 1) - 1
    return through(within, (within.detach() * (most / limit)).round() * (limit / most))
