"""Leaky integrate-and-fire neurons, spiking and not, in units of the circuit's swing.

The potential is v = (V - V_reset) / (V_th - V_reset), so a circuit's threshold is 1 and its reset is 0:

    tau_mem v' = drive - v,   spike when v > v_threshold, then v = 0
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.units import Seconds
from snn.neurons.surrogate import SpikeGrad, boxcar, spike


class LIFParams(NamedTuple):
    """Per-neuron parameters of one step; `alpha` = exp(-dt / tau_mem) is computed once per sequence."""

    alpha: Float[Tensor, " neuron"]
    v_threshold: Float[Tensor, " neuron"]
    spike_grad: SpikeGrad = boxcar
    v_floor: float = -math.inf  # lowest potential: inhibition cannot pull a body below the rail of its sink


class LIFState(NamedTuple):
    """What a layer remembers between steps: potential and last spikes, each `(batch, neuron)`."""

    v: Float[Tensor, "batch neuron"]
    spikes: Float[Tensor, "batch neuron"]


def decay(tau: Float[Tensor, " neuron"], dt: Seconds) -> Float[Tensor, " neuron"]:
    """exp(-dt / tau): what is left of a potential after one step (tau and dt in seconds)."""
    return torch.exp(-dt / tau)


def lif_state(batch: int, like: Float[Tensor, " neuron"]) -> LIFState:
    """Neurons at rest, of the device and type of `like`."""
    zeros = like.new_zeros(batch, like.shape[-1])
    return LIFState(zeros, zeros)


def lif_step(
    drive: Float[Tensor, "batch neuron"], state: LIFState, params: LIFParams
) -> tuple[Float[Tensor, "batch neuron"], LIFState]:
    """One step, exact for a drive that is constant over it: v = drive + (v - drive) alpha, spike, hard reset to 0.

    Inhibition stops at `v_floor`. The reset is a constant: no gradient flows through it (Zenke and Vogels 2021).
    """
    v = torch.lerp(drive, state.v, params.alpha).clamp_min(params.v_floor)
    spikes = spike(v - params.v_threshold, params.spike_grad)
    return spikes, LIFState(v * (1 - spikes.detach()), spikes)


def leaky_step(
    drive: Float[Tensor, "batch neuron"], state: LIFState, params: LIFParams
) -> tuple[Float[Tensor, "batch neuron"], LIFState]:
    """One step of the same membrane without a comparator: returns the potential itself. The readout."""
    v = torch.lerp(drive, state.v, params.alpha)
    return v, LIFState(v, state.spikes)
