"""The neuron from transistors, drawn: its nodes through a few periods, and its energy by branch at every corner."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from circuits.transistor.bench import Waves
from circuits.transistor.measure import NeuronFigures
from circuits.units import si
from snn.report.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    VERMILION,
    headline,
    literal,
    new_figure,
    plain_axes,
    si_axis,
)
from snn.studies.transistor_neuron import TransistorStudy

BRANCHES = {"membrane": BLUE, "comparator": ORANGE, "pulse": GREEN, "reset": VERMILION, "leak": GREY}


def figure_transistors(study: TransistorStudy, waves: Waves) -> Figure:
    """Left: membrane, comparator and output through time. Right: energy of a spike at each corner, by branch."""
    figure = new_figure(5.2)
    left, right = figure.subplots(1, 2)
    _draw_waves(plain_axes(left), waves)
    _draw_corners(plain_axes(right, "x"), study.corners)
    figures = study.figures
    title = f"{si(figures.energy.total, 'J')} per spike" if figures.energy else f"silent: {figures.held.branch}"
    spiking = sum(corner.spikes for corner in study.corners)
    at = f"spikes at {spiking} of {len(study.corners)} corners"
    detail = f"{literal(study.cards.name)}, V_DD {figures.v_dd:g} V; {at}"
    headline(figure, f"Neuron from transistors: {title}", detail)
    return figure


def _draw_waves(axes: Axes, waves: Waves) -> None:
    shown = waves.time > 1e-3 * waves.time[-1]  # the jump of a circuit that is let go is no part of it
    for name, label, colour in (("x", "comparator", SKY), ("mem", "membrane", BLUE), ("out", "output", VERMILION)):
        axes.plot(waves.time[shown], waves.node[name][shown], color=colour, linewidth=1.5, label=label)
    si_axis(axes.xaxis, "time", "s")
    si_axis(axes.yaxis, "voltage", "V")
    axes.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0)


def _draw_corners(axes: Axes, corners: tuple[NeuronFigures, ...]) -> None:
    """One stacked bar a corner; one that does not spike has none, and says so."""
    places, start = np.arange(len(corners)), np.zeros(len(corners))
    for branch, colour in BRANCHES.items():
        joules = np.array([one.energy[branch] if one.energy else 0.0 for one in corners])
        axes.barh(places, joules, left=start, color=colour, label=branch)
        start = start + joules
    for place, one in enumerate(corners):
        if not one.spikes:
            axes.annotate(f" silent: {one.held.branch}", (0, place), va="center", fontsize=7.5, color=GREY)
    axes.set_yticks(places, [one.corner.name for one in corners], fontsize=7.5)
    axes.invert_yaxis()
    si_axis(axes.xaxis, "energy per spike", "J")
    axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(-0.3, 1), ncols=3, borderaxespad=0,
                columnspacing=0.8, handlelength=1.0)  # fmt: skip
