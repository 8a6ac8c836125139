"""Parts of a whole in one bar, largest first, and the same as a list with a letter for each: no colour stands alone."""

from collections.abc import Mapping

from snn.report.page.canvas import drawing, short
from snn.report.page.markup import Html, element
from snn.report.page.quantities import percent, quantity_of
from snn.report.page.shades import SEGMENTS

HEIGHT = 30.0  # pixels
LETTER_ROOM = 0.07  # share of the bar that a letter needs


def share_bar(title: str, parts: Mapping[str, float], unit: str) -> Html:
    """The bar; parts of no size have no segment."""
    total = sum(parts.values()) or 1.0
    ordered = ordered_parts(parts)
    said = "; ".join(f"{name} {percent(value / total)}" for name, value in ordered)
    segments, start = [], 0.0
    for index, (name, value) in enumerate(ordered):
        share = value / total
        if share > 0:
            segments.append(_segment(index, f"{name}: {quantity_of(value, unit)}, {percent(share)}", start, share))
        start += share
    return drawing(title, said, segments, height=HEIGHT, class_="bar")


def ordered_parts(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Names in words, the largest first."""
    return sorted(((name.replace("_", " "), value) for name, value in parts.items()), key=lambda part: -part[1])


def part_letter(index: int) -> str:
    """a to z, and behind them numbers."""
    return chr(ord("a") + index) if index < 26 else str(index + 1)


def shade_of(index: int) -> int:
    """The shade of a part by its rank; all beyond the last have that."""
    return min(index, len(SEGMENTS) - 1)


def _segment(index: int, said: str, start: float, share: float) -> Html:
    x, width, shade = f"{short(100 * start)}%", f"{short(100 * share)}%", shade_of(index)
    letter = None
    if share >= LETTER_ROOM:
        middle = f"{short(100 * (start + share / 2))}%"
        letter = element("text", part_letter(index), x=middle, y="20", text_anchor="middle", class_=f"on{shade}")
    shape = element("rect", x=x, y="0", width=width, height=short(HEIGHT), class_=f"seg{shade}")
    return element("g", element("title", said), shape, letter)
