"""The compiled kernels as differentiable PyTorch functions, the batch divided among threads."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from snn.kernels import cpu_loops, cpu_readout
from snn.kernels.reference import Params, State
from snn.neurons.adaptive import AdaptiveParams, AdaptiveState
from snn.neurons.lif import LIFParams, LIFState
from snn.neurons.scan import check_shapes
from snn.neurons.surrogate import SURROGATES

CHUNK = 16  # clips whose time loop stays in a core's cache
CODES = {spike_grad: code for code, spike_grad in enumerate(SURROGATES.values())}


def supports(drive: Tensor, params: Params) -> bool:
    """Whether the compiled kernels can run it: on the CPU, single or double precision, a surrogate they know."""
    return drive.device.type == "cpu" and drive.dtype in (torch.float32, torch.float64) and params.spike_grad in CODES


def run_layer(
    drive: Float[Tensor, "time batch neuron"], state: State, params: Params, recurrent: Tensor | None = None
) -> tuple[Float[Tensor, "time batch neuron"], State]:
    """Spikes of a layer and its last state; equal to `reference.run_layer`."""
    check_shapes(drive, state)
    none = drive.new_empty(0)
    adaptive = isinstance(params, AdaptiveParams)
    rho, a, b = (params.rho, params.a, params.b) if adaptive else (none, none, none)
    w = state.w if adaptive else torch.zeros_like(state.v)
    recurrent = drive.new_empty(0, 0) if recurrent is None else recurrent
    spikes, v, s, w = _Layer.apply(
        drive, params.alpha, params.v_threshold, rho, a, b, recurrent, state.v, state.spikes, w,
        params.v_floor, CODES[params.spike_grad],
    )  # fmt: skip
    return spikes, AdaptiveState(v, s, w) if adaptive else LIFState(v, s)


def run_readout(
    drive: Float[Tensor, "time batch label"], state: LIFState, params: LIFParams
) -> tuple[Float[Tensor, "time batch label"], LIFState]:
    """Potentials of leaky integrators and their last state; equal to `reference.run_readout`."""
    check_shapes(drive, state)
    potential = _Readout.apply(drive, params.alpha, state.v)
    return potential, LIFState(potential[-1], state.spikes)


@lru_cache(maxsize=1)
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, "snn-kernel")


def _each_chunk(work, n_batch: int) -> list:
    """Run `work(slice)` over the batch in chunks, on as many threads as torch may use; results in order."""
    n_threads = min(torch.get_num_threads(), n_batch)
    size = max(1, min(CHUNK, -(-n_batch // n_threads)))
    chunks = [slice(i, i + size) for i in range(0, n_batch, size)]
    if n_threads == 1 or len(chunks) == 1:
        return [work(chunk) for chunk in chunks]
    return list(_pool(n_threads).map(work, chunks))


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, alpha, theta, rho, a, b, recurrent, v0, s0, w0, floor, code):
        adaptive = rho.numel() > 0
        v, spikes = drive.new_empty(drive.shape), drive.new_empty(drive.shape)
        w = torch.empty_like(v) if adaptive else drive.new_empty(0, drive.shape[1], 0)
        ends = [start.clone(memory_format=torch.contiguous_format) for start in (v0, s0, w0)]
        x, *fixed = _arrays(drive, alpha, theta, rho, a, b, recurrent)
        outs, states = _arrays(v, spikes, w), [end.numpy() for end in ends]
        limit = x.dtype.type(floor)
        below = np.nextafter(limit, x.dtype.type(-np.inf))

        def work(chunk):
            cpu_loops.forward(
                x[:, chunk], fixed[0], fixed[1], limit, below, *fixed[2:],
                *(out[:, chunk] for out in outs), *(end[chunk] for end in states),
            )  # fmt: skip

        _each_chunk(work, drive.shape[1])
        ctx.save_for_backward(alpha, theta, rho, a, b, recurrent, v0, s0, v, spikes, w)
        ctx.limit, ctx.code = limit, code
        ctx.set_materialize_grads(True)
        return spikes, *ends

    @staticmethod
    def backward(ctx, g_spikes, g_v, g_s, g_w):
        alpha, theta, rho, a, b, recurrent, v0, s0, v, spikes, w = ctx.saved_tensors
        grad = g_spikes.clone(memory_format=torch.contiguous_format)
        grad[-1] += g_s
        lam_v, lam_w = (
            g_v.clone(memory_format=torch.contiguous_format),
            g_w.clone(memory_format=torch.contiguous_format),
        )
        g, lv, lw = grad.numpy(), lam_v.numpy(), lam_w.numpy()
        al, th, rh, aa, bb, rec, first, vv, ww = _arrays(alpha, theta, rho, a, b, recurrent, v0, v, w)

        def work(chunk):
            sums = [np.zeros_like(p) for p in (al, al, th, rh, aa, bb)]
            cpu_loops.backward(
                g[:, chunk], al, th, ctx.limit, rh, aa, bb, rec, ctx.code,
                vv[:, chunk], ww[:, chunk], first[chunk], lv[chunk], lw[chunk], *sums,
            )  # fmt: skip
            return sums[1:]

        parts = _each_chunk(work, grad.shape[1])
        sums = [torch.from_numpy(np.sum(column, axis=0)) for column in zip(*parts, strict=True)]
        d_recurrent = d_s0 = None
        if recurrent.numel():
            before = torch.cat((s0[None], spikes[:-1])).flatten(0, 1)
            d_recurrent, d_s0 = before.T @ grad.flatten(0, 1), grad[0] @ recurrent.T
        return grad, *sums, d_recurrent, lam_v, d_s0, lam_w, None, None


class _Readout(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, alpha, v0):
        potential = drive.new_empty(drive.shape)
        cpu_readout.leaky_forward(*_arrays(drive, alpha, v0), potential.numpy())
        ctx.save_for_backward(alpha, v0, potential)
        return potential

    @staticmethod
    def backward(ctx, g):
        alpha, v0, potential = ctx.saved_tensors
        grad, d_alpha, d_v0 = (
            g.clone(memory_format=torch.contiguous_format),
            torch.zeros_like(alpha),
            v0.new_zeros(v0.shape),
        )
        cpu_readout.leaky_backward(
            grad.numpy(), *_arrays(alpha, v0, potential), np.zeros_like(d_alpha.numpy()), d_alpha.numpy(), d_v0.numpy()
        )
        return grad, d_alpha, d_v0
