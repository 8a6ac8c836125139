"""The Triton kernels as differentiable PyTorch functions."""

from functools import lru_cache
from importlib.util import find_spec

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from circuits.errors import InputError
from snn.kernels.reference import Params, State
from snn.neurons.adaptive import AdaptiveParams, AdaptiveState
from snn.neurons.lif import LIFParams, LIFState
from snn.neurons.surrogate import Surrogate, checked

STAGES = 4  # time steps whose loads are in flight
WIDE = 128  # neurons of a tile where there is work for every processor (MANY); else 32, one warp each
MANY = 1 << 16
ROWS = 16  # clips of a recurrent tile, the least that a matrix unit takes
SMALL = 256  # a recurrent layer of up to so many neurons runs in one launch; a larger one has torch.addmm at each step


@lru_cache(maxsize=1)
def installed() -> bool:
    """Whether Triton is there; a CUDA build of PyTorch brings it."""
    return find_spec("triton") is not None


@lru_cache(maxsize=1)
def interpreted() -> bool:
    """Whether Triton interprets instead of compiling (TRITON_INTERPRET=1), which runs the kernels without a GPU."""
    from triton.runtime import JITFunction

    from snn.kernels import gpu_loops

    return not isinstance(gpu_loops.forward, JITFunction)


def check_place(drive: Tensor) -> None:
    """Raises: InputError if Triton is missing, or the tensor does not lie where the kernels run."""
    if not installed():
        raise InputError('the gpu kernels need Triton: pip install triton (Linux), or choose backend = "auto"')
    if drive.device.type != "cuda" and not (drive.device.type == "cpu" and interpreted()):
        raise InputError(
            f"the gpu kernels run on CUDA tensors, got one on {drive.device}: move model and data to a GPU "
            '(snn train --device cuda), or choose backend = "auto"'
        )


def supports(drive: Tensor, params: Params) -> bool:
    """Whether the kernels can run it: single or double precision throughout."""
    try:
        check_place(drive)
    except ValueError:
        return False
    return drive.dtype in (torch.float32, torch.float64) and all(
        t.dtype == drive.dtype for t in params if isinstance(t, Tensor)
    )


def run_layer(
    drive: Float[Tensor, "time batch neuron"], state: State, params: Params, recurrent: Tensor | None = None
) -> tuple[Float[Tensor, "time batch neuron"], State]:
    """Spikes of a layer and its last state; equal to `reference.run_layer`."""
    adaptive = isinstance(params, AdaptiveParams)
    rho, a, b, w = (params.rho, params.a, params.b, state.w) if adaptive else (None,) * 4
    inputs = (drive, params.alpha, params.v_threshold, rho, a, b, recurrent, state.v, state.spikes, w)
    keep = torch.is_grad_enabled() and any(t.requires_grad for t in inputs if t is not None)
    spikes, v, w = _Layer.apply(*inputs, params.v_floor, params.spike_grad, keep)
    last = spikes[-1].clone()  # a state does not hold on to all steps
    return spikes, AdaptiveState(v, last, w) if adaptive else LIFState(v, last)


def run_readout(
    drive: Float[Tensor, "time batch label"], state: LIFState, params: LIFParams
) -> tuple[Float[Tensor, "time batch label"], LIFState]:
    """Potentials of leaky integrators and their last state; equal to `reference.run_readout`."""
    potential = _Readout.apply(drive, params.alpha, state.v)
    return potential, LIFState(potential[-1].clone(), state.spikes)


