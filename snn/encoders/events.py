"""Encoders: signals to spikes. A signal is anything sampled in time, features or a waveform: `(batch, time, channel)`.

Send-on-delta, latency and rate are functions without trained weights; the LIF encoder is a layer (`encoder.py`).
Gradients reach the signal through a surrogate (delta) or straight through (rate); a latency's time bin has none.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.errors import InputError
from circuits.units import Seconds
from snn.neurons.surrogate import SpikeGrad, boxcar, spike


def delta_encode(
    signal: Float[Tensor, "batch time channel"], threshold: float, spike_grad: SpikeGrad = boxcar
) -> Float[Tensor, "batch time twice_channel"]:
    """Send-on-delta: an ON (OFF) spike when the signal is more than `threshold` above (below) the last level sent.

    The level then moves by one threshold, so a jump of n thresholds takes n steps to send; it starts at the first
    sample. Returns: spikes in {0, 1}, ON channels first. Raises: InputError unless threshold > 0.
    Source: Miskowicz 2006, send-on-delta sampling.
    """
    if not threshold > 0:
        raise InputError(f"delta threshold must be positive, got {threshold}; it is in units of the signal")
    return delta_steps(signal, signal[:, 0].detach(), threshold, spike_grad)[0]


def delta_steps(
    signal: Float[Tensor, "batch time channel"],
    level: Float[Tensor, "batch channel"],
    threshold: float,
    spike_grad: SpikeGrad = boxcar,
) -> tuple[Float[Tensor, "batch time twice_channel"], Float[Tensor, "batch channel"]]:
    """Send-on-delta from the last level sent; returns the spikes and the level after them."""
    spikes = []
    for x in signal.unbind(1):
        on = spike((x - level) / threshold - 1, spike_grad)
        off = spike((level - x) / threshold - 1, spike_grad)
        level = level + threshold * (on - off).detach()
        spikes.append(torch.cat((on, off), -1))
    return torch.stack(spikes, 1), level


def latency_encode(
    signal: Float[Tensor, "batch time channel"], n_steps: int, v_threshold: float = 0.1, tau: float = 0.3
) -> Float[Tensor, "batch steps channel"]:
    """Time to first spike: each sample becomes `n_steps` steps with at most one spike, earlier for a larger value.

    The latency is that of an RC node charging to x: t = tau ln(x / (x - v_threshold)), in units of the sample's own
    interval; values at or below v_threshold, or later than the interval, send nothing.
    Args: signal: values, about 0..1. Returns: spikes in {0, 1}, `(batch, time * n_steps, channel)`.
    """
    if not (n_steps >= 1 and v_threshold > 0 and tau > 0):
        raise InputError(f"n_steps, v_threshold and tau must be positive, got {n_steps}, {v_threshold}, {tau}")
    above = signal > v_threshold
    safe = torch.where(above, signal, torch.full_like(signal, 2 * v_threshold))
    latency = torch.where(above, tau * torch.log(safe / (safe - v_threshold)), torch.inf)
    steps = torch.arange(n_steps, device=signal.device)[:, None]
    spikes = torch.floor(latency * n_steps)[:, :, None] == steps  # (batch, time, steps, channel)
    return spikes.flatten(1, 2).to(signal.dtype)


def rate_encode(
    signal: Float[Tensor, "batch time channel"],
    generator: torch.Generator,
    max_rate: float,
    dt: Seconds,
    n_steps: int = 1,
) -> Float[Tensor, "batch steps channel"]:
    """Poisson-like rate code: in each step a spike with probability clip(x, 0, 1) max_rate dt.

    Args: signal: values, 1 is the full rate. max_rate (Hz). dt: one step (s). n_steps: steps per sample.
    Returns: spikes in {0, 1}, `(batch, time * n_steps, channel)`; the gradient passes straight through.
    Raises: InputError if max_rate dt exceeds 1, a probability, or n_steps is below 1.
    """
    if not 0 < max_rate * dt <= 1:
        raise InputError(f"max_rate * dt is a probability, got {max_rate} Hz * {dt} s; lower max_rate or dt")
    if n_steps < 1:
        raise InputError(f"n_steps is the number of steps per sample, at least 1, got {n_steps}")
    probability = (signal.clamp(0, 1) * (max_rate * dt)).repeat_interleave(n_steps, 1)
    in_time = probability.transpose(0, 1).shape  # step by step, so that a stream draws the same
    drawn = torch.rand(in_time, generator=generator, dtype=signal.dtype, device=generator.device).transpose(0, 1)
    spikes = (drawn.to(signal.device) < probability).to(signal.dtype)
    return spikes + (probability - probability.detach())  # adds an exact 0: spikes stay 0 or 1
