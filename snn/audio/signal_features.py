"""Front end of multichannel signals: the mean over every hop, a band for each channel, no spectrum, no logarithm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from circuits.units import Seconds, freeze_si, require
from snn.audio.features import LogMel, Normalise, check_finite, normalise_frames
from snn.audio.running import TAU
from snn.data.augmentation.augment import Augment
from snn.data.augmentation.augment_signal import augment_signal
from snn.data.corpora.clip import Clip, load_signal
from snn.data.recordings.recording_error import of_file
from snn.data.signals.signal_rows import hop_means
from snn.memory import check_clip

DEVIATION_FLOOR = 1e-3  # least running deviation, in the units of the signal: ASSUMED, as that of `normalise_frames`


@dataclass(frozen=True)
class SignalFrames:
    """Settings of the front end: clips of `duration_s` become `n_frames` frames of `n_mels` channels."""

    n_mels: int  # named as in LogMel: the bands that the network sees
    duration_s: Seconds = LogMel.duration_s
    hop_s: Seconds = LogMel.hop_s
    normalise: Normalise = LogMel.normalise

    def __post_init__(self):
        freeze_si(self)
        require(self, "n_mels", 1 <= self.n_mels <= 512, "1 to 512 channels")
        require(self, "hop_s", 0 < self.hop_s <= self.duration_s, f"above 0 and at most duration_s {self.duration_s}")
        check_clip(self.duration_s, self.hop_s, self.n_mels)

    @property
    def description(self) -> str:
        """What it makes of clips, in words and numbers."""
        return (
            f"clips of {self.duration_s:g} s; {self.n_mels} channels, mean over {self.hop_s:g} s, "
            f"normalised by {self.normalise}"
        )

    @property
    def n_signals(self) -> int:
        """Channels of the signals that it takes."""
        return self.n_mels

    @property
    def n_frames(self) -> int:
        return round(self.duration_s / self.hop_s)

    @property
    def n_numbers(self) -> int:
        """What a clip becomes."""
        return self.n_frames * self.n_mels

    def read(
        self, clip: Clip, augment: Augment | None, copies: int, rng: np.random.Generator
    ) -> tuple[Float[np.ndarray, "copy frame band"], Seconds]:
        """Means of the clip over each hop, and of altered copies; the recording's length stays unread (NaN)."""
        signal = load_signal(clip, self.n_mels)
        values, rate = signal.values, signal.sample_rate
        altered = [augment_signal(values, rate, augment, rng) for _ in range(copies)] if augment else []
        with of_file(clip.path):
            frames = [hop_means(version, rate, self.hop_s, self.n_frames) for version in (values, *altered)]
        return np.stack(frames).astype(np.float32), np.nan

    def features(self, read: Sequence[np.ndarray]) -> Float[Tensor, "copy clip frame band"]:
        """Features of clips as `read` brings them."""
        frames = torch.from_numpy(np.stack(read))
        return signal_features(frames.flatten(0, 1), self).unflatten(0, frames.shape[:2]).transpose(0, 1)


def signal_features(
    frames: Float[Tensor, "batch frame band"], settings: SignalFrames
) -> Float[Tensor, "batch frame band"]:
    """Normalise frames: "clip" and "band" as for sound, "running" by the past of each channel, "none" not at all.

    Raises: InputError for frames that are not finite.
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
