"""Adaptive LIF: a second variable w, slower than the membrane, subtracts from the drive.

    tau_mem v' = drive - w - v,   tau_adapt w' = a v - w,   w += b at each spike

Source: adLIF of Bittar and Garner 2022 (10.3389/fnins.2022.865897), with w advanced by the present potential
(symplectic order, Baronig et al. 2025), which keeps a and b stable over the whole range below.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from snn.neurons.surrogate import SpikeGrad, boxcar, spike


class AdaptiveParams(NamedTuple):
    """Per-neuron parameters of one step; `rho` = exp(-dt / tau_adapt)."""

    alpha: Float[Tensor, " neuron"]
    v_threshold: Float[Tensor, " neuron"]
    rho: Float[Tensor, " neuron"]
    a: Float[Tensor, " neuron"]
    b: Float[Tensor, " neuron"]
    spike_grad: SpikeGrad = boxcar
    v_floor: float = -math.inf  # lowest potential: inhibition cannot pull a body below the rail of its sink


class AdaptiveState(NamedTuple):
    """Potential, last spikes and adaptation, each `(batch, neuron)`."""

    v: Float[Tensor, "batch neuron"]
    spikes: Float[Tensor, "batch neuron"]
    w: Float[Tensor, "batch neuron"]


def adaptive_state(batch: int, like: Float[Tensor, " neuron"]) -> AdaptiveState:
    """Neurons at rest, of the device and type of `like`."""
    zeros = like.new_zeros(batch, like.shape[-1])
    return AdaptiveState(zeros, zeros, zeros)


def adaptive_step(
    drive: Float[Tensor, "batch neuron"], state: AdaptiveState, params: AdaptiveParams
) -> tuple[Float[Tensor, "batch neuron"], AdaptiveState]:
    """One step: v as the LIF with drive - w, spike, hard reset to 0, then w relaxes to a v and jumps by b."""
    v = torch.lerp(drive - state.w, state.v, params.alpha).clamp_min(params.v_floor)
    spikes = spike(v - params.v_threshold, params.spike_grad)
    w = torch.lerp(params.a * v, state.w, params.rho) + params.b * spikes
    return spikes, AdaptiveState(v * (1 - spikes.detach()), spikes, w)
