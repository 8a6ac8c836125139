"""A whole network's loss and gradients in one piece: micro-batches that stay in cache, spike-sparse products.

Forward, loss and backward of one micro-batch run over preallocated buffers, one micro-batch per thread at a time,
and the gradients add up. Products with spikes gather only the rows of active inputs; at high activity they are dense.
`network_loss` of `reference.py` defines the result.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from threadpoolctl import ThreadpoolController
from torch import Tensor

from snn.kernels import cpu_loops, cpu_products, cpu_readout
from snn.kernels.cpu import CODES, supports
from snn.kernels.reference import DenseLayer, Readout
from snn.neurons.adaptive import AdaptiveParams

MICRO_ROWS = 800  # time steps x clips of a micro-batch: its buffers stay in a core's cache; best of 400, 800, 1600
DENSE_FROM = 0.25  # activity above which a dense product is faster; measured crossover 0.25 to 0.30


def can_fuse(x: Tensor, layers: tuple[DenseLayer, ...]) -> bool:
    """Whether every layer is one that the compiled kernels run."""
    return all(supports(x, layer.params) for layer in layers)


def network_loss(
    x: Float[Tensor, "time batch channel"],
    labels: Int[Tensor, " clip"],
    layers: tuple[DenseLayer, ...],
    readout: Readout,
    evidence: float,
) -> Float[Tensor, ""]:
    """Mean cross entropy of the voting readout; its gradients reach every weight, parameter and the input.

    Raises: ValueError for labels that do not match the batch, or no time step.
    """
    if x.shape[1] != len(labels) or not len(labels) or not len(x):
        raise ValueError(f"x is (time, batch, channel) = {tuple(x.shape)} and there are {len(labels)} labels")
    flat: list[Tensor] = []
    for layer in layers:
        p = layer.params
        empty = x.new_empty(0)
        adaptive = (p.rho, p.a, p.b) if isinstance(p, AdaptiveParams) else (empty, empty, empty)
        recurrent = x.new_empty(0, 0) if layer.recurrent is None else layer.recurrent
        flat += [layer.weight, layer.bias, p.alpha, p.v_threshold, *adaptive, recurrent]
    settings = tuple((p.v_floor, CODES[p.spike_grad]) for p in (layer.params for layer in layers))
    return _Network.apply(x, labels, settings, evidence, *flat, readout.weight, readout.bias, readout.alpha)


PER_LAYER = 8  # tensors of a layer in the flat list


@dataclass
class _Buffers:
    """What one thread works on, for `rows` = time x clips."""

    x: np.ndarray
    v: list[np.ndarray]
    w: list[np.ndarray]
    grad: list[np.ndarray]
    start: list[np.ndarray]
    index: list[np.ndarray]
    readout: np.ndarray


class _Network(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, labels, settings, evidence, *tensors):
        arrays = [t.detach().contiguous().numpy() for t in tensors]
        x_array, label_array = x.detach().contiguous().numpy(), labels.detach().contiguous().numpy()
        d_x = np.empty_like(x_array) if x.requires_grad else None
        loss, gradients = _run(x_array, label_array, settings, evidence, arrays, d_x)
        ctx.gradients = [torch.from_numpy(g) for g in gradients]
        ctx.d_x = None if d_x is None else torch.from_numpy(d_x)
        return x.new_tensor(loss)

    @staticmethod
    def backward(ctx, g):
        d_x = None if ctx.d_x is None else ctx.d_x * g
        return d_x, None, None, None, *(grad * g for grad in ctx.gradients)


def _run(x, labels, settings, evidence, arrays, d_x) -> tuple[float, list[np.ndarray]]:
    """Loss and gradients over all micro-batches, on as many threads as torch may use."""
    n_time, n_batch, _ = x.shape
    n_threads = max(1, min(torch.get_num_threads(), n_batch))
    size = max(1, min(MICRO_ROWS // n_time, -(-n_batch // n_threads)))
    starts, lock = iter(range(0, n_batch, size)), threading.Lock()

    def work() -> tuple[float, list[np.ndarray]]:
        """Take micro-batches until none is left."""
        total, gradients = 0.0, [np.zeros_like(a) for a in arrays]
        while True:
            with lock:
                first = next(starts, None)
            if first is None:
                return total, gradients
            part = slice(first, min(first + size, n_batch))
            buffers = _buffers(n_time, part.stop - part.start, x.shape[2], arrays, x.dtype)
            np.copyto(buffers.x, x[:, part])
            total += _micro_batch(buffers, labels[part], settings, evidence, arrays, gradients, n_batch, d_x, part)

    with _blas().limit(limits=1, user_api="blas"):
        if n_threads == 1:
            results = [work()]
        else:
            pool = _pool(n_threads)
            results = [f.result() for f in [pool.submit(work) for _ in range(n_threads)]]
    gradients = [
        np.sum(parts, axis=0) if len(parts) > 1 else parts[0] for parts in zip(*(r[1] for r in results), strict=True)
    ]
    return sum(r[0] for r in results) / n_batch, gradients


def _micro_batch(buf, labels, settings, evidence, arrays, gradients, n_batch, d_x, part) -> float:
    """Forward, loss and backward of one micro-batch; adds to `gradients`, returns the summed loss."""
    n_layers = len(settings)
    rows = buf.x.shape[0] * buf.x.shape[1]
    dense_in = buf.x.reshape(rows, -1)
    inputs = [dense_in]  # of each layer and the readout; None where events stand for it
    for i, (floor, _) in enumerate(settings):
        weight, bias, alpha, theta, rho, a, b, recurrent = arrays[PER_LAYER * i : PER_LAYER * (i + 1)]
        drive = buf.v[i]  # the potential takes its place
        _product(buf, i - 1, dense_in, weight, bias, drive.reshape(rows, -1))
        state = [np.zeros(drive.shape[1:], drive.dtype) for _ in range(3)]
        limit = drive.dtype.type(floor)
        below = np.nextafter(limit, drive.dtype.type(-np.inf))
        cpu_loops.forward(drive, alpha, theta, limit, below, rho, a, b, recurrent, drive, drive[:0], buf.w[i], *state)
        cpu_products.events(drive.reshape(rows, -1), theta, buf.start[i], buf.index[i])
        dense_in = None if _sparse(buf, i) else _spikes(drive, theta)
        inputs.append(dense_in)
    weight, bias, alpha = arrays[-3:]
    drive = buf.readout
    _product(buf, n_layers - 1, dense_in, weight, bias, drive.reshape(rows, -1))
    first = np.zeros(drive.shape[1:], drive.dtype)
    potential = np.empty_like(drive)
    cpu_readout.leaky_forward(drive, alpha, first, potential)
    np.copyto(drive, potential)
    loss = cpu_readout.vote_loss(drive, labels, drive.dtype.type(evidence), drive.dtype.type(1 / n_batch))
    cpu_readout.leaky_backward(drive, alpha, first, potential, gradients[-2], gradients[-1], np.zeros_like(first))
    grad = drive.reshape(rows, -1)
    _add_weight_gradient(buf, n_layers - 1, dense_in, grad, gradients[-3])
    for i in range(n_layers - 1, -1, -1):
        np.matmul(grad, weight.T, out=buf.grad[i].reshape(rows, -1))
        weight, _, alpha, theta, rho, a, b, recurrent = arrays[PER_LAYER * i : PER_LAYER * (i + 1)]
        sums = gradients[PER_LAYER * i : PER_LAYER * (i + 1)]
        state = [np.zeros(buf.grad[i].shape[1:], grad.dtype) for _ in range(3)]
        floor, code = settings[i]
        cpu_loops.backward(
            buf.grad[i], alpha, theta, grad.dtype.type(floor), rho, a, b, recurrent, code,
            buf.v[i], buf.w[i], *state, *sums[1:7],
        )  # fmt: skip
        grad = buf.grad[i].reshape(rows, -1)
        if recurrent.size:
            per_step = buf.x.shape[1]
            cpu_products.scatter(buf.start[i][: rows - per_step + 1], buf.index[i], grad[per_step:], sums[7])
        _add_weight_gradient(buf, i - 1, inputs[i], grad, sums[0])
    if d_x is not None:
        d_x[:, part] = (grad @ weight.T).reshape(buf.x.shape)
    return loss


def _sparse(buf: _Buffers, source: int) -> bool:
    """Whether the input is a layer's spikes, and few: measured on this micro-batch."""
    return source >= 0 and bool(buf.start[source][-1] < DENSE_FROM * buf.v[source].size)


