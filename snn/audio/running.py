"""Causal normalisation: level and mean of the features from the past alone, so that audio can stream.

Plain PyTorch says what is meant and carries gradients; the compiled form is the same scan, for batches and streams.
"""

import math
from typing import NamedTuple, no_type_check

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.compile import jit
from circuits.units import Seconds

# On validation clips of spoken digits (two seeds, 15 epochs) 0.5, 1 and 2 s give 0.962, 0.971 and 0.973, and
# dividing by a running deviation, which would amplify every steady noise, gives 0.941 instead of 0.971.
TAU: Seconds = 1.0  # memory of the averages
DEVIATION = 2.0  # of ln(power) in speech, ASSUMED
SILENCE = 1e-12  # mean mel power of digital silence, which leaves the averages: noise at 1/70 of the least bit of 16


class RunningState(NamedTuple):
    """Exponential averages over the frames heard so far; `weight` is their sum of weights, 0 before the first sound."""

    weight: Float[Tensor, " batch"]
    level: Float[Tensor, " batch"]  # mean mel power
    mean: Float[Tensor, " batch"]  # of ln(power) over bands


def running_state(n_batch: int, device: torch.device | str = "cpu") -> RunningState:
    """Nothing heard yet."""
    return RunningState(*torch.zeros(3, n_batch, dtype=torch.float64, device=device))


def running_step(
    power: Float[Tensor, "batch band"], state: RunningState, share: float, floor: float
) -> tuple[Float[Tensor, "batch band"], RunningState]:
    """One frame of mel power to features, relative to the level and the mean of the past.

    With <> the mean over bands, and a = share / weight' that makes each average that of the frames heard so far:
        weight' = weight + share (1 - weight)
        level'  = level + a (<power> - level)
        y       = ln(power + floor level')
        mean'   = mean + a (<y> - mean)
        feature = (y - mean') / DEVIATION
    Digital silence leaves the averages; before the first sound the features are 0.
    Args: share: of the newest frame, 1 - exp(-hop / TAU). floor: relative to the level.
    """
    power = power.double()
    frame = power.mean(1)
    heard = frame > SILENCE
    weight = torch.where(heard, state.weight + share * (1 - state.weight), state.weight)
    a = torch.where(heard, share / weight.clamp_min(share), 0.0)
    level = state.level + a * (frame - state.level)
    y = torch.log(power + floor * level.clamp_min(SILENCE)[:, None])
    mean = state.mean + a * (y.mean(1) - state.mean)
    features = torch.where(weight[:, None] > 0, (y - mean[:, None]) / DEVIATION, 0.0)
    return features, RunningState(weight, level, mean)


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
def running_scan(power, share, floor, weight, level, mean, out):
    """`running_step` over the frames of each clip, `(batch, frame, band)`; the state's arrays are left at the last."""
    n_batch, n_frames, n = power.shape
    for i in range(n_batch):
        for t in range(n_frames):
            p, row, frame, total, a = power[i, t], out[i, t], 0.0, 0.0, 0.0
            for k in range(n):
                frame += p[k]
            frame /= n
            if frame > SILENCE:
                weight[i] += share * (1 - weight[i])
                a = share / weight[i]
            level[i] += a * (frame - level[i])
            least = floor * max(level[i], SILENCE)
            for k in range(n):
                row[k] = np.log(p[k] + least)
                total += row[k]
            mean[i] += a * (total / n - mean[i])
            scale = 1 / DEVIATION if weight[i] > 0 else 0.0
            for k in range(n):
                row[k] = (row[k] - mean[i]) * scale