def _launch(kernel, like: Tensor, *args, **constants) -> None:
    """Run a program for each tile of `like` `(batch, neuron)`, on its device; a recurrent tile holds all neurons."""
    (n_batch, n), whole = like.shape, constants.get("RECURRENT", False)
    rows, cols = (ROWS, max(ROWS, _power_of_two(n))) if whole else (1, WIDE if like.numel() >= MANY else 32)
    warps = max(4, min(16, cols // 32)) if whole else cols // 32
    sizes = {"ROWS": rows, "COLS": cols, "CHUNK": 32 if cols <= 256 else 16, "STAGES": 1 if whole else STAGES}
    grid = (-(-n_batch // rows), -(-n // cols))
    with torch.cuda.device_of(like):
        kernel[grid](*args, n_batch, n, n_batch * n, **constants, **sizes, num_warps=warps, enable_fp_fusion=True)


def _power_of_two(n: int) -> int:
    """The least that is not below n."""
    return 1 << (n - 1).bit_length()


def _in_one_launch(recurrent: Tensor | None) -> bool:
    """Whether the time loop runs inside the kernel; double precision has no matrix unit there."""
    return recurrent is None or (len(recurrent) <= SMALL and recurrent.dtype == torch.float32)


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, alpha, theta, rho, a, b, recurrent, v0, s0, w0, floor, spike_grad, keep):
        from snn.kernels import gpu_loops

        drive, s0 = drive.contiguous(), s0.contiguous()
        recurrent = None if recurrent is None else recurrent.contiguous()
        fixed = [None if p is None else p.contiguous() for p in (alpha, theta, alpha.new_full((), floor), rho, a, b)]
        first = [None if s is None else s.contiguous() for s in (v0, w0)]
        state = [None if s is None else torch.empty_like(s) for s in first]
        v, spikes = torch.empty_like(drive) if keep else None, torch.empty_like(drive)

        def steps(x, start, loop, v, spikes):
            flags = {"KEEP": keep, "ADAPTIVE": rho is not None, "RECURRENT": loop is not None}
            _launch(gpu_loops.forward, v0, x, *fixed, *start, loop, s0, v, spikes, *state, len(x), **flags)

        if _in_one_launch(recurrent):
            steps(drive, first, recurrent, v, spikes)
        else:
            for t in range(len(drive)):
                x = torch.addmm(drive[t], spikes[t - 1] if t else s0, recurrent)
                part = slice(t, t + 1)
                steps(x[None], state if t else first, None, v[part] if keep else None, spikes[part])
        if keep:
            ctx.save_for_backward(*fixed, *first, v, *((recurrent, s0, spikes) if recurrent is not None else ()))
        ctx.spike_grad = spike_grad
        return spikes, *state

    @staticmethod
    @once_differentiable
    def backward(ctx, g_spikes, g_v, g_w):
        from snn.kernels import gpu_loops

        *fixed, v0, w0, v = ctx.saved_tensors[:9]
        recurrent, s0, spikes = ctx.saved_tensors[9:] or (None, None, None)
        grad, d_drive = g_spikes.contiguous(), torch.empty_like(v)
        sums = v.new_empty(2 if w0 is None else 5, *v0.shape)
        flags, given = {"SURROGATE": "given", "SLOPE": 1.0}, None
        if isinstance(ctx.spike_grad, Surrogate):
            flags = {"SURROGATE": ctx.spike_grad.name, "SLOPE": ctx.spike_grad.slope}
        else:
            x = v.maximum(fixed[2]) - fixed[1]
            given = checked(ctx.spike_grad(x), x).to(v.dtype).contiguous()

        def steps(lam, last, n_time, loop=None, after=None, summed=False):
            kind = {"SUMS": summed, "ADAPTIVE": w0 is not None, "RECURRENT": loop is not None, **flags}
            own = None if given is None else given[last]
            ends = grad[last], v[last], own, *fixed, v0, w0, loop, after, d_drive[last]
            _launch(gpu_loops.backward, v0, *ends, *lam, sums, n_time, **kind)
            return lam

        last, n_time = len(v) - 1, len(v)
        if recurrent is not None:  # first dL/dspikes in full; then one pass for everything, as without recurrence
            grad, lam, back = grad.clone(), _copies(g_v, g_w), recurrent.T.contiguous()
            if _in_one_launch(recurrent):
                steps(lam, last, n_time, back, torch.zeros_like(v0))
            else:
                for t in range(last, -1, -1):
                    if t < last:
                        grad[t].addmm_(d_drive[t + 1], back)
                    steps(lam, t, 1)
        lam = steps(_copies(g_v, g_w), last, n_time, summed=True)
        shares = [*sums.sum(1), None, None, None][:5]
        d_recurrent = d_s0 = None
        if recurrent is not None:
            d_recurrent = torch.addmm(s0.T @ d_drive[0], spikes[:-1].flatten(0, 1).T, d_drive[1:].flatten(0, 1))
            d_s0 = d_drive[0] @ recurrent.T
        return d_drive, *shares, d_recurrent, lam[0], d_s0, lam[1], None, None, None


def _copies(*gradients: Tensor | None) -> list[Tensor | None]:
    return [None if g is None else g.clone(memory_format=torch.contiguous_format) for g in gradients]


class _Readout(torch.autograd.Function):
    @staticmethod
    def forward(ctx, drive, alpha, v0):
        from snn.kernels import gpu_loops

        drive, alpha, v0 = drive.contiguous(), alpha.contiguous(), v0.contiguous()
        potential = torch.empty_like(drive)
        _launch(gpu_loops.leaky_forward, v0, drive, alpha, v0, potential, len(drive))
        ctx.save_for_backward(alpha, v0, potential)
        return potential

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        from snn.kernels import gpu_loops

        alpha, v0, potential = ctx.saved_tensors
        grad, d_drive = g.contiguous(), torch.empty_like(potential)
        d_v0, d_alpha = torch.empty_like(v0), torch.empty_like(v0)
        ends = grad[-1], potential[-1], alpha, v0, d_drive[-1]
        _launch(gpu_loops.leaky_backward, v0, *ends, d_v0, d_alpha, len(grad))
        return d_drive, d_alpha.sum(0), d_v0