def _spikes(v: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Spikes `(row, neuron)` of potentials before the reset, `(time, batch, neuron)`."""
    return (v > theta).reshape(-1, len(theta)).astype(v.dtype)


def _product(buf, source, dense_in, weight, bias, out) -> None:
    """out = input W + bias, by events where the source is a layer with few of them."""
    if _sparse(buf, source):
        cpu_products.gather(buf.start[source], buf.index[source], weight, bias, out)
    else:
        np.matmul(dense_in, weight, out=out)
        out += bias


def _add_weight_gradient(buf, source, dense_in, grad, d_weight) -> None:
    if _sparse(buf, source):
        cpu_products.scatter(buf.start[source], buf.index[source], grad, d_weight)
    else:
        d_weight += dense_in.T @ grad


def _buffers(n_time: int, n_clips: int, n_in: int, arrays: list[np.ndarray], dtype: np.dtype) -> _Buffers:
    """This thread's buffers for the shape; kept between calls, the last shape only."""
    sizes = tuple(arrays[i].shape[1] for i in range(0, len(arrays) - 3, PER_LAYER))
    adaptive = tuple(arrays[i + 4].size > 0 for i in range(0, len(arrays) - 3, PER_LAYER))
    key = (n_time, n_clips, n_in, sizes, adaptive, arrays[-3].shape[1], np.dtype(dtype).str)
    if getattr(_local, "key", None) != key:
        shape, rows = (n_time, n_clips), n_time * n_clips
        _local.buffers = _Buffers(
            x=np.empty((*shape, n_in), dtype),
            v=[np.empty((*shape, n), dtype) for n in sizes],
            w=[np.empty((*shape, n) if on else (0, n_clips, 0), dtype) for n, on in zip(sizes, adaptive, strict=True)],
            grad=[np.empty((*shape, n), dtype) for n in sizes],
            start=[np.empty(rows + 1, np.int32) for _ in sizes],
            index=[np.empty(rows * n + 1, np.int16 if n < 32_768 else np.int32) for n in sizes],
            readout=np.empty((*shape, arrays[-3].shape[1]), dtype),
        )
        _local.key = key
    return _local.buffers


_local = threading.local()  # buffers of each worker thread: scratch, never a result


@lru_cache(maxsize=1)
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@lru_cache(maxsize=1)
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, "snn-fused")
