"""Figures of a chip's spread: accuracy and energy over mismatch, temperature, supply and age, calibrated or not.

Data in, a matplotlib Figure out; `snn.report.pictures` writes it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from circuits.errors import InputError
from circuits.units import ZERO_CELSIUS
from snn.report.style import BLUE, GREEN, GREY, PURPLE, VERMILION, finite, headline, new_figure, plain_axes, si_axis
from snn.studies.spread import SpreadRow, SpreadStudy

COLOURS = {"as made": VERMILION, "calibrated": BLUE, "trimmed": GREEN, "retrained": PURPLE}
AXES: dict[str, tuple[str, Callable[[SpreadRow], float]]] = {
    "temperature": ("temperature (°C)", lambda row: row.condition.temperature - ZERO_CELSIUS),
    "supply": ("supply over nominal", lambda row: row.condition.supply),
    "years": ("years of use", lambda row: row.condition.years),
}


def figure_sweep(study: SpreadStudy, sweep: str) -> Figure:
    """Left: accuracy, right: energy of a clip, over "temperature", "supply" or "years".

    Lines are means over the chips, bands reach from the worst chip to the best, the dashed line is the nominal chip.
    Raises: InputError for another sweep, or one that the study lacks.
    """
    if sweep not in AXES:
        raise InputError(f"no picture over {sweep!r}; choose one of {', '.join(AXES)}")
    _rows(study, sweep)
    figure = new_figure(3.9)
    accuracy, energy = (plain_axes(axes) for axes in figure.subplots(1, 2))
    label, place = AXES[sweep]
    for variant, colour in COLOURS.items():
        rows = [row for row in _rows(study, "mismatch", sweep) if row.variant == variant]
        if not rows:
            continue
        rows.sort(key=place)
        at = [place(row) for row in rows]
        _band(accuracy, at, [row.accuracy for row in rows], colour, variant)
        _band(energy, at, [row.energy for row in rows], colour, variant)
    _nominal(study, accuracy.axhline, energy.axhline)
    energy.set_yscale("log")
    accuracy.set_ylim(0, 1.02)
    _accuracy_axis(accuracy.yaxis)
    si_axis(energy.yaxis, "energy of a clip", "J")
    for axes in (accuracy, energy):
        axes.set_xlabel(label, fontsize=10)
    _words(figure, study, f"The chip over {sweep}", "bands: worst to best chip")
    return figure


def figure_mismatch(study: SpreadStudy) -> Figure:
    """Histograms over the chips at nominal temperature, supply and age: accuracy left, energy of a clip right.

    Raises: InputError for a study without that row.
    """
    rows = _rows(study, "mismatch")
    figure = new_figure(3.9)
    accuracy, energy = (plain_axes(axes, "y") for axes in figure.subplots(1, 2))
    _histogram(accuracy, rows, [row.accuracy for row in rows])
    _histogram(energy, rows, [row.energy for row in rows])
    _nominal(study, accuracy.axvline, energy.axvline)
    _accuracy_axis(accuracy.xaxis)
    accuracy.xaxis.set_major_locator(MaxNLocator(5))
    energy.xaxis.set_major_locator(MaxNLocator(5))
    si_axis(energy.xaxis, "energy of a clip", "J")
    accuracy.set_ylabel("chips", fontsize=10)
    _words(figure, study, "Mismatch from chip to chip", "300 K, nominal supply, new")
    return figure


def _rows(study: SpreadStudy, *sweeps: str) -> list[SpreadRow]:
    """The rows of some sweeps. Raises: InputError where there are none."""
    rows = [row for row in study.rows if row.sweep in sweeps]
    if not rows:
        raise InputError(f"the study holds no row of {' or '.join(sweeps)}; nothing can be drawn")
    return rows


def _band(axes: Axes, at: Sequence[float], values: Sequence[np.ndarray], colour: str, variant: str) -> None:
    chips = finite(values, variant, 2)
    axes.plot(at, chips.mean(axis=1), "o-", color=colour, linewidth=2, markersize=4.5, label=variant)
    axes.fill_between(at, chips.min(axis=1), chips.max(axis=1), color=colour, alpha=0.15, linewidth=0)


def _histogram(axes: Axes, rows: Sequence[SpreadRow], values: Sequence[np.ndarray]) -> None:
    colours = [COLOURS[row.variant] for row in rows]
    edges = np.histogram_bin_edges(finite(values, "chips", 2), 8)
    axes.hist(list(values), bins=edges, color=colours, label=[row.variant for row in rows])
    axes.yaxis.get_major_locator().set_params(integer=True)


def _nominal(study: SpreadStudy, accuracy: Callable, energy: Callable) -> None:
    """Dashed lines at the typical chip."""
    row, look = _rows(study, "nominal")[0], {"color": GREY, "linewidth": 1, "linestyle": "--"}
    accuracy(float(row.accuracy[0]), label="typical chip at nominal", **look)
    energy(float(row.energy[0]), **look)


def _accuracy_axis(axis: Axis) -> None:
    axis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axis.set_label_text("accuracy", fontsize=10)


def _words(figure: Figure, study: SpreadStudy, title: str, detail: str) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=9, loc="outside lower center", ncols=len(labels))
    counts = f"{study.config.n_chips} chips with mismatch, {study.n_clips} clips each"
    readout = f"; retrained: readout fitted on each chip at 300 K, {study.n_train} clips" if study.n_train else ""
    headline(figure, title, f"{counts}; {detail}; leak {study.config.leak}{readout}")
