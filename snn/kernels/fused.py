"""A whole network's loss and gradients in one piece: micro-batches that stay in cache, spike-sparse products.

Forward, loss and backward of one micro-batch run over preallocated buffers, one micro-batch per thread at a time,
and the gradients add up. Products with spikes gather only the rows of active inputs; at high activity they are dense.
`network_loss` of `reference.py` defines the result.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

from snn.kernels import cpu_backward, cpu_loops, cpu_products, cpu_readout
from snn.kernels.buffers import Buffers, Shape, buffers
from snn.kernels.checks import check_sound
from snn.kernels.cpu import CODES
from snn.kernels.cpu_backward import Sums
from snn.kernels.cpu_loops import Neurons, Record, States
from snn.kernels.reference import DenseLayer, Readout
from snn.kernels.threads import on_threads
from snn.neurons.adaptive import AdaptiveParams

MICRO_ROWS = 800  # time steps x clips of a micro-batch: its buffers stay in a core's cache; best of 400, 800, 1600
PER_LAYER = 8  # tensors of a layer in a flat list: weight, recurrent, bias, alpha, v_threshold, rho, a, b


def network_loss(
    x: Float[Tensor, "time batch channel"],
    labels: Int[Tensor, " clip"],
    layers: tuple[DenseLayer, ...],
    readout: Readout,
    evidence: float,
) -> Float[Tensor, ""]:
    """Mean cross entropy of the voting readout; its gradients reach every weight, parameter and the input.

    Raises: FloatingPointError if a potential is not finite.
    """
    flat: list[Tensor] = []
    for layer in layers:
        p = layer.params
        adaptive = (p.rho, p.a, p.b) if isinstance(p, AdaptiveParams) else 3 * (x.new_empty(0),)
        recurrent = x.new_empty(0, 0) if layer.recurrent is None else layer.recurrent
        flat += [layer.weight, recurrent, layer.bias, p.alpha, p.v_threshold, *adaptive]
    settings = tuple((p.v_floor, CODES[p.spike_grad]) for p in (layer.params for layer in layers))
    return _Network.apply(x, labels, settings, evidence, *flat, readout.weight, readout.bias, readout.alpha)


class _Network(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, labels, settings, evidence, *tensors):
        arrays = [t.detach().contiguous().numpy() for t in tensors]
        x_array, label_array = x.detach().contiguous().numpy(), labels.detach().contiguous().numpy()
        d_x = np.empty_like(x_array) if x.requires_grad else None
        loss, gradients = _run(x_array, label_array, _Arrays.of(arrays, settings, evidence), d_x)
        ctx.gradients = [torch.from_numpy(g) for g in gradients]
        ctx.d_x = None if d_x is None else torch.from_numpy(d_x)
        return x.new_tensor(loss)

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        d_x = None if ctx.d_x is None else ctx.d_x * g
        return d_x, None, None, None, *(grad * g for grad in ctx.gradients)


class _Layer(NamedTuple):
    weight: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray
    neurons: Neurons
    code: int  # of the surrogate


class _Arrays(NamedTuple):
    """The network as the kernels take it."""

    layers: tuple[_Layer, ...]
    readout: list[np.ndarray]  # weight, bias, alpha
    evidence: float
    flat: list[np.ndarray]

    @staticmethod
    def of(flat: list[np.ndarray], settings: tuple[tuple[float, int], ...], evidence: float) -> "_Arrays":
        layers = []
        for i, (v_floor, code) in enumerate(settings):
            weight, recurrent, bias, *rest = flat[PER_LAYER * i : PER_LAYER * (i + 1)]
            layers.append(_Layer(weight, recurrent, bias, cpu_loops.neurons(*rest, v_floor), code))
        return _Arrays(tuple(layers), flat[-3:], evidence, flat)

    def shape(self, x: np.ndarray, n_clips: int) -> Shape:
        sizes = tuple(len(layer.bias) for layer in self.layers)
        adaptive = tuple(layer.neurons.rho.size > 0 for layer in self.layers)
        return Shape(len(x), n_clips, x.shape[2], sizes, adaptive, len(self.readout[1]), x.dtype.str)


def _run(x, labels, net: _Arrays, d_x) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients over all micro-batches, on as many threads as torch may use."""
    n_time, n_batch, _ = x.shape
    n_threads = max(1, min(torch.get_num_threads(), n_batch))
    size = max(1, min(MICRO_ROWS // n_time, -(-n_batch // n_threads)))
    parts = [slice(i, min(i + size, n_batch)) for i in range(0, n_batch, size)]

    def work(first: int) -> tuple[float, list[np.ndarray]]:
        """Every n-th micro-batch: a share that does not depend on timing, so that a seed gives the same bits again."""
        total, gradients = 0.0, [np.zeros_like(a) for a in net.flat]
        for part in parts[first::n_threads]:
            buf = buffers(net.shape(x, part.stop - part.start))
            np.copyto(buf.x, x[:, part])
            total += _micro_batch(buf, labels[part], net, gradients, n_batch, None if d_x is None else d_x[:, part])
        return total, gradients

    results = on_threads(work, range(n_threads), n_threads)
    losses, gradients = zip(*results, strict=True)
    return sum(losses) / n_batch, [sum(parts[1:], start=parts[0]) for parts in zip(*gradients, strict=True)]


def _micro_batch(buf: Buffers, labels, net: _Arrays, gradients, n_batch: int, d_x) -> float:
    """Forward, loss and backward of one micro-batch; adds to `gradients`, returns the summed loss."""
    inputs = _forward(buf, net)
    weight, _, alpha = net.readout
    rest = np.zeros(buf.drive.shape[1:], buf.drive.dtype)
    cpu_readout.leaky_forward(buf.drive, alpha, rest, buf.potential)
    np.copyto(buf.drive, buf.potential)
    kind = buf.drive.dtype.type
    loss = cpu_readout.vote_loss(buf.drive, labels, kind(net.evidence), kind(1 / n_batch))
    cpu_readout.leaky_backward(buf.drive, alpha, rest, buf.potential, *gradients[-2:], np.zeros_like(rest))
    grad = _rows(buf.drive)
    inputs[-1].add_weight_gradient(grad, gradients[-3])
    _backward(buf, net, inputs, grad, weight, gradients)
    if d_x is not None:
        d_x[...] = (_rows(buf.gradients[0]) @ net.layers[0].weight.T).reshape(buf.x.shape)
    return loss


def _forward(buf: Buffers, net: _Arrays) -> list["_Input"]:
    """Fill the records and the readout's drive; returns the input of each layer and of the readout."""
    inputs = [_Input(_rows(buf.x), None)]
    for layer, record in zip(net.layers, buf.records, strict=True):
        drive = record.v  # the potential takes its place
        inputs[-1].times(layer.weight, _rows(drive))
        state = States(*np.zeros((3, *drive.shape[1:]), drive.dtype))
        cpu_loops.forward(drive, layer.bias, layer.neurons, layer.recurrent, state, record)
        if not np.isfinite(state.v).all():
            check_sound(torch.from_numpy(state.v))
        inputs.append(_Input.of(record, layer.neurons))
    weight, bias, _ = net.readout
    inputs[-1].times(weight, _rows(buf.drive))
    np.add(buf.drive, bias, out=buf.drive)
    return inputs


def _backward(buf: Buffers, net: _Arrays, inputs: list["_Input"], grad, weight, gradients) -> None:
    """Add to `gradients` of every layer, the last first; `grad` and `weight` are those of what follows it."""
    per_step = buf.x.shape[1]
    for i in reversed(range(len(net.layers))):
        layer, record, out = net.layers[i], buf.records[i], buf.gradients[i]
        d_weight, d_recurrent, *sums = gradients[PER_LAYER * i : PER_LAYER * (i + 1)]
        np.matmul(grad, weight.T, out=_rows(out))
        first, lam_v, lam_w = np.zeros((3, *out.shape[1:]), out.dtype)
        cpu_backward.backward(out, layer.neurons, layer.recurrent, layer.code, record, first, lam_v, lam_w, Sums(*sums))
        grad, weight = _rows(out), layer.weight
        if layer.recurrent.size:
            inputs[i + 1].add_weight_gradient(grad[per_step:], d_recurrent)
        inputs[i].add_weight_gradient(grad, d_weight)


class _Input(NamedTuple):
    """What a product takes: the rows themselves, or where they are few the events of spikes."""

    dense: np.ndarray | None
    events: Record | None

    @staticmethod
    def of(record: Record, neurons: Neurons) -> "_Input":
        if record.start[-1] < cpu_products.DENSE_FROM * record.v.size:
            return _Input(None, record)
        return _Input((_rows(record.v) > neurons.v_threshold).astype(record.v.dtype), None)

    def times(self, weight: np.ndarray, out: np.ndarray) -> None:
        """out = input W."""
        if self.events:
            cpu_products.gather(self.events.start, self.events.index, weight, out)
        else:
            np.matmul(self.dense, weight, out=out)

    def add_weight_gradient(self, grad: np.ndarray, d_weight: np.ndarray) -> None:
        """d_weight += input^T grad, of the first rows if grad has fewer."""
        if self.events:
            cpu_products.scatter(self.events.start, self.events.index, grad, d_weight)
        else:
            d_weight += self.dense[: len(grad)].T @ grad


def _rows(a: np.ndarray) -> np.ndarray:
    """`(time, batch, channel)` as `(row, channel)`."""
    return a.reshape(-1, a.shape[2])
