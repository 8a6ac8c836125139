"""Figures of the speech side: one clip with its spikes, the confusion matrix, the course of training.

Data in, a matplotlib Figure out; `snn.report.pictures` writes it. Text from outside is shown literally. Every function
raises InputError for data that cannot be drawn truthfully: NaN or infinity, a wrong shape, a negative count.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from circuits.errors import InputError
from circuits.units import Seconds
from snn.report.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PALE,
    PURPLE,
    VERMILION,
    WIDTH_INCH,
    finite,
    headline,
    literal,
    new_figure,
    plain_axes,
    positive,
)

COLUMNS = 4000  # a longer waveform is drawn as its envelope: a page has fewer pixels than this


@runtime_checkable
class Epoch(Protocol):
    """What is drawn of a `snn.training.checkpoint.EpochRecord`, without importing torch for it."""

    epoch: int
    loss: float
    validation_loss: float
    validation_accuracy: float


def figure_raster(
    waveform: np.ndarray, sample_rate: int, spikes: dict[str, np.ndarray], dt: Seconds, title: str
) -> Figure:
    """The waveform, and below it one raster per population, over the same time.

    Args:  waveform: (time,).   sample_rate: samples per second.   spikes: by population, (step, neuron), nonzero
    where a neuron fires; step k is drawn at k dt.   dt: length of a step (s).
    """
    sound = finite(waveform, "waveform", 1)
    rate, step = positive(sample_rate, "sample_rate"), positive(dt, "dt")
    trains = {name: finite(train, f"spikes of {name!r}", 2) for name, train in spikes.items()}
    tall = [1.2] + [float(np.clip(train.shape[1] / 64, 0.9, 2.2)) for train in trains.values()]
    figure = new_figure(min(sum(tall) + 1.0, 60))
    panels = figure.subplots(len(tall), 1, sharex=True, squeeze=False, height_ratios=tall)[:, 0]
    _draw_waveform(plain_axes(panels[0], "x"), sound, rate)
    colours = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
    for index, (name, train) in enumerate(trains.items()):
        axes = plain_axes(panels[index + 1], "x")
        _draw_raster(axes, train, step, colours[index % len(colours)], 72 * tall[index + 1])
        axes.set_ylabel(f"{literal(name, 18)}\nn = {train.shape[1]}", rotation=0, ha="right", va="center", fontsize=10)
    end = max([len(sound) / rate] + [len(train) * step for train in trains.values()])
    panels[-1].set_xlim(0, end or step)
    panels[-1].set_xlabel("time (s)", fontsize=10)
    figure.align_ylabels(panels)
    headline(figure, title)
    return figure


def _draw_waveform(axes: Axes, sound: np.ndarray, rate: float) -> None:
    """The samples themselves, or least and greatest of each column where they outnumber the pixels."""
    if len(sound) <= COLUMNS:
        axes.plot(np.arange(len(sound)) / rate, sound, color=BLACK, linewidth=0.6)
    else:
        starts = np.linspace(0, len(sound), COLUMNS, endpoint=False).astype(int)
        low, high = np.minimum.reduceat(sound, starts), np.maximum.reduceat(sound, starts)
        axes.fill_between(starts / rate, low, high, color=BLACK, linewidth=0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("waveform", rotation=0, ha="right", va="center", fontsize=10)


def _draw_raster(axes: Axes, train: np.ndarray, dt: Seconds, colour: str, height_point: float) -> None:
    """One mark per spike, as tall as its neuron's row."""
    steps, neurons = np.nonzero(train)
    size = float(np.clip(0.9 * height_point / max(train.shape[1], 1), 1.5, 9))
    many = len(steps) > 20_000  # a vector file would grow by a path per spike
    axes.plot(steps * dt, neurons, "|", color=colour, markersize=size, markeredgewidth=0.9, rasterized=many)
    axes.set_ylim(-0.5, max(train.shape[1], 1) - 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))


