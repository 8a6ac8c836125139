"""Surrogates of the compiled backward pass: the named ones by a code, any other from what its function says."""

from typing import NamedTuple, no_type_check

import numpy as np
import torch
from jaxtyping import Float

from circuits.compile import float_of, inline, lean_jit
from snn.kernels.cpu_loops import Neurons
from snn.neurons.surrogate import SHAPES, SpikeGrad, Surrogate, checked

CODES = {name: code for code, name in enumerate(SHAPES)}
GIVEN = len(CODES)  # the code of any other function
BLOCK = 1 << 15  # potentials that a function is asked for at once: they stay in cache, and torch takes one thread


class Slopes(NamedTuple):
    """What the backward pass multiplies by; given: pseudo-derivatives `(time, batch, neuron)`, empty with a code."""

    code: int
    slope: np.floating
    given: np.ndarray


def slopes(
    spike_grad: SpikeGrad, v: Float[np.ndarray, "time batch neuron"], p: Neurons, room: np.ndarray | None = None
) -> Slopes:
    """Those of a layer whose potentials before the reset were v; room: memory for as many numbers, if there is some."""
    if isinstance(spike_grad, Surrogate):
        return Slopes(CODES[spike_grad.name], v.dtype.type(spike_grad.slope), np.empty((0, 0, 0), v.dtype))
    given = np.empty(v.shape, v.dtype) if room is None else room[: v.size].reshape(v.shape)
    n_time, n_batch, n = v.shape
    step = max(1, BLOCK // max(1, n_batch * n))
    with torch.no_grad():
        for t in range(0, n_time, step):
            part = given[t : t + step]
            distances(v[t : t + step], p, part)
            x = torch.from_numpy(part)
            x.copy_(checked(spike_grad(x), x))
    return Slopes(GIVEN, v.dtype.type(0), given)


@no_type_check
@lean_jit
def distances(v, p, out):
    """Potentials before the reset less the threshold."""
    for t in range(v.shape[0]):
        for i in range(v.shape[1]):
            for k in range(v.shape[2]):
                out[t, i, k] = max(v[t, i, k], p.v_floor) - p.v_threshold[k]


@no_type_check
@inline
def surrogate_row(surrogate, given, x, out):
    """Pseudo-derivatives of `snn/neurons/surrogate.py` at x, by the order of SHAPES, or those that are given."""
    zero, half, one, pi = float_of(x, 0), float_of(x, 0.5), float_of(x, 1), float_of(x, np.pi)
    for k in range(x.shape[0]):
        y = surrogate.slope * abs(x[k])
        if surrogate.code == 0:
            out[k] = one if y <= half else zero
        elif surrogate.code == 1:
            out[k] = one / (one + (pi * y) * (pi * y))
        elif surrogate.code == 2:
            out[k] = one / ((one + y) * (one + y))
        elif surrogate.code == 3:
            out[k] = max(one - y, zero)
        else:  # GIVEN: `backward` has refused what is more
            out[k] = given[k]
