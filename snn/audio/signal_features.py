"""Front end of multichannel signals: the mean over every hop, a band for each channel, no spectrum, no logarithm."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from circuits.units import Seconds, freeze_si, ms, require
from snn.audio.features import Normalise, check_finite, normalise_frames
from snn.audio.running import TAU

DEVIATION_FLOOR = 1e-3  # least running deviation, in the units of the signal: ASSUMED, as that of `normalise_frames`


@dataclass(frozen=True)
class SignalFrames:
    """Settings of the front end: clips of `duration_s` become `n_frames` frames of `n_mels` channels."""

    n_mels: int  # named as in LogMel: the bands that the network sees
    duration_s: Seconds = 1.0
    hop_s: Seconds = 10 * ms
    normalise: Normalise = "clip"

    def __post_init__(self):
        freeze_si(self)
        require(self, "n_mels", 1 <= self.n_mels <= 512, "1 to 512 channels")
        require(self, "hop_s", 0 < self.hop_s <= self.duration_s, f"above 0 and at most duration_s {self.duration_s}")

    @property
    def n_frames(self) -> int:
        return round(self.duration_s / self.hop_s)


def signal_features(
    frames: Float[Tensor, "batch frame band"], settings: SignalFrames
) -> Float[Tensor, "batch frame band"]:
    """Normalise frames: "clip" and "band" as for sound, "running" by the past of each channel, "none" not at all.

    Raises: ValueError for frames that are not finite.
    """
    check_finite(frames)
    match settings.normalise:
        case "none":
            return frames
        case "running":
            return _running(frames, -math.expm1(-settings.hop_s / TAU))
        case _:
            return normalise_frames(frames, settings.normalise)


def _running(frames: Float[Tensor, "batch frame band"], share: float) -> Float[Tensor, "batch frame band"]:
    """(x - mean) / deviation of every channel, both exponential averages over the frames so far, this one included.

    weight' = weight + share (1 - weight), a = share / weight': mean' = mean + a (x - mean), likewise the mean square
    of x - mean'.
    """
    mean, square, weight, out = torch.zeros_like(frames[:, 0]), torch.zeros_like(frames[:, 0]), 0.0, []
    for x in frames.unbind(1):
        weight += share * (1 - weight)
        a = share / weight
        mean = mean + a * (x - mean)
        square = square + a * ((x - mean).square() - square)
        out.append((x - mean) / square.sqrt().clamp_min(DEVIATION_FLOOR))
    return torch.stack(out, 1)
