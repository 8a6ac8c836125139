"""Causal normalisation: level, mean and deviation of the features from the past alone, so that audio can stream.

Plain PyTorch says what is meant and carries gradients; the compiled form is the same scan, for batches and streams.
"""

import math
from typing import NamedTuple, no_type_check

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.units import Seconds
from snn.kernels.compile import jit

TAU: Seconds = 1.0  # memory of the averages. Chosen on validation clips of spoken digits among 0.3 to 2 s
SILENCE = 1e-16  # mean mel power below which a frame is digital silence: it leaves the averages as they are
LEAST_DEVIATION = 1e-3  # keeps a constant signal finite


class RunningState(NamedTuple):
    """Exponential averages over the frames heard so far; `weight` is their bias, 0 before the first sound, then to 1."""

    weight: Float[Tensor, " batch"]
    level: Float[Tensor, " batch"]  # mean mel power
    mean: Float[Tensor, " batch"]  # of the log-mel values over bands
    variance: Float[Tensor, " batch"]


def running_state(n_batch: int, device: torch.device | str = "cpu") -> RunningState:
    """Nothing heard yet."""
    return RunningState(*torch.zeros(4, n_batch, dtype=torch.float64, device=device))


def running_step(
    power: Float[Tensor, "batch band"], state: RunningState, share: float, floor: float
) -> tuple[Float[Tensor, "batch band"], RunningState]:
    """One frame of mel power to features of mean 0 and variance 1, as far as the past can tell.

    With <> the mean over bands, a = share / weight' and weight' = weight + share (1 - weight), which makes each average
    that of the frames heard so far:
        level'    = level    + a (<power> - level)
        y         = ln(power + floor level')
        mean'     = mean     + a (<y> - mean)
        variance' = variance + a (<(y - mean')^2> - variance)
        feature   = (y - mean') / sqrt(variance')
    Digital silence changes nothing, and before the first sound the features are 0.
    Args: share: 1 - exp(-hop / TAU), of the newest frame. floor: relative to the level.
    """
    power = power.double()
    frame = power.mean(1)
    heard = frame > SILENCE
    weight = torch.where(heard, state.weight + share * (1 - state.weight), state.weight)
    a = torch.where(heard, share / weight.clamp_min(share), 0.0)
    level = state.level + a * (frame - state.level)
    y = torch.log(power + floor * level.clamp_min(SILENCE)[:, None])
    mean = state.mean + a * (y.mean(1) - state.mean)
    off = y - mean[:, None]
    variance = state.variance + a * (off.square().mean(1) - state.variance)
    features = off / variance.clamp_min(LEAST_DEVIATION**2).sqrt()[:, None]
    return torch.where(weight[:, None] > 0, features, 0.0), RunningState(weight, level, mean, variance)


def normalise_running(
    power: Float[Tensor, "batch frame band"], state: RunningState, hop: Seconds, floor: float
) -> tuple[Float[Tensor, "batch frame band"], RunningState]:
    """`running_step` over consecutive frames; compiled on the CPU unless a gradient is asked for."""
    share = -math.expm1(-hop / TAU)
    if power.device.type == "cpu" and not (power.requires_grad and torch.is_grad_enabled()):
        state = RunningState(*(value.clone() for value in state))
        features = torch.empty(power.shape, dtype=power.dtype)
        running_scan(power.detach().contiguous().numpy(), share, floor, *(x.numpy() for x in state), features.numpy())
        return features, state
    frames = []
    for frame in power.unbind(1):
        features, state = running_step(frame, state, share, floor)
        frames.append(features.to(power.dtype))
    return torch.stack(frames, 1), state


@no_type_check
@jit
def running_scan(power, share, floor, weight, level, mean, variance, out):
    """`running_step` over the frames of each clip, `(batch, frame, band)`; the state's arrays are left at the last."""
    n_batch, n_frames, n = power.shape
    for i in range(n_batch):
        for t in range(n_frames):
            p, row, frame, a = power[i, t], out[i, t], 0.0, 0.0
            for k in range(n):
                frame += p[k]
            frame /= n
            if frame > SILENCE:
                weight[i] += share * (1 - weight[i])
                a = share / weight[i]
            level[i] += a * (frame - level[i])
            total, square, least = 0.0, 0.0, floor * max(level[i], SILENCE)
            for k in range(n):
                row[k] = np.log(p[k] + least)
                total += row[k]
            mean[i] += a * (total / n - mean[i])
            for k in range(n):
                square += (row[k] - mean[i]) ** 2
            variance[i] += a * (square / n - variance[i])
            scale = 1 / max(np.sqrt(variance[i]), LEAST_DEVIATION) if weight[i] > 0 else 0.0
            for k in range(n):
                row[k] = (row[k] - mean[i]) * scale
