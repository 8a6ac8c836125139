"""From rows to what drives the chip: gain of each input, level of each clip, and other encoders than its neurons.

A sound has one line for each channel of the ear. A signal of a sensor has four: its value above and below the usual,
and its rise and fall from row to row, since a current has no sign.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from circuits.errors import InputError
from circuits.network.spikes import SpikeTrains
from circuits.units import require
from snn.audio.loudness import loudness
from snn.encoders.bsa import bsa_encode, bsa_filter
from snn.encoders.events import delta_encode
from snn.networks.reservoir_settings import ReservoirSettings


@dataclass(frozen=True, eq=False)
class Tuning:
    """What training clips say of the inputs: gain of each line, `(line,)`, and the usual value of each channel.

    `centre` is `(channel,)` for signals and empty for sound, whose loudness has no sign.
    """

    scale: np.ndarray
    centre: np.ndarray

    def __post_init__(self):
        require(self, "scale", bool(np.all((self.scale > 0) & np.isfinite(self.scale))), "positive and finite")

    @property
    def n_channels(self) -> int:
        return self.centre.size or self.scale.size


def tune(clips: Sequence[np.ndarray], settings: ReservoirSettings, are_signals: bool) -> Tuning:
    """Gains that make the mean of every line alike, and the loudest moment of a clip 1 on average."""
    centre = np.concatenate(clips).mean(axis=0) if are_signals else np.zeros(0)
    lines = [to_lines(rows, centre, settings.ear.exponent) for rows in clips]
    gain = _equal_means(np.concatenate(lines))
    peak = float(np.mean([(clip * gain).max() for clip in lines]))
    return Tuning(gain / (peak or 1.0), centre)


def to_lines(rows: np.ndarray, centre: np.ndarray, exponent: float) -> np.ndarray:
    """Rows as positive lines, `(row, line)`: sound as it is, signals as value and slope of both signs, compressed."""
    if not centre.size:
        return rows
    value = rows - centre
    slope = np.diff(value, axis=0, prepend=value[:1])
    parts = np.concatenate([value, -value, slope, -slope], axis=1)
    return np.maximum(parts, 0.0) ** exponent


def _equal_means(lines: np.ndarray) -> np.ndarray:
    """Gain of each line that makes their means alike; 1 for a line in which nothing ever happens."""
    mean = lines.mean(axis=0)
    alive = mean > 1e-6 * mean.max(initial=0.0)
    typical = float(np.exp(np.log(mean[alive]).mean())) if alive.any() else 1.0
    return np.where(alive, typical / np.where(alive, mean, 1.0), 1.0)


def chip_inputs(
    rows: Sequence[np.ndarray], tuning: Tuning, settings: ReservoirSettings
) -> list[np.ndarray | SpikeTrains]:
    """What drives the chip in each clip: `(row, line)` for its input neurons, or the spikes of another encoder.

    Raises: InputError for rows of another number of channels.
    """
    return [_chip_input(clip, tuning, settings) for clip in rows]


def n_lines(tuning: Tuning, settings: ReservoirSettings) -> int:
    """Inputs of the reservoir: a neuron for each line, or the ON and OFF spikes of each."""
    return (2 if settings.input.kind == "delta" else 1) * tuning.scale.size


def _chip_input(rows: np.ndarray, tuning: Tuning, settings: ReservoirSettings) -> np.ndarray | SpikeTrains:
    if rows.shape[1] != tuning.n_channels:
        raise InputError(f"a clip has {rows.shape[1]} channels, this chip was tuned to {tuning.n_channels}")
    lines = to_lines(rows, tuning.centre, settings.ear.exponent) * tuning.scale
    signal = loudness(lines[None], "none", level=settings.ear.level, step=settings.ear.row_s)[0]
    return signal / tuning.scale if settings.input.kind == "lif" else spikes_of(signal, settings)


def spikes_of(signal: np.ndarray, settings: ReservoirSettings) -> SpikeTrains:
    """Spikes of a signal `(row, line)` by Ben's spiker algorithm or send-on-delta, one row a step."""
    row_s = settings.ear.row_s
    if settings.input.kind == "bsa":
        dense = bsa_encode(signal, bsa_filter(row_s), settings.input.bsa_threshold)
    else:
        dense = delta_encode(torch.from_numpy(signal)[None], settings.input.delta_threshold)[0].numpy()
    row, line = np.nonzero(dense)
    return SpikeTrains((row + 0.5) * row_s, line, dense.shape[1], len(signal) * row_s)
