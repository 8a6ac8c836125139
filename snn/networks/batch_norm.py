"""Batch normalisation of what arrives at neurons, over clips and time."""

import torch
from jaxtyping import Float
from torch import Tensor

from snn.kernels.reference import Moments
from snn.neurons.axes import require_axes

NORM_MOMENTUM = 0.05  # Source: Bittar and Garner 2022


class BatchNorm(torch.nn.BatchNorm1d):
    """Each channel of `(batch, time, channel)` to mean 0 and variance 1 over clips and time, then y = weight x + bias.

    Evaluation takes running statistics: a plain mean over the first batches, so that they count from the first epoch
    on, later one that forgets. `stack_network` folds it into the weights before it.
    """

    def __init__(self, n: int):
        super().__init__(n, momentum=NORM_MOMENTUM)

    def forward(self, x: Float[Tensor, "batch time channel"]) -> Float[Tensor, "batch time channel"]:
        require_axes(x.shape, self.num_features, "BatchNorm")
        if self.training:
            self.momentum = self._share(self.num_batches_tracked.item() + 1)
        return super().forward(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def _share(self, n_batches: int) -> float:
        """Of the last batch in the statistics of so many."""
        return max(NORM_MOMENTUM, 1 / n_batches)

    def track(self, moments: Moments, n_rows: int) -> None:
        """Let the moments of a batch of so many rows, found elsewhere, into those that evaluation takes."""
        self.num_batches_tracked += 1
        share = self._share(self.num_batches_tracked.item())
        self.running_mean.lerp_(moments.mean, share)
        self.running_var.lerp_(moments.variance * (n_rows / max(1, n_rows - 1)), share)

    def scale_and_offset(self) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
        """s and t of y = s x + t, as learned."""
        scale = self.weight / torch.sqrt(self.running_var + self.eps)
        return scale, self.bias - scale * self.running_mean
