"""Figure of the field of chips: performance over power, with lines of equal efficiency.

Data in, a matplotlib Figure out; `snn.report.pictures` writes it.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from circuits.errors import InputError
from circuits.literature.field_of_chips import (
    GOAL_TOPS_PER_W,
    LISTENING_POWER,
    MAC,
    RECORD,
    SILICON_BOUNDARIES,
    FieldPoint,
    FieldRow,
)
from circuits.units import si
from snn.report.comparison_figures import LABEL, OURS, name_dots
from snn.report.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PURPLE,
    headline,
    literal,
    new_figure,
    plain_axes,
    positive,
    si_axis,
    unknown_glyphs_as_boxes,
)

COLOURS = dict(zip(SILICON_BOUNDARIES, (ORANGE, GREEN, BLUE, PURPLE, GREY), strict=True))
POWER, PERFORMANCE = (1e-7, 1e2), (1e6, 1e16)  # W, operations per second: of all that is published; ours may widen it
EQUAL = 10.0 ** np.arange(-2, 4)  # TOPS/W
DASHES, UNSAID = (0, (6, 3)), (0, (2, 1))
STRETCH = 0.45  # of a line of efficiency, decades of power on both sides of its middle
APART = 1.6  # efficiencies closer than this factor have their lines side by side
SIDE = 3.4 * STRETCH  # decades of power from one to the next of those


def figure_field(rows: Sequence[FieldRow], ours: Sequence[FieldPoint] = ()) -> Figure:
    """Every chip whose performance and power belong together as a dot, a known efficiency alone as a stretch of its
    line, a known performance or power alone as a mark at the edge; ours as stars.

    Raises: InputError without a row, or for a place of ours that is no positive number.
    """
    if not rows:
        raise InputError("no chip to draw; give the rows of load_field()")
    figure = new_figure(9.0)
    axes = plain_axes(figure.subplots(), "x")
    axes.set(xscale="log", yscale="log", **_limits(ours))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    _draw_lines(axes, rows)
    names = _draw_points(axes, rows, ours) | _draw_stretches(axes, rows) | _draw_edges(axes, rows)
    si_axis(axes.xaxis, "power", "W")
    axes.set_ylabel("performance (operations per second, two a MAC)", fontsize=10)
    _words(figure, rows, bool(ours))
    with unknown_glyphs_as_boxes():
        name_dots(axes, names)
        figure.draw_without_rendering()  # only then the slope of a line is known
        _name_lines(axes, rows)
    return figure


def _limits(ours: Sequence[FieldPoint]) -> dict[str, tuple[float, float]]:
    """The frame, wide enough for ours with a decade to spare, and below it for the names of the lines."""
    power = [positive(one.power_w, f"power of {one.name}") for one in ours]
    rate = [positive(one.performance_ops, f"performance of {one.name}") for one in ours]
    return {
        "xlim": (min([POWER[0], *(p / 100 for p in power)]), max([POWER[1], *(p * 10 for p in power)])),
        "ylim": (min([PERFORMANCE[0], *(r / 100 for r in rate)]), max([PERFORMANCE[1], *(r * 10 for r in rate)])),
    }


def _lines(rows: Sequence[FieldRow]) -> Iterator[tuple[float, str, str, object]]:
    """Efficiency (TOPS/W), name, colour and dashes of each line: equal ones, the record and the goal."""
    for efficiency in EQUAL:
        yield efficiency, f"{efficiency:,g} TOPS/W", PALE, "-"
    for row in rows:
        if row.name == RECORD and row.efficiency is not None:
            said = f"record {row.year}: {row.name}, {row.efficiency:,g} TOPS/W"
            yield row.efficiency, said, COLOURS[row.boundary], DASHES
    yield GOAL_TOPS_PER_W, f"goal: {GOAL_TOPS_PER_W:,g} TOPS/W", OURS, DASHES


def _draw_lines(axes: Axes, rows: Sequence[FieldRow]) -> None:
    """Lines of efficiency across the frame, and the power of a device that listens all day."""
    power = np.array(axes.get_xlim())
    for efficiency, _, colour, dashes in _lines(rows):
        width = 0.9 if colour == PALE else 1.2
        axes.plot(power, efficiency * 1e12 * power, color=colour, linewidth=width, linestyle=dashes, zorder=1)
    axes.axvline(LISTENING_POWER, color=GREY, linewidth=0.9, linestyle=":")
    top = axes.get_ylim()[1]
    axes.annotate(si(LISTENING_POWER, "W"), (LISTENING_POWER, top), (3, -3), color=GREY, va="top", **LABEL)


def _name_lines(axes: Axes, rows: Sequence[FieldRow]) -> None:
    """Each along its line, where that enters the frame."""
    (power, _), (least, _), slope = axes.get_xlim(), axes.get_ylim(), _slope(axes)
    along, above = np.array((np.cos(slope), np.sin(slope))), np.array((-np.sin(slope), np.cos(slope)))
    for efficiency, name, colour, _ in _lines(rows):
        start = max(power, least / (efficiency * 1e12))
        axes.annotate(
            literal(name), (start, start * efficiency * 1e12), 8 * along + 3 * above, textcoords="offset points",
            color=GREY if colour == PALE else colour, fontsize=7.5, rotation=np.degrees(slope), rotation_mode="anchor",
        ).set_in_layout(False)  # fmt: skip


def _slope(axes: Axes) -> float:
    """Angle (rad) of a line of equal efficiency, from the frame's own proportions."""
    box = axes.get_window_extent()
    decades = [np.log10(high / low) for low, high in (axes.get_xlim(), axes.get_ylim())]
    return float(np.arctan2(box.height / decades[1], box.width / decades[0]))


