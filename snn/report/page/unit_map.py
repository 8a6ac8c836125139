"""Where a placed network is: cores and tiles as cells of a map, darker the fuller; layers and contents as rows."""

from snn.report.page.canvas import drawing, short
from snn.report.page.markup import Html, element
from snn.report.page.quantities import count_of, percent
from snn.report.page.shades import N_HEAT
from snn.report.page.share_bar import HEIGHT
from snn.studies.units_held import Held, Holding

GRIDS = ("core", "tile", "router")  # units that stand side by side on the silicon
WIDTH = 312.0  # of a map, so that a phone shows it in full size
CELLS = ((5, 58.0), (48, 36.0), (400, 14.0))  # up to so many units, a cell of so many pixels
SMALLEST = 5.0
MOST_CELLS = 3000  # more are told as numbers alone
ROW = 34.0


def unit_map(holding: Holding, where: str) -> Html:
    """The map of one holding, with how full its units are in words."""
    if holding.unit in GRIDS:
        return _grid(holding, where)
    return _rows(holding, where)


def told(holding: Holding) -> str:
    """How full the units are, in one sentence."""
    used, room = (sum(getattr(unit, name) for unit in holding.units) for name in ("used", "room"))
    n = count_of(len(holding.units), holding.unit)
    if holding.unit not in GRIDS:
        return f"{holding.what[0].upper()}{holding.what[1:]}: the share of each {holding.unit}"
    full = max(unit.share for unit in holding.units)
    return f"{used:,.0f} of {room:,.0f} {holding.what} on {n}; the fullest holds {percent(full, 0)}"


def _grid(holding: Holding, where: str) -> Html:
    drawn = holding.units[:MOST_CELLS]
    size = next((cell for most, cell in CELLS if len(drawn) <= most), SMALLEST)
    columns = max(1, int(WIDTH // size))
    lines = -(-len(drawn) // columns)
    width = min(columns, len(drawn)) * size
    cells = (_cell(unit, index % columns * size, index // columns * size, size) for index, unit in enumerate(drawn))
    title = f"{holding.what} on {where}, {holding.unit} by {holding.unit}"
    return drawing(title, told(holding), cells, size=(width, lines * size), class_="map")


def _cell(unit: Held, x: float, y: float, size: float) -> Html:
    gap = 2.0 if size > 10 else 0.5
    step = heat_of(unit.share)
    said = f"{unit.name}: {unit.used:,.0f} of {unit.room:,.0f}{': ' + unit.holds if unit.holds else ''}"
    box = {"x": short(x + gap / 2), "y": short(y + gap / 2), "width": short(size - gap), "height": short(size - gap)}
    number = None
    if size >= 30:
        place = {"x": short(x + size / 2), "y": short(y + size / 2 + 4)}
        number = element("text", f"{100 * unit.share:.0f}", text_anchor="middle", class_=f"on-heat{step}", **place)
    return element("g", element("title", said), element("rect", rx="2", class_=f"heat{step}", **box), number)


def _rows(holding: Holding, where: str) -> Html:
    """Name and share above a line as long as the share."""
    rows = (_row(unit, index * ROW) for index, unit in enumerate(holding.units))
    title = f"{holding.what} of {where}, {holding.unit} by {holding.unit}"
    return drawing(title, told(holding), rows, height=ROW * len(holding.units) or HEIGHT, class_="rows")


def _row(unit: Held, y: float) -> Html:
    said = f"{unit.name}: {unit.used:,.0f} of {unit.room:,.0f}{', ' + unit.holds if unit.holds else ''}"
    line = {"x": "0", "y": short(y + 20), "height": "7", "rx": "2"}
    full = f"{short(100 * min(unit.share, 1.0))}%"
    return element(
        "g",
        element("title", said),
        element("text", unit.name, x="0", y=short(y + 14), class_="name"),
        element("text", percent(unit.share), x="100%", y=short(y + 14), text_anchor="end", class_="value"),
        element("rect", width="100%", class_="heat1", **line),
        element("rect", width=full, class_=f"heat{max(3, heat_of(unit.share))}", **line),
    )


def heat_of(share: float) -> int:
    """The step of the scale, 0 only for nothing at all."""
    step = min(max(round(share * (N_HEAT - 1)), 0), N_HEAT - 1)
    return max(step, 1) if share > 0 else 0
