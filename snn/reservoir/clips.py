"""Clips as the chip hears them: rows of loudness, one current for each channel, at their own length."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from circuits.spikes import SpikeTrains
from snn.audio.bsa import bsa_encode, bsa_filter
from snn.audio.cochlea import Ear, envelopes
from snn.audio.encode import delta_encode
from snn.audio.loudness import loudness
from snn.data.audio_file import AudioFileError, audio_info
from snn.data.clip import Clip, load_clip
from snn.reservoir.recipe import EarConfig, ReservoirRecipe

OnClip = Callable[[int, int], None]  # clips done, clips in all


@dataclass(frozen=True, eq=False)
class Clips:
    """Loudness of every clip, `(row, channel)` each, before gain and level; labels `(clip,)`."""

    rows: tuple[np.ndarray, ...]
    labels: np.ndarray
    skipped: tuple[str, ...] = ()  # one line for each file that could not be used

    def __len__(self) -> int:
        return len(self.labels)


def load_clips(
    clips: Sequence[Clip], config: EarConfig, sample_rate: int, bad_files: str = "error", on_clip: OnClip | None = None
) -> Clips:
    """Read clips and hear them, each at its own length up to `config.duration_s`.

    Raises: AudioFileError at the first unusable file, unless `bad_files` is "skip".
    """
    ear = ear_of(config, sample_rate)
    rows, labels, skipped = [], [], []
    for i, clip in enumerate(clips, 1):
        try:
            rows.append(hear(load_clip(clip, ear.sample_rate, _duration(clip, config)), ear, config.exponent))
            labels.append(clip.label)
        except AudioFileError as error:
            if bad_files != "skip":
                raise
            skipped.append(str(error))
        if on_clip:
            on_clip(i, len(clips))
    if not rows:
        raise ValueError(f"none of the {len(clips)} clips can be used: {skipped[0] if skipped else 'there are none'}")
    return Clips(tuple(rows), np.array(labels), tuple(skipped))


def ear_of(config: EarConfig, sample_rate: int) -> Ear:
    """The filter bank, at its own sample rate or at that of the recordings."""
    rate = config.sample_rate or sample_rate
    return Ear(config.bank, rate, config.n_channels, config.f_min_hz, config.f_max_hz, step=config.row_s)


def hear(waveform: np.ndarray, ear: Ear, exponent: float) -> np.ndarray:
    """Loudness of a waveform before level and gain, amplitude to the `exponent`, `(row, channel)`."""
    return loudness(envelopes(waveform[None], ear), "power", exponent, "none")[0]


def _duration(clip: Clip, config: EarConfig) -> float:
    """Length of a clip (s): its own, at least a row."""
    if clip.path is None:
        return min(clip.duration_s or config.duration_s, config.duration_s)
    whole = audio_info(clip.path).duration_s - clip.start_s
    return max(min(whole, clip.duration_s or whole, config.duration_s), config.row_s)


def channel_scale(clips: Clips) -> np.ndarray:
    """Gain of each channel that makes their mean loudness over all rows alike, and its mean over the channels 1.

    A channel in which nothing was ever heard keeps a gain of 1.
    """
    mean = np.concatenate(clips.rows).mean(axis=0)
    heard = mean > 1e-6 * mean.max(initial=0.0)
    if not heard.any():
        return np.ones(len(mean))
    gain = np.where(heard, mean[heard].mean() / np.where(heard, mean, 1.0), 1.0)
    return gain / gain.mean()


def chip_inputs(
    rows: Sequence[np.ndarray], scale: np.ndarray, recipe: ReservoirRecipe
) -> list[np.ndarray | SpikeTrains]:
    """What drives the chip in each clip: currents in 0..1, `(row, channel)`, or the spikes of another encoder."""
    return [_chip_input(clip, scale, recipe) for clip in rows]


def n_lines(recipe: ReservoirRecipe, n_channels: int) -> int:
    """Inputs of the reservoir: a neuron for each channel, or ON and OFF spikes of each."""
    return 2 * n_channels if recipe.input.kind == "delta" else n_channels


def _chip_input(rows: np.ndarray, scale: np.ndarray, recipe: ReservoirRecipe) -> np.ndarray | SpikeTrains:
    """The loudest channel of the clip, or of its past, is 1 after the gain of the channels."""
    level, row_s = recipe.ear.level, recipe.ear.row_s
    signal = loudness((rows * scale)[None], "none", level=level, step=row_s)[0]
    return signal / scale if recipe.input.kind == "lif" else spikes_of(signal, recipe)


def spikes_of(signal: np.ndarray, recipe: ReservoirRecipe) -> SpikeTrains:
    """Spikes of a signal `(row, channel)` by Ben's spiker algorithm or send-on-delta, one row a step."""
    row_s = recipe.ear.row_s
    if recipe.input.kind == "bsa":
        dense = bsa_encode(signal, bsa_filter(row_s), recipe.input.bsa_threshold)
    else:
        dense = delta_encode(torch.from_numpy(signal)[:, None], recipe.input.delta_threshold)[:, 0].numpy()
    row, channel = np.nonzero(dense)
    return SpikeTrains((row + 0.5) * row_s, channel, dense.shape[1], len(signal) * row_s)
