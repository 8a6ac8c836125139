"""Clips to tensors: features of every clip, computed once, with altered copies for training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from snn.audio.features import LogMel, log_mel
from snn.data.audio_file import AudioFileError
from snn.data.augment import Augment
from snn.data.clip import Clip, load_clip
from snn.recipe import Recipe

CHUNK = 64  # clips whose waveforms are held at a time

OnClip = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, eq=False)
class Examples:
    """Features and labels of some clips; copy 0 is the clip itself, the others are altered."""

    features: Float[Tensor, "copy clip frame band"]
    labels: Int[Tensor, " clip"]
    skipped: tuple[str, ...] = ()  # one line for each file that could not be used

    def __len__(self) -> int:
        return len(self.labels)


def front_end(recipe: Recipe, sample_rate: int) -> LogMel:
    """The recipe's log-mel front end at its own sample rate, or at that of the recordings."""
    f = recipe.features
    return LogMel(
        sample_rate=f.sample_rate or sample_rate,
        duration_s=f.duration_s,
        n_mels=f.n_mels,
        window_s=f.window_s,
        hop_s=f.hop_s,
        f_min=f.f_min_hz,
        f_max=f.f_max_hz,
        normalise=f.normalise,
    )


def load_examples(
    clips: Sequence[Clip],
    mel: LogMel,
    *,
    augment: Augment | None = None,
    copies: int = 0,
    seed: int = 0,
    bad_files: str = "error",
    on_clip: OnClip | None = None,
) -> Examples:
    """Read every clip once; features of the clip and of `copies` altered ones.

    Each copy draws from its own generator, so a clip's copies do not depend on its neighbours.
    Raises: AudioFileError at the first unusable file, unless `bad_files` is "skip".
    """
    features, labels, skipped = [], [], []
    for start in range(0, len(clips), CHUNK):
        waveforms = []
        for i, clip in enumerate(clips[start : start + CHUNK], start):
            try:
                waveforms.append(_versions(clip, mel, augment, copies, (seed, i)))
                labels.append(clip.label)
            except AudioFileError as error:
                if bad_files != "skip":
                    raise
                skipped.append(str(error))
        if waveforms:
            features.append(_features(np.stack(waveforms), mel))
        if on_clip:
            on_clip(min(start + CHUNK, len(clips)), len(clips))
    if not features:
        raise ValueError(f"none of the {len(clips)} clips can be used: {skipped[0] if skipped else 'there are none'}")
    return Examples(torch.cat(features, 1), torch.tensor(labels), tuple(skipped))


def _versions(clip: Clip, mel: LogMel, augment: Augment | None, copies: int, seed: tuple[int, int]) -> np.ndarray:
    """The clip's waveform and its altered copies, `(1 + copies, time)`."""
    waveform = load_clip(clip, mel.sample_rate, mel.duration_s)
    if augment is None:
        return waveform[None]
    rng = np.random.default_rng(seed)
    return np.stack([waveform, *(augment(waveform, mel.sample_rate, rng) for _ in range(copies))])


def _features(waveforms: np.ndarray, mel: LogMel) -> Float[Tensor, "copy clip frame band"]:
    n_clips, n_copies, _ = waveforms.shape
    flat = torch.from_numpy(waveforms.reshape(n_clips * n_copies, -1))
    return log_mel(flat, mel).unflatten(0, (n_clips, n_copies)).transpose(0, 1)
