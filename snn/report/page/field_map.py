"""Chips by power and performance: published ones by boundary, each with a shape of its own, and ours as stars.

Drawn twice: with names where there is room, with the numbers of the table below where there is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from circuits.literature.field_of_chips import (
    GOAL_TOPS_PER_W,
    MAC,
    SILICON_BOUNDARIES,
    FieldPoint,
    FieldRow,
)
from snn.report.page.canvas import Decades, decades_of, drawing, short, tick_name
from snn.report.page.markup import Html, element

SHAPES = (  # of each boundary, around 0 0
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z", "M-4.5 -4.5H4.5V4.5H-4.5Z", "M0 -6L6 0L0 6L-6 0Z", "M0 -6L5.5 4H-5.5Z",
    "M-1.6 -5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z",
)  # fmt: skip
STAR = "M0 -8L2 -2.7L7.6 -2.5L3.2 1L4.7 6.5L0 3.4L-4.7 6.5L-3.2 1L-7.6 -2.5L-2 -2.7Z"
EQUAL = tuple(10.0**n for n in range(-2, 4))  # TOPS/W
LETTER, BOLD, LINE = 6.3, 7.3, 12.0  # pixels: an average letter, one of ours, and the height of a name
ROOM = ((9, 4), (-9, 4), (0, -10), (0, 18), (9, -8), (9, 16), (-9, -8), (-9, 16), (0, -22), (0, 30))  # of a name


@dataclass(frozen=True)
class Place:
    """A point of the field with its number in the table."""

    number: int
    name: str
    at: FieldPoint
    ours: bool


def places(rows: Sequence[FieldRow], ours: Sequence[FieldPoint]) -> list[Place]:
    """Ours first, then every published chip whose performance and power belong together."""
    published = [(f"{row.name}, {row.year}", row.point) for row in rows if row.point is not None]
    known = [(one.name, one, True) for one in ours] + [(name, point, False) for name, point in published if point]
    return [Place(number, name, at, own) for number, (name, at, own) in enumerate(known, 1)]


def field_map(found: Sequence[Place], *, named: bool) -> Html:
    """The map, wide with names or narrow with numbers."""
    width, height, left, foot = (960.0, 620.0, 62.0, 50.0) if named else (340.0, 400.0, 50.0, 44.0)
    x = decades_of([place.at.power_w for place in found])
    y = decades_of([place.at.performance_ops for place in found])
    frame = _Frame(x, y, left, width - 14, height - foot, 14.0)
    title = "Performance and power of chips"
    said = f"{len(found)} chips; performance in operations per second, two a multiply-accumulate, over power"
    parts = (_axes(frame, named), _lines(frame), _points(frame, found, named))
    return drawing(title, said, parts, size=(width, height), class_=f"field {'wide' if named else 'narrow'}")


@dataclass(frozen=True)
class _Frame:
    power: Decades
    rate: Decades
    left: float
    right: float
    bottom: float
    top: float

    def x(self, power: float) -> float:
        return self.left + (self.right - self.left) * self.power.share(power)

    def y(self, rate: float) -> float:
        return self.bottom - (self.bottom - self.top) * self.rate.share(rate)


def _axes(frame: _Frame, named: bool) -> Html:
    marks = []
    for value in frame.power.ticks(9 if named else 4):
        at = short(frame.x(value))
        marks.append(element("line", x1=at, x2=at, y1=short(frame.top), y2=short(frame.bottom), class_="grid"))
        marks.append(element("text", tick_name(value, "W"), x=at, y=short(frame.bottom + 18), text_anchor="middle",
                             class_="tick"))  # fmt: skip
    for value in frame.rate.ticks(9 if named else 6):
        at = short(frame.y(value))
        marks.append(element("line", x1=short(frame.left), x2=short(frame.right), y1=at, y2=at, class_="grid"))
        marks.append(element("text", _rate(value), x=short(frame.left - 8), y=short(frame.y(value) + 4),
                             text_anchor="end", class_="tick"))  # fmt: skip
    below = element("text", "power", x=short(frame.right), y=short(frame.bottom + 38), text_anchor="end", class_="tick")
    return element("g", marks, below)


def _rate(value: float) -> str:
    prefixes = ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
    factor, prefix = next(((f, p) for f, p in prefixes if value >= 0.999 * f), (1.0, ""))
    return f"{value / factor:g} {prefix}OPS"


def _lines(frame: _Frame) -> Html:
    """Equal efficiency, clipped to the frame; the press goal in dashes."""
    drawn = [_line(frame, tops, f"{tops:,g} TOPS/W", "equal") for tops in EQUAL]
    return element("g", drawn, _line(frame, GOAL_TOPS_PER_W, f"goal {GOAL_TOPS_PER_W:,.0f} TOPS/W", "goal"))


def _line(frame: _Frame, tops: float, name: str, kind: str) -> Html | None:
    slope = tops * 1e12  # operations per joule
    low = max(10.0**frame.power.low, 10.0**frame.rate.low / slope)
    high = min(10.0**frame.power.high, 10.0**frame.rate.high / slope)
    if low >= high:
        return None
    ends = {"x1": short(frame.x(low)), "y1": short(frame.y(low * slope)), "x2": short(frame.x(high)),
            "y2": short(frame.y(high * slope))}  # fmt: skip
    return element(
        "g", element("title", name), element("line", class_=kind, **ends), _line_name(frame, (low, high), slope, name)
    )


def _line_name(frame: _Frame, ends: tuple[float, float], slope: float, name: str) -> Html | None:
    """At the upper end of its line, the goal at the lower; on a wide map alone."""
    if frame.right < 500:
        return None
    low, high = ends
    x, y = frame.x(high), frame.y(high * slope)
    inside = {"x": short(x - 6), "y": short(y + 12), "text_anchor": "end"}
    if name.startswith("goal"):
        inside = {"x": short(frame.x(low) + 26), "y": short(frame.y(low * slope) - 8), "text_anchor": "start"}
    return element("text", name, class_="along", **inside)


def _points(frame: _Frame, found: Sequence[Place], named: bool) -> Html:
    taken = [_Box(frame.x(p.at.power_w) - 6, frame.y(p.at.performance_ops) - 6, 12.0, 12.0) for p in found]
    marks, names = [], []
    for place in found:
        x, y = frame.x(place.at.power_w), frame.y(place.at.performance_ops)
        marks.append(element("g", element("title", f"{place.number}. {place.name}, {place.at.boundary}"),
                             point_mark(place.at, place.ours, x, y)))  # fmt: skip
        text = place.name if named else str(place.number)
        names.append(_name(frame, text, x, y, taken, place.ours))
    return element("g", marks, names)


def point_mark(at: FieldPoint, ours: bool, x: float, y: float) -> Html:
    """Its shape by boundary; hollow where it counts synaptic operations."""
    order = list(SILICON_BOUNDARIES)
    index = order.index(at.boundary) if at.boundary in order else len(order) - 1
    classes = f"mark k{index}{'' if at.operation == MAC else ' hollow'}{' ours' if ours else ''}"
    path = STAR if ours else SHAPES[index]
    return element("path", d=path, transform=f"translate({short(x)} {short(y)})", class_=classes)


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "_Box") -> bool:
        return (self.x < other.x + other.width and other.x < self.x + self.width
                and self.y < other.y + other.height and other.y < self.y + self.height)  # fmt: skip


def _name(frame: _Frame, text: str, x: float, y: float, taken: list[_Box], ours: bool) -> Html:
    """Where it meets no other and stays within the frame; else beside its point all the same."""
    width = (BOLD if ours else LETTER) * len(text)
    best = None
    for dx, dy in ROOM:
        start = x + dx - (width if dx < 0 else width / 2 if dx == 0 else 0)
        box = _Box(start, y + dy - LINE + 2, width, LINE)
        inside = box.x > frame.left and box.x + width < frame.right + 8 and box.y > 0 and box.y < frame.bottom
        met = sum(box.meets(other) for other in taken) + 10 * (not inside)
        if best is None or met < best[0]:
            best = (met, box)
        if not met:
            break
    box = best[1]
    taken.append(box)
    classes = "label ours" if ours else "label"
    return element("text", text, x=short(box.x), y=short(box.y + LINE - 2), class_=classes)
