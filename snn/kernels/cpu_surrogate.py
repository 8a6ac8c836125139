"""Surrogates of the compiled backward pass: the named ones by a code, any other from what its function says."""

from typing import NamedTuple, no_type_check

import numpy as np
import torch
from jaxtyping import Float

from circuits.compile import arrays_apart, float_of, inline, lean_jit, widest_vectors
from snn.kernels.cpu_loops import Neurons
from snn.neurons.surrogate import SHAPES, SpikeGrad, Surrogate, checked

CODES = {name: code for code, name in enumerate(SHAPES)}
GIVEN = len(CODES)  # the code of any other function
BLOCK = 1 << 20  # potentials that a function is asked for at once: asked often, threads wait for the interpreter


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
            _distance_row(v[t, i], p, out[t, i])


@no_type_check
@inline
def _distance_row(v, p, out):
    arrays_apart()
    widest_vectors()
    for k in range(v.shape[0]):
        out[k] = _distance(v, p, k)


@no_type_check
@inline
def surrogate_row(surrogate, given, v, p, out):
    """Pseudo-derivatives of `snn/neurons/surrogate.py` by the order of SHAPES, or those given; v: before the reset."""
    arrays_apart()
    widest_vectors()
    zero, half, one, pi = float_of(v, 0), float_of(v, 0.5), float_of(v, 1), float_of(v, np.pi)
    m, n = surrogate.slope, v.shape[0]
    if surrogate.code == 0:
        for k in range(n):
            out[k] = one if m * abs(_distance(v, p, k)) <= half else zero
    elif surrogate.code == 1:
        for k in range(n):
            y = pi * m * abs(_distance(v, p, k))
            out[k] = one / (one + y * y)
    elif surrogate.code == 2:
        for k in range(n):
            y = one + m * abs(_distance(v, p, k))
            out[k] = one / (y * y)
    elif surrogate.code == 3:
        for k in range(n):
            out[k] = max(one - m * abs(_distance(v, p, k)), zero)
    else:  # GIVEN: `backward` has refused what is more
        for k in range(n):
            out[k] = given[k]


@no_type_check
@inline
def _distance(v, p, k):
    """v - v_threshold of one neuron, its potential held at the floor."""
    return max(v[k], p.v_floor) - p.v_threshold[k]
