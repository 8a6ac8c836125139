"""Quantities of very different size one below the other: a dot on a logarithmic axis, its name above, its value beside.

Places are in percent, so that the letters stay as large on a phone as on a desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from snn.report.page.canvas import Decades, decades_of, drawing, short, tick_name
from snn.report.page.markup import Html, element
from snn.report.page.quantities import quantity_of

ROW, TOP, FOOT = 40.0, 6.0, 26.0  # pixels
NEAR_END = 0.88  # from here on a tick's name ends at its tick


@dataclass(frozen=True)
class Dot:
    """hollow: not measured; ours: a star in the accent."""

    name: str
    value: float
    note: str = ""
    hollow: bool = False
    ours: bool = False


def log_dots(title: str, description: str, dots: Sequence[Dot], unit: str) -> Html:
    """All dots on one axis. Needs one dot at least, of positive values."""
    axis, height = decades_of([dot.value for dot in dots]), TOP + ROW * len(dots)
    grid = (_tick(axis, tick, unit, height) for tick in axis.ticks(5))
    rows = (_row(axis, dot, unit, TOP + ROW * index) for index, dot in enumerate(dots))
    return drawing(title, description, grid, rows, height=height + FOOT, class_="dots")


def _tick(axis: Decades, value: float, unit: str, height: float) -> Html:
    x, share = axis.percent(value), axis.share(value)
    anchor = "start" if share < 1 - NEAR_END else "end" if share > NEAR_END else "middle"
    return element(
        "g",
        element("line", x1=x, x2=x, y1=short(TOP), y2=short(height), class_="grid"),
        element("text", tick_name(value, unit), x=x, y=short(height + 18), text_anchor=anchor, class_="tick"),
    )


def _row(axis: Decades, dot: Dot, unit: str, top: float) -> Html:
    x, y = axis.percent(dot.value), top + 30
    said = f"{dot.name}: {quantity_of(dot.value, unit)}{', ' + dot.note if dot.note else ''}"
    note = element("tspan", f"  {dot.note}", class_="note") if dot.note else None
    return element(
        "g",
        element("title", said),
        element("line", x1="0", x2=x, y1=short(y), y2=short(y), class_="stem"),
        _mark(x, y, dot),
        element("text", dot.name, note, x="0", y=short(top + 17), class_="name"),
        element("text", quantity_of(dot.value, unit), x="100%", y=short(top + 17), text_anchor="end", class_="value"),
        class_="ours" if dot.ours else None,
    )


def _mark(x: str, y: float, dot: Dot) -> Html:
    if dot.ours:  # a diamond, in an svg of its own since paths know no percent
        shape = element("path", d="M0 -7L7 0L0 7L-7 0Z", class_="dot")
        return element("svg", shape, x=x, y=short(y), overflow="visible", width="1", height="1")
    return element("circle", cx=x, cy=short(y), r="5", class_="dot hollow" if dot.hollow else "dot")
