"""Figures of the comparison with published neurons: energy per spike, and energy against area.

Data in, a matplotlib Figure out; `snn.report.pictures` writes it. Text from outside is shown literally.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import StrMethodFormatter
from matplotlib.transforms import Bbox

from circuits.errors import InputError
from circuits.literature.compare import OWN_AREA_F2, ComparisonRow
from circuits.units import Joules, si
from snn.report.style import (
    BLUE,
    GREY,
    SKY,
    VERMILION,
    bare_axes,
    headline,
    literal,
    new_figure,
    plain_axes,
    positive,
    si_axis,
    unknown_glyphs_as_boxes,
)
from snn.studies.one_neuron import NeuronComparison

OURS = VERMILION
OWN_NAME = "this BTBT neuron, model"
SIMULATED = "////"  # hatch
PLACES = (  # of a name beside its dot: offset in points and alignment, tried in this order
    ((8, 0), "left", "center"), ((-5, 8), "left", "bottom"), ((-5, -8), "left", "top"), ((-8, 0), "right", "center"),
    ((-5, 22), "left", "bottom"), ((-5, -22), "left", "top"),
)  # fmt: skip
LABEL = {"textcoords": "offset points", "fontsize": 8.5, "bbox": {"color": "white", "alpha": 0.8, "pad": 0.5}}


def figure_comparison(rows: Sequence[ComparisonRow], energy_per_spike_j: Joules) -> Figure:
    """Energy per spike of published neurons of one scope, least on top, ours among them where it pays for the same.

    Measured silicon is solid, simulation hatched; ours is simulated. Raises: InputError for a mixture of scopes.
    """
    scopes = {row.scope for row in rows} or {"neuron"}
    if len(scopes) > 1:
        raise InputError(f"rows mix the scopes {', '.join(sorted(scopes))}; draw one: compare(..., scope=...)")
    scope, own = scopes.pop(), positive(energy_per_spike_j, "energy_per_spike_j")
    bars = [(f"{row.name}, {row.year}", row.energy_per_spike_j, row.measured, SKY) for row in rows]
    bars += [(OWN_NAME, own, False, OURS)] if scope == "neuron" else []
    bars.sort(key=lambda bar: positive(bar[1], f"energy_per_spike_j of {bar[0]}"))
    figure = new_figure(1.7 + 0.3 * len(bars))
    axes = figure.subplots()
    _draw_log_bars(axes, bars)
    kinds = (("measured", None), ("simulated, or not stated", SIMULATED))
    keys = [Patch(facecolor=GREY, edgecolor="white", linewidth=0, hatch=hatch, label=name) for name, hatch in kinds]
    figure.legend(handles=keys, frameon=False, fontsize=9.5, loc="outside lower right", ncols=2)
    apart = f"ours ({si(own, 'J')}) is left out: a bare neuron, while these figures pay for a whole {scope}"
    headline(figure, f"Energy per spike of one {scope}", "" if scope == "neuron" else apart)
    return figure


def _draw_log_bars(axes: Axes, bars: list[tuple[str, Joules, bool, str]]) -> None:
    """Bars of (name, joules, measured, colour) on a logarithmic axis, each with its value."""
    values = np.array([joules for _, joules, _, _ in bars])
    floor = 10.0 ** (np.floor(np.log10(values.min())) - 1)
    drawn = axes.barh(range(len(bars)), values - floor, left=floor, height=0.7)
    for patch, (_, _, measured, colour) in zip(drawn, bars, strict=True):
        patch.set(facecolor=colour, edgecolor="white", linewidth=0, hatch=None if measured else SIMULATED)
    for place, joules in enumerate(values):
        axes.annotate(si(joules, "J"), (joules, place), (5, 0), textcoords="offset points", va="center", fontsize=9.5)
    axes.set_yticks(range(len(bars)), [literal(name, 40) for name, *_ in bars])
    for label, (*_, colour) in zip(axes.get_yticklabels(), bars, strict=True):
        label.set(color=colour, weight="bold") if colour == OURS else None
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.set_xlim(floor, values.max() * (values.max() / floor) ** 0.15)
    si_axis(bare_axes(axes).xaxis, "energy per spike", "J")


def figure_energy_area(
    rows: Sequence[ComparisonRow], energy_per_spike_j: Joules, area_f2: float = OWN_AREA_F2
) -> Figure:
    """Energy per spike over area in squares of the node, both logarithmic; lower left is better.

    Measured silicon is a full dot, simulation a ring; ours, a model, is the ring that the lines of equal energy and
    equal area cross. Bare neurons of known area only. Raises: InputError for none of them, or for another scope.
    """
    own, own_area = positive(energy_per_spike_j, "energy_per_spike_j"), positive(area_f2, "area_f2")
    sized = [row for row in rows if row.scope == "neuron" and row.area_f2 is not None]
    if not sized:
        raise InputError("no bare neuron of known area and node among the rows; draw figure_comparison")
    figure = new_figure(4.6)
    axes = plain_axes(figure.subplots())
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(own, color=OURS, linewidth=0.8, linestyle="--")
    axes.axvline(own_area, color=OURS, linewidth=0.8, linestyle="--")
    dots = {OWN_NAME: (own_area, own)}
    _dot(axes, own_area, own, False, OURS)
    for row in sized:
        energy = positive(row.energy_per_spike_j, f"energy_per_spike_j of {row.name}")
        place = positive(row.area_f2, f"area_f2 of {row.name}"), energy
        dots[f"{row.name}, {row.year}"] = place
        _dot(axes, *place, row.measured)
    axes.margins(x=0.2, y=0.08)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))
    axes.set_xlabel("area (squares of the node, F\u00b2)", fontsize=10)
    si_axis(axes.yaxis, "energy per spike", "J")
    left_out = (
        f"; {len(rows) - len(sized)} without a published area or node are left out" if len(rows) > len(sized) else ""
    )
    headline(figure, "Energy per spike against area", f"full: measured; rings: simulated, or not stated{left_out}")
    with unknown_glyphs_as_boxes():
        name_dots(axes, dots)
    return figure


def _dot(axes: Axes, area_f2: float, joules: Joules, measured: bool, colour: str = BLUE) -> None:
    """One neuron, full where it was measured; ours lies on top."""
    face, order = colour if measured else "white", 4 if colour == OURS else 3
    axes.plot([area_f2], [joules], "o", markersize=8, markerfacecolor=face, markeredgecolor=colour, zorder=order)


def name_dots(axes: Axes, dots: dict[str, tuple[float, Joules]]) -> None:
    """Each name beside its dot, at the first of the places where it covers neither another name nor a dot."""
    axes.figure.draw_without_rendering()
    points = axes.transData.transform(list(dots.values()))
    radius = 5 * axes.figure.dpi / 72
    taken = [Bbox.from_extents(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    for name, place in dots.items():
        colour = OURS if name == OWN_NAME else GREY
        for offset, ha, va in PLACES:
            label = axes.annotate(literal(name, 40), place, offset, ha=ha, va=va, color=colour, **LABEL)
            box = label.get_window_extent()
            if not any(box.overlaps(other) for other in taken) or (offset, ha, va) == PLACES[-1]:
                break
            label.remove()
        taken.append(box)


def figure_beside(found: NeuronComparison) -> Figure:
    """A circuit beside published neurons: bare ones against their area, others by their energy alone."""
    if found.scope == "neuron":
        return figure_energy_area(found.rows, found.energy_per_spike, found.area_f2)
    return figure_comparison(found.rows, found.energy_per_spike)