def _draw_points(axes: Axes, rows: Sequence[FieldRow], ours: Sequence[FieldPoint]) -> dict[str, tuple[float, float]]:
    """A round dot counts MACs, a triangle synaptic operations; a ring does not say how many operations a MAC is."""
    names = {}
    for row in rows:
        if (place := row.point) is None:
            continue
        colour, said = COLOURS[row.boundary], row.operation != MAC or row.ops_per_mac is not None
        _mark(axes, place, "o" if row.operation == MAC else "^", colour, colour if said else "white")
        names[_label(row)] = (place.power_w, place.performance_ops)
    for place in ours:
        _mark(axes, place, "*", OURS, OURS, 14.0)
        names[f"{place.name} ({place.boundary})"] = (place.power_w, place.performance_ops)
    return names


def _mark(axes: Axes, place: FieldPoint, shape: str, edge: str, face: str, size: float = 8.0) -> None:
    axes.plot([place.power_w], [place.performance_ops], shape, markersize=size, markerfacecolor=face,
              markeredgecolor=edge, zorder=5)  # fmt: skip


def _label(row: FieldRow) -> str:
    return f"{row.name}, {row.year}"


def _said(row: FieldRow) -> str:
    """An efficiency alone, normalised, and what the source has where that is something else."""
    if row.ops_per_mac is None:
        return f"{_label(row)}: {row.efficiency:,g}"
    apart = f" ({row.efficiency:,g} at {row.ops_per_mac} a MAC)" if row.factor != 1 else ""
    return f"{_label(row)}: {row.normalised:,g}{apart}"


def _draw_stretches(axes: Axes, rows: Sequence[FieldRow]) -> dict[str, tuple[float, float]]:
    """Efficiency alone: a stretch of its line, dashed where the source does not say what it counts.

    The record has a whole line.
    """
    names = {}
    for row, middle in _middles([row for row in rows if _is_stretch(row)]):
        efficiency = 1e12 * (row.normalised or row.efficiency)
        power = middle * 10.0 ** np.array([-STRETCH, STRETCH])
        dashes = UNSAID if row.ops_per_mac is None else "-"
        axes.plot(power, efficiency * power, color=COLOURS[row.boundary], linewidth=3, linestyle=dashes, zorder=4)
        names[_said(row)] = (power[1], efficiency * power[1])
    return names


def _middles(rows: Sequence[FieldRow]) -> Iterator[tuple[FieldRow, float]]:
    """Each with the power (W) at its middle, which means nothing: close efficiencies have theirs side by side."""
    ordered = sorted(rows, key=lambda row: row.normalised or row.efficiency)
    place = 0
    for before, row in pairwise([None, *ordered]):
        close = before is not None and (row.normalised or row.efficiency) < APART * (
            before.normalised or before.efficiency
        )
        place = place + 1 if close else 0
        yield row, LISTENING_POWER * 10.0 ** (SIDE * (place + 0.5))


def _draw_edges(axes: Axes, rows: Sequence[FieldRow]) -> dict[str, tuple[float, float]]:
    """A performance alone at the right edge, a power alone at the lower one."""
    (_, most_power), (least, _), names = axes.get_xlim(), axes.get_ylim(), {}
    for row in rows:
        if row.point is not None or row.efficiency is not None:
            continue
        if row.performance_ops is not None:
            place, shape, lift = (most_power, row.performance_ops * (row.factor or 1.0)), "<", 1.0
        elif row.power_w is not None:
            place, shape, lift = (row.power_w, least), "v", 2.0  # the name above the axis
        else:
            continue
        axes.plot([place[0]], [place[1]], shape, color=COLOURS[row.boundary], markersize=9, clip_on=False, zorder=6)
        names[_label(row)] = (place[0], place[1] * lift)
    return names


def _words(figure: Figure, rows: Sequence[FieldRow], with_ours: bool) -> None:
    def dot(label: str, colour: str, shape: str = "o", face: str | None = None) -> Line2D:
        return Line2D([], [], color=colour, marker=shape, linestyle="", markerfacecolor=face or colour, label=label)

    used = [boundary for boundary in COLOURS if any(row.boundary == boundary for row in rows)]
    keys = [dot(f"boundary: {boundary}", COLOURS[boundary]) for boundary in used]
    keys += [
        dot("synaptic operations, one each", GREY, "^"),
        Line2D([], [], color=GREY, linewidth=3, label="efficiency alone, at no known power"),
        dot("at an edge: no power for it, or no performance", GREY, "<"),
    ]
    if any(_is_stretch(row) and row.ops_per_mac is None for row in rows):
        keys.append(Line2D([], [], color=GREY, linewidth=3, linestyle=UNSAID, label="operations a MAC not stated"))
    keys += [dot("ours, model", OURS, "*")] if with_ours else []
    figure.legend(handles=keys, frameon=False, fontsize=8.5, loc="outside lower center", ncols=3)
    nowhere = [row.name for row in rows if row.point is None and _figureless(row)]
    left_out = f"; not drawn, no figure found: {', '.join(map(literal, nowhere))}" if nowhere else ""
    unsaid = any(row.name == RECORD and row.ops_per_mac is None for row in rows)
    record = "; what the record counts as an operation is not stated" if unsaid else ""
    headline(figure, "Performance and power of published chips", f"upper left is better{record}{left_out}")


def _is_stretch(row: FieldRow) -> bool:
    return row.point is None and row.efficiency is not None and row.name != RECORD


def _figureless(row: FieldRow) -> bool:
    return row.efficiency is None and row.performance_ops is None and row.power_w is None
