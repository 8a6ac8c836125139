"""A whole network's loss and gradients in one piece: micro-batches that stay in cache, spike-sparse products.

Forward, loss and backward of one micro-batch run over preallocated buffers, one micro-batch per thread at a time,
and the gradients add up. Products with spikes gather only the rows of active inputs; at high activity they are dense.
Where a layer is normalised, all micro-batches meet before its neurons, forward and backward: its input is computed
again from the spikes, which are few, instead of kept. `network_loss` of `reference.py` defines the result.
"""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from snn.kernels.dropout import NO_DROPOUT, Dropout
from snn.kernels.fused_network import Arrays, Totals
from snn.kernels.fused_stages import Piece, stages
from snn.kernels.reference import DenseLayer, Loss, Moments, Network, SpikeCosts
from snn.kernels.threads import n_threads, on_threads
from snn.neurons.adaptive import AdaptiveParams

MICRO_ROWS = 1600  # time steps x clips of a micro-batch: its buffers stay in a core's cache; best of 800, 1600, 3200


def network_loss(
    x: Float[Tensor, "time batch channel"],
    labels: Int[Tensor, " clip"],
    network: Network,
    evidence: float,
    dropout: Dropout = NO_DROPOUT,
    costs: SpikeCosts = (),
) -> Loss:
    """Mean cross entropy of the voting readout; its gradients reach every weight, parameter and the input.

    Raises: FloatingPointError if a potential is not finite.
    """
    flat: list[Tensor] = []
    encoder, none = network.encoder, x.new_empty(0)
    first = () if encoder is None else (DenseLayer(encoder.gain, encoder.bias, encoder.params),)
    layers = (*first, *network.layers)
    for layer in layers:
        p = layer.params
        adaptive = (p.rho, p.a, p.b) if isinstance(p, AdaptiveParams) else 3 * (none,)
        recurrent = x.new_empty(0, 0) if layer.recurrent is None else layer.recurrent
        gain = none if layer.norm is None else layer.norm.gain
        flat += [layer.weight, recurrent, gain, layer.bias, p.alpha, p.v_threshold, *adaptive]
    settings = tuple(
        (layer.params.v_floor, layer.params.spike_grad, 0.0 if layer.norm is None else layer.norm.eps)
        for layer in layers
    )
    per_channel = 0 if encoder is None else encoder.per_channel
    rest = evidence, dropout, per_channel, tuple(cost.detach().contiguous().numpy() for cost in costs)
    value, *found = _Network.apply(x, labels, settings, rest, *flat, *network.readout)
    return Loss(value, tuple(Moments(*pair) for pair in zip(found[::2], found[1::2], strict=True)))


class _Network(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, labels, settings, rest, *tensors):
        arrays = [t.detach().contiguous().numpy() for t in tensors]
        x_array, label_array = x.detach().numpy(), labels.detach().contiguous().numpy()
        d_x = np.empty_like(x_array) if x.requires_grad else None
        net = Arrays.of(arrays, settings, *rest)
        loss, gradients, found = _run(x_array, label_array, net, d_x)
        ctx.gradients = [torch.from_numpy(g) for g in gradients]
        ctx.d_x = None if d_x is None else torch.from_numpy(d_x)
        moments = [torch.from_numpy(array) for array in found]
        ctx.mark_non_differentiable(*moments)
        return x.new_tensor(loss), *moments

    @staticmethod
    @once_differentiable
    def backward(ctx, g, *_):
        d_x = None if ctx.d_x is None else ctx.d_x * g
        return d_x, None, None, None, *(grad * g for grad in ctx.gradients)


def _run(x, labels, net: Arrays, d_x) -> tuple[float, list[np.ndarray], list[np.ndarray]]:
    """Loss, gradients and moments over all micro-batches, on as many threads as torch may use."""
    n_time, n_batch, _ = x.shape
    n = max(1, min(n_threads(), n_batch))
    size = max(1, min(MICRO_ROWS // n_time, -(-n_batch // n)))
    pieces = [Piece(x, labels, d_x, slice(i, min(i + size, n_batch))) for i in range(0, n_batch, size)]
    totals = [Totals.zeros(net, n_time * size) for _ in range(n)]
    for stage in stages(net, n_time * n_batch):

        def work(first: int, stage=stage) -> None:
            """Every n-th micro-batch: a share that does not depend on timing, so a seed gives the same bits again."""
            for piece in pieces[first::n]:
                for step in stage.steps:
                    step(piece, totals[first])

        on_threads(work, range(n), n)
        stage.meet(pieces, totals)
    moments = [array.astype(x.dtype) for found in net.found.values() for array in (found.mean, found.variance)]
    gradients = net.unscaled(
        [sum(parts[1:], start=parts[0]) for parts in zip(*(t.gradients for t in totals), strict=True)]
    )
    return sum(t.loss for t in totals) / n_batch, gradients, moments
