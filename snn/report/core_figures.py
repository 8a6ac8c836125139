"""Figure of a core's power against the rate of its spikes: where static power decides, and which neuron wins where.

Data in, a matplotlib Figure out; `snn.report.pictures` writes it.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from circuits.energy.core import CoreLoad, NeuronPower, core_energy
from circuits.errors import InputError
from circuits.literature.core_table import CoreTable
from circuits.units import Hertz, si
from snn.report.comparison_figures import LABEL, OURS, name_dots
from snn.report.style import BLUE, GREEN, GREY, headline, new_figure, plain_axes, si_axis, unknown_glyphs_as_boxes

RATES = np.geomspace(1.0, 1e5, 101)  # Hz, in the time of the speech
ROOM = 300.0  # to the right of the lines, for their names
SIMULATED, GATED = (0, (2, 2)), (0, (6, 2))  # dashes


def figure_core_power(tables: Sequence[CoreTable]) -> Figure:
    """Mean power of the core over the rate of each neuron, logarithmic: ours at every speed, the others in real time.

    A line ends at the highest published rate; one without floor has no published static power.
    Raises: InputError without a table, or where the others pay for more than a neuron.
    """
    if not tables:
        raise InputError("no table to draw; give core_table(...) of at least one acceleration")
    first = tables[0]
    if any(row.neuron.scope != first.ours.neuron.scope for row in first.rows):
        raise InputError("the rows pay for more than the bare neuron; draw core_table(..., scope='neuron')")
    figure = new_figure(5.4)
    axes = plain_axes(figure.subplots())
    axes.set_xscale("log")
    axes.set_yscale("log")
    ends = _draw_others(axes, first)
    for table in tables:
        _draw_ours(axes, table)
    axes.axvline(float(first.load.rates.mean()), color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlim(RATES[0], RATES[-1] * ROOM)
    axes.set_xticks(10.0 ** np.arange(6))
    axes.xaxis.set_minor_locator(NullLocator())
    si_axis(axes.xaxis, "mean rate of a neuron, in the time of the speech", "Hz")
    si_axis(axes.yaxis, f"mean power of {first.load.rates.size} neurons", "W")
    _words(figure, first, len(tables) > 1)
    with unknown_glyphs_as_boxes():
        name_dots(axes, ends)
    return figure


def _draw_others(axes: Axes, table: CoreTable) -> dict[str, tuple[float, float]]:
    """The lines of the others; where those of measured and modelled neurons end."""
    ends = {}
    for row in table.rows:
        neuron = row.neuron
        modelled = neuron.year is None
        colour = GREEN if modelled else BLUE if neuron.measured else GREY
        look = {"linewidth": 1.3, "linestyle": "-"} if neuron.measured else {"linewidth": 0.8, "linestyle": SIMULATED}
        rates, power = _line(neuron, table.load.rates.size)
        axes.plot(rates, power, color=colour, **look)
        if neuron.measured or modelled:
            ends[neuron.name if modelled else f"{neuron.name}, {neuron.year}"] = (rates[-1], power[-1])
    return ends


def _draw_ours(axes: Axes, table: CoreTable) -> None:
    """Our line, with a ring where static power equals dynamic power."""
    neuron, load = table.ours.neuron, table.load
    rates, power = _line(neuron, load.rates.size, load.acceleration)
    axes.plot(rates, power, color=OURS, linewidth=2.2, linestyle="-" if load.acceleration == 1 else GATED, zorder=5)
    even = neuron.static_decides_below(load.acceleration)
    if not RATES[0] <= even <= RATES[-1]:
        return
    at = core_energy(neuron, CoreLoad(np.full(load.rates.size, even), 1.0, load.acceleration)).total
    axes.plot([even], [at], "o", markersize=7, markerfacecolor="white", markeredgecolor=OURS, zorder=6)
    side, gap = ("right", -4) if load.acceleration == 1 else ("left", 4)
    text = f"static decides below {si(even, 'Hz')}"
    axes.annotate(text, (even, at), (gap, -6), ha=side, va="top", color=OURS, zorder=7, **LABEL)


def _line(neuron: NeuronPower, n_neurons: int, acceleration: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Rates (Hz) up to the highest that is published, and the core's mean power (W) at each."""
    highest: Hertz = min((neuron.highest_rate or np.inf) / acceleration, RATES[-1])
    rates = np.append(RATES[highest > RATES], highest)
    loads = (CoreLoad(np.full(n_neurons, rate), 1.0, acceleration) for rate in rates)
    return rates, np.array([core_energy(neuron, load).total for load in loads])


def _words(figure: Figure, table: CoreTable, gated: bool) -> None:
    keys = [
        Line2D([], [], color=OURS, linewidth=2.2, label="ours, in real time"),
        *(
            [Line2D([], [], color=OURS, linewidth=2.2, linestyle=GATED, label="ours, faster, then off")]
            if gated
            else []
        ),
        Line2D([], [], color=BLUE, linewidth=1.3, label="measured"),
        Line2D([], [], color=GREY, linewidth=0.8, linestyle=SIMULATED, label="simulated, or not stated"),
        Line2D([], [], color=GREEN, linewidth=0.8, linestyle=SIMULATED, label="conventional twin, model"),
    ]
    figure.legend(handles=keys, frameon=False, fontsize=9, loc="outside lower center", ncols=3)
    rate = si(float(table.load.rates.mean()), "Hz")
    detail = (
        f"dotted upright: {rate}; rings: static power equals dynamic power; where no static power is published a "
        "line is a lower bound without floor, and it ends at the highest published rate"
    )
    headline(figure, "Power of one core against the rate of its spikes", detail)
