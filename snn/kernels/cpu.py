"""The compiled kernels as differentiable PyTorch functions, the batch divided among threads."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from snn.kernels import cpu_backward, cpu_loops, cpu_readout
from snn.kernels.cpu_loops import Record, States
from snn.kernels.cpu_surrogate import slopes
from snn.kernels.reference import Params, State
from snn.kernels.threads import n_threads, on_threads
from snn.neurons.adaptive import AdaptiveParams, AdaptiveState
from snn.neurons.lif import LIFParams, LIFState

CHUNK = 16  # clips whose time loop stays in a core's cache


def supports(drive: Tensor, params: Params) -> bool:
    """Whether the compiled kernels can run it: on the CPU, in single or double precision."""
    return drive.device.type == "cpu" and drive.dtype in (torch.float32, torch.float64)


def run_layer(
    drive: Float[Tensor, "time batch neuron"], state: State, params: Params, recurrent: Tensor | None = None
) -> tuple[Float[Tensor, "time batch neuron"], State]:
    """Spikes of a layer and its last state; equal to `reference.run_layer`."""
    none = drive.new_empty(0)
    adaptive = isinstance(params, AdaptiveParams)
    rho, a, b = (params.rho, params.a, params.b) if adaptive else (none, none, none)
    w = state.w if adaptive else torch.zeros_like(state.v)
    recurrent = drive.new_empty(0, 0) if recurrent is None else recurrent
    spikes, v, s, w = _Layer.apply(
        drive, params.alpha, params.v_threshold, rho, a, b, recurrent, state.v, state.spikes, w,
        params.v_floor, params.spike_grad,
    )  # fmt: skip
    return spikes, AdaptiveState(v, s, w) if adaptive else LIFState(v, s)


def run_readout(
    drive: Float[Tensor, "time batch label"], state: LIFState, params: LIFParams
) -> tuple[Float[Tensor, "time batch label"], LIFState]:
    """Potentials of leaky integrators and their last state; equal to `reference.run_readout`."""
    potential = _Readout.apply(drive, params.alpha, state.v)
    return potential, LIFState(potential[-1], state.spikes)


def _each_chunk(work, n_batch: int) -> list:
    """Run `work(slice)` over the batch in chunks, on as many threads as torch may use; results in order."""
    n = min(n_threads(), n_batch)
    size = max(1, min(CHUNK, -(-n_batch // max(1, n))))
    return on_threads(work, [slice(i, i + size) for i in range(0, n_batch, size)], n)


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


def _contiguous(tensor: Tensor) -> Tensor:
    """A copy that may be written over."""
    return tensor.clone(memory_format=torch.contiguous_format)


def _clips(array: np.ndarray, chunk: slice) -> np.ndarray:
    """The chunk's clips `(time, clip, neuron)`, contiguous: loops are compiled anew for any other way they may lie."""
    return np.ascontiguousarray(array[:, chunk])


def _record(v: np.ndarray, w: np.ndarray, spikes: np.ndarray) -> Record:
    """One without events, of the type that the fused network keeps."""
    return Record(v, w, spikes, np.empty(0, np.int32), np.empty(0, np.uint16))


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, alpha, v_threshold, rho, a, b, recurrent, v0, s0, w0, v_floor, spike_grad):
        v, spikes = drive.new_empty(drive.shape), drive.new_empty(drive.shape)
        w = torch.empty_like(v) if rho.numel() else drive.new_empty(0, drive.shape[1], 0)
        ends = [_contiguous(start) for start in (v0, s0, w0)]
        x, loop, *neurons = _arrays(drive, recurrent, alpha, v_threshold, rho, a, b)
        p = cpu_loops.neurons(*neurons, v_floor)
        state, kept = [end.numpy() for end in ends], _arrays(v, w, spikes)

        def work(chunk):
            own = [np.empty_like(a[:, chunk], order="C") for a in kept]
            rows = States(*(a[chunk] for a in state))
            cpu_loops.forward(_clips(x, chunk), x[0, 0, :0], p, loop, rows, _record(*own))
            for whole, part in zip(kept, own, strict=True):
                whole[:, chunk] = part

        _each_chunk(work, drive.shape[1])
        ctx.save_for_backward(alpha, v_threshold, rho, a, b, recurrent, v0, s0, v, spikes, w)
        ctx.v_floor, ctx.spike_grad = v_floor, spike_grad
        return spikes, *ends

    @staticmethod
    @once_differentiable
    def backward(ctx, g_spikes, g_v, g_s, g_w):
        *neurons, recurrent, v0, s0, v, spikes, w = ctx.saved_tensors
        grad, lam_v, lam_w = _contiguous(g_spikes), _contiguous(g_v), _contiguous(g_w)
        grad[-1] += g_s
        p, kept = cpu_loops.neurons(*_arrays(*neurons), ctx.v_floor), _arrays(v, w)
        g, lv, lw, loop, first = *(t.numpy() for t in (grad, lam_v, lam_w)), *_arrays(recurrent, v0)
        unused = np.empty((0, 0, 0), g.dtype)

        def zeros():
            return cpu_backward.Sums(*(np.zeros_like(a) for a in (p.alpha, p.alpha, p.alpha, p.rho, p.a, p.b)))

        def work(chunk):
            sums, part, own = zeros(), _record(*(_clips(a, chunk) for a in kept), unused), _clips(g, chunk)
            surrogate = slopes(ctx.spike_grad, part.v, p)
            cpu_backward.backward(own, p, loop, surrogate, part, first[chunk], lv[chunk], lw[chunk], sums)
            g[:, chunk] = own
            return sums[1:]

        parts = [zeros()[1:], *_each_chunk(work, grad.shape[1])]  # of no clips the gradient is 0
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
    @once_differentiable
    def backward(ctx, g):
        alpha, v0, potential = ctx.saved_tensors
        grad, d_drive, d_alpha, d_v0 = _contiguous(g), *(torch.zeros_like(t) for t in (alpha, alpha, v0))
        sums = [t.numpy() for t in (d_drive, d_alpha, d_v0)]
        cpu_readout.leaky_backward(grad.numpy(), *_arrays(alpha, v0, potential), *sums)
        return grad, d_alpha, d_v0
