"""Clips to tensors: features of every clip, computed once, with altered copies for training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from circuits.errors import InputError
from snn.audio.features import LogMel, log_mel
from snn.audio.signal_features import SignalFrames, signal_features
from snn.data.augmentation.augment import Augment
from snn.data.augmentation.augment_signal import augment_signal
from snn.data.corpora.clip import Clip, load_clip, load_signal
from snn.data.corpora.corpus import Corpus
from snn.data.recordings.recording_error import RecordingError
from snn.data.signals.signal import Signal
from snn.data.signals.signal_rows import hop_means
from snn.recipes.recipe import Recipe

CHUNK = 64  # clips whose waveforms are held at a time

FrontEnd = LogMel | SignalFrames
OnClip = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, eq=False)
class Examples:
    """Features and labels of some clips; copy 0 is the clip itself, the others are altered."""

    features: Float[Tensor, "copy clip frame band"]
    labels: Int[Tensor, " clip"]
    skipped: tuple[str, ...] = ()  # one line for each file that could not be used
    snr_db: Float[Tensor, " clip"] | None = None  # where every clip has noise of a known level

    def __len__(self) -> int:
        return len(self.labels)


def for_corpus(recipe: Recipe, corpus: Corpus) -> Recipe:
    """The recipe as it runs on a corpus: on multichannel signals a band is a channel.

    Masks of bands keep to a fifth of them, as 8 of the customary 40.
    Raises: ValueError where the recipe is for signals and the corpus is not of such.
    """
    if recipe.features.front_end == "signal" or corpus.media == "audio":
        require_fit(recipe, corpus)
        return recipe
    n = len(corpus.channels)
    features = recipe.features.model_copy(update={"front_end": "signal", "n_mels": n, "sample_rate": None})
    augment = recipe.augment.model_copy(update={"band_mask": min(recipe.augment.band_mask, n // 5)})
    return recipe.model_copy(update={"features": features, "augment": augment})


def require_fit(recipe: Recipe, corpus: Corpus) -> None:
    """Raises: ValueError if the corpus is not what the recipe's front end takes."""
    f, n = recipe.features, len(corpus.channels)
    if (f.n_mels if f.front_end == "signal" else 0) != n:
        want = f"signals of {f.n_mels} channels" if f.front_end == "signal" else "sound"
        held = f"signals of {n} channels ({', '.join(corpus.channels[:5])})" if n else "sound"
        raise InputError(f"{corpus.name} holds {held}, the recipe is for {want}: choose other data or another recipe")


def front_end(recipe: Recipe, sample_rate: int | float) -> FrontEnd:
    """The recipe's front end: log-mel at its own sample rate, or at that of the recordings; or channels of signals."""
    f = recipe.features
    if f.front_end == "signal":
        return SignalFrames(f.n_mels, f.duration_s, f.hop_s, f.normalise)
    return LogMel(
        sample_rate=f.sample_rate or int(sample_rate),
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
    mel: FrontEnd,
    *,
    augment: Augment | None = None,
    copies: int = 0,
    seed: int = 0,
    bad_files: str = "error",
    on_clip: OnClip | None = None,
) -> Examples:
    """Read every clip once; features of the clip and of `copies` altered ones.

    Each copy draws from its own generator, so a clip's copies do not depend on its neighbours.
    Raises: RecordingError at the first unusable file, unless `bad_files` is "skip".
    """
    features, used, skipped = [], [], []
    for start in range(0, len(clips), CHUNK):
        waveforms = []
        for i, clip in enumerate(clips[start : start + CHUNK], start):
            try:
                waveforms.append(_versions(clip, mel, augment, copies, (seed, i)))
                used.append(clip)
            except RecordingError as error:
                if bad_files != "skip":
                    raise
                skipped.append(str(error))
        if waveforms:
            features.append(_features(np.stack(waveforms), mel))
        if on_clip:
            on_clip(min(start + CHUNK, len(clips)), len(clips))
    if not features:
        raise InputError(f"none of the {len(clips)} clips can be used: {skipped[0] if skipped else 'there are none'}")
    labels = torch.tensor([clip.label for clip in used])
    return Examples(torch.cat(features, 1), labels, tuple(skipped), _ratios(used))


def _ratios(clips: list[Clip]) -> Float[Tensor, " clip"] | None:
    ratios = [clip.snr_db for clip in clips if clip.snr_db is not None]
    return torch.tensor(ratios) if len(ratios) == len(clips) else None


def _versions(
    clip: Clip, mel: FrontEnd, augment: Augment | None, copies: int, seed: tuple[int, int]
) -> Float[np.ndarray, "..."]:
    """The clip and its altered copies: waveforms `(copies, time)`, or frames of signals `(copies, frame, band)`."""
    rng = np.random.default_rng(seed)
    if isinstance(mel, SignalFrames):
        return _frames(load_signal(clip, mel.n_mels), mel, augment, copies, rng)
    waveform = load_clip(clip, mel.sample_rate, mel.duration_s)
    if augment is None:
        return waveform[None]
    return np.stack([waveform, *(augment(waveform, mel.sample_rate, rng) for _ in range(copies))])


def _frames(
    signal: Signal, settings: SignalFrames, augment: Augment | None, copies: int, rng: np.random.Generator
) -> Float[np.ndarray, "copy frame band"]:
    values, rate = signal.values, signal.sample_rate
    altered = [augment_signal(values, rate, augment, rng) for _ in range(copies)] if augment else []
    frames = [hop_means(version, rate, settings.hop_s, settings.n_frames) for version in (values, *altered)]
    return np.stack(frames).astype(np.float32)


def _features(clips: Float[np.ndarray, "clip copies ..."], mel: FrontEnd) -> Float[Tensor, "copy clip frame band"]:
    flat = torch.from_numpy(clips.reshape(-1, *clips.shape[2:]))
    features = log_mel(flat, mel) if isinstance(mel, LogMel) else signal_features(flat, mel)
    return features.unflatten(0, clips.shape[:2]).transpose(0, 1)
