"""Weights of a few levels, symmetric about zero, with a scale for each output: a column of a crossbar, a filter.

    1 bit:   w' = m sign(w), m = mean |w|           (Rastegari et al. 2016, arXiv 1603.05279)
    b bits:  w' = d clamp(round(w / d), -n, n),   n = 2^(b - 1) - 1,   d = STEP[b] sqrt(mean w^2)

The means are over the inputs of one output. There, and not over a layer, because what normalises a layer is folded into
the weights as one factor for each output, and so are the time constants of its neurons: levels stay levels. A chip has
such a factor too, in the gain of a column's converter or the gate bias of a neuron's sources.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from snn.networks.straight_through import through

# The step that loses least of normal numbers, in standard deviations, for 3, 15 and 255 levels. Source: Max 1960,
# 10.1109/TIT.1960.1057548, for 3 levels; for the others the same minimum, which a test finds again.
STEP = {2: 1.2240, 4: 0.3534, 8: 0.0309}


def on_levels(
    weight: Float[Tensor, "..."], bits: int, out: int, kept: Float[Tensor, "..."] | None = None
) -> Float[Tensor, "..."]:
    """The weight on its levels, its gradient straight through; `out`: axis of the outputs.

    kept: 1 where there is a synapse, else 0, which holds no weight and counts in no mean; None: everywhere.
    """
    w = weight.detach() if kept is None else weight.detach() * kept
    over = [axis for axis in range(w.ndim) if axis != out % w.ndim]
    n_inputs = (torch.ones_like(w) if kept is None else kept).sum(over, keepdim=True).clamp_min(1)
    if bits == 1:
        level = w.abs().sum(over, keepdim=True) / n_inputs
        held = torch.where(w < 0, -level, level)
    else:
        most = 2 ** (bits - 1) - 1
        step = STEP[bits] * (w.square().sum(over, keepdim=True) / n_inputs).sqrt()
        held = step * (w / step.clamp_min(torch.finfo(w.dtype).tiny)).round().clamp(-most, most)
    return through(weight, held if kept is None else held * kept)
