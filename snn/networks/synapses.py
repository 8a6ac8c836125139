"""What a chip holds of an array of trained weights: clipped, of few inputs for each output, on few levels."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from snn.networks.chip_settings import OFF, ChipSettings
from snn.networks.straight_through import clipped, through
from snn.networks.weight_levels import on_levels


class Synapses(nn.Module):
    """The weights of one array as the chip holds them; `out`: axis of its outputs.

    Until `fix` the largest inputs of each output are chosen anew in every batch, and those left out learn on, so that
    they may come back; afterwards the choice stands.
    """

    def __init__(self, chip: ChipSettings, shape: tuple[int, ...], out: int):
        super().__init__()
        self.bits, self.clip, self.out = chip.weight_bits, chip.weight_clip, out
        n_inputs = torch.Size(shape).numel() // shape[out]
        self.fan_in = chip.fan_in if chip.fan_in < n_inputs else 0
        if self.fan_in:  # state of the model only where there is a choice
            self.register_buffer("kept", torch.ones(shape))
            self.register_buffer("fixed", torch.zeros(()))

    def forward(self, weight: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """The weights that the chip holds, of the same shape."""
        if self.clip:
            weight = clipped(weight, self.clip * weight.detach().std(correction=0))
        kept = None
        if self.fan_in:
            kept = self.kept if self.fixed else largest(weight.detach(), self.fan_in, self.out)
            weight = weight * kept if self.fixed else through(weight, weight.detach() * kept)
        return on_levels(weight, self.bits, self.out, kept) if self.bits else weight

    def fix(self, weight: Float[Tensor, "..."]) -> None:
        """From now on the inputs are those that are the largest now."""
        if self.fan_in and not self.fixed:
            self.kept.copy_(largest(weight.detach(), self.fan_in, self.out))
            self.fixed.fill_(1)


def largest(weight: Float[Tensor, "..."], count: int, out: int) -> Float[Tensor, "..."]:
    """1 at the so many largest |w| of each output, else 0; at a tie the earlier input stays."""
    rows = weight.movedim(out, 0).flatten(1)
    order = rows.abs().sort(dim=1, descending=True, stable=True).indices[:, :count]
    kept = torch.zeros_like(rows).scatter_(1, order, 1.0)
    return kept.view(weight.movedim(out, 0).shape).movedim(0, out)


def as_trained() -> Synapses:
    """Those of no chip."""
    return Synapses(OFF, (1, 1), 1)
