"""The little of SVG that the charts need: a root that screen readers can read, and axes in decades."""

import math
from dataclasses import dataclass

from snn.report.page.markup import Child, Html, element
from snn.report.page.quantities import quantity_of


def drawing(
    title: str,
    description: str,
    *children: Child,
    size: tuple[float, float] | None = None,
    height: float | None = None,
    **attributes: str,
) -> Html:
    """An image with title and description. size: of its own units, which shrink with the page; else `height` in pixels,
    as wide as there is room, with places in percent."""
    if size:
        width, tall = size
        attributes |= {"viewBox": f"0 0 {short(width)} {short(tall)}", "width": short(width), "height": short(tall)}
    else:
        attributes |= {"width": "100%", "height": short(height or 0)}
    words = (element("title", title), element("desc", description))
    return element("svg", words, children, role="img", focusable="false", **attributes)


def short(value: float) -> str:
    """A coordinate without the digits that nobody sees."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@dataclass(frozen=True)
class Decades:
    """A logarithmic axis from one power of ten to another."""

    low: int
    high: int

    def share(self, value: float) -> float:
        """How far along it a value is, 0 to 1 within."""
        return (math.log10(value) - self.low) / (self.high - self.low)

    def percent(self, value: float) -> str:
        return f"{short(100 * self.share(value))}%"

    def ticks(self, most: int = 7) -> list[float]:
        """Powers of ten, thinned out so that at most so many are left."""
        step = max(1, math.ceil((self.high - self.low) / most))
        return [10.0**exponent for exponent in range(self.low, self.high + 1, step)]


def decades_of(values: list[float], room: float = 0.15) -> Decades:
    """An axis that holds all values, with a little room on both sides."""
    low, high = math.log10(min(values)), math.log10(max(values))
    return Decades(math.floor(low - room), math.ceil(high + room))


def tick_name(value: float, unit: str) -> str:
    """`1 pJ`, `100 µW`."""
    return quantity_of(value, unit)