def figure_confusion(confusion: np.ndarray, labels: Sequence[str], title: str) -> Figure:
    """Confusion matrix: the colour is the share of the true word's clips, the number counts them; blank is zero.

    Args:  confusion: clips, (true, predicted).   labels: one name per row. A word without clips has a grey row.
    """
    counts = finite(confusion, "confusion", 2)
    n_labels = len(labels)
    if not n_labels or counts.shape != (n_labels, n_labels):
        raise InputError(f"confusion has shape {counts.shape} for {n_labels} labels; expected one row and column each")
    if np.any(counts < 0) or np.any(counts % 1):
        odd = counts[(counts < 0) | (counts % 1 > 0)][0]
        raise InputError(f"confusion counts clips, got {odd:g}; pass whole numbers, zero or more")
    clips = counts.sum(1, keepdims=True)
    share = np.divide(counts, clips, out=np.full_like(counts, np.nan), where=clips > 0)
    names = [literal(label, 24) for label in labels]
    longest = max(map(len, names))
    room = 3.4 + 0.12 * longest  # inch: a title, a name and still a matrix
    side = min(max(min(4 + 0.4 * n_labels, WIDTH_INCH), 0.29 * n_labels + 1, room), 40.0)
    cell_point = 72 * (0.9 * side - 0.085 * longest - 0.95) / n_labels  # names and colour bar taken off the width
    figure = new_figure(0.9 * side, side)
    axes = figure.subplots()
    image = axes.imshow(np.ma.masked_invalid(share), cmap="Blues", vmin=0, vmax=1)
    axes.set_facecolor(PALE)
    _write_counts(axes, counts, share, cell_point)
    _label_matrix(axes, names, min(10.0, 0.8 * cell_point))
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.02, format=PercentFormatter(1, 0, " %"))
    bar.set_label("share of the true word's clips", fontsize=10)
    bar.outline.set_visible(False)
    total, right = counts.sum(), np.trace(counts)
    share_right = f", {100 * right / total:.1f} %" if total else ""
    headline(figure, title, f"{right:.0f} of {total:.0f} clips right{share_right}")
    return figure


def _write_counts(axes: Axes, counts: np.ndarray, share: np.ndarray, cell_point: float) -> None:
    """Counts that fit their cells, light on dark and dark on light; none beyond 60 words, too small to read."""
    if len(counts) > 60:
        return
    size = min(1.35 * cell_point / max(len(f"{counts.max():.0f}"), 2), 12)  # a digit is 0.64 of its size wide
    for true, predicted in np.argwhere(counts > 0):
        colour = "white" if share[true, predicted] > 0.5 else BLACK
        count = f"{counts[true, predicted]:.0f}"
        axes.text(predicted, true, count, ha="center", va="center", fontsize=size, color=colour)


def _label_matrix(axes: Axes, names: list[str], size: float) -> None:
    """Names along both sides, turned where they would touch, and cells parted by white lines."""
    crowded = len(names) * (max(map(len, names)) + 2) > 60  # characters that fit side by side
    places = np.arange(len(names))
    axes.set_yticks(places, names)
    axes.set_xticks(places, names, rotation=90 if crowded else 0)
    axes.set_xlabel("predicted", fontsize=10)
    axes.set_ylabel("true", fontsize=10)
    axes.set_xticks(places[1:] - 0.5, minor=True)
    axes.set_yticks(places[1:] - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.8)
    axes.tick_params(which="both", length=0, labelsize=size)
    axes.spines[:].set_visible(False)


def figure_history(history: Sequence[Epoch]) -> Figure:
    """Loss of training and validation, and validation accuracy with its best epoch marked, one point an epoch."""
    if not history:
        raise InputError("history has no epochs; train for at least one before drawing it")
    epoch = [row.epoch for row in history]
    loss, validation, accuracy = (
        finite([getattr(row, name) for row in history], name, 1)
        for name in ("loss", "validation_loss", "validation_accuracy")
    )
    figure = new_figure(3.6)
    left, right = (plain_axes(axes, "y") for axes in figure.subplots(1, 2))
    dots = {"marker": "o", "markersize": 4 if len(epoch) < 40 else 0, "linewidth": 2}
    left.plot(epoch, loss, color=BLUE, label="training", **dots)
    left.plot(epoch, validation, color=ORANGE, label="validation", **dots)
    left.legend(frameon=False, fontsize=9.5)
    left.set_ylabel("loss", fontsize=10)
    right.plot(epoch, accuracy, color=GREEN, **dots)
    right.set_ylabel("validation accuracy", fontsize=10)
    right.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    best = int(np.argmax(accuracy))
    right.plot(epoch[best], accuracy[best], "o", color=VERMILION, markersize=8, markeredgecolor="white", zorder=5)
    for axes in (left, right):
        axes.set_xlabel("epoch", fontsize=10)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    headline(figure, "Training", f"best validation accuracy {100 * accuracy[best]:.1f} %, in epoch {epoch[best]}")
    return figure
