"""Beyond the runs: spikes of conventional neurons, the field of chips, what is missing, and who says what."""

from circuits.chips.chip_sources import ChipSources
from circuits.literature.compare import ComparisonRow
from snn.report.page.field_map import Place, field_map, places, point_mark
from snn.report.page.frames import figure, folded, marked, scroller
from snn.report.page.log_dots import Dot, log_dots
from snn.report.page.markup import Child, Html, element, together
from snn.report.page.quantities import NOTHING, count_of, quantity_of
from snn.studies.page_records import ChipField, NeuronField, Page

OWN_NEURON = "BTBT neuron, ours"


def neuron_section(field: NeuronField) -> Html:
    """Energy per spike of bare neurons."""
    dots = [Dot(OWN_NEURON, field.energy_per_spike_j, "model", ours=True)]
    dots += [
        Dot(f"{row.name}, {row.year}", row.energy_per_spike_j, _evidence(row), not row.measured) for row in field.rows
    ]
    dots.sort(key=lambda dot: dot.value)
    said = f"{len(field.rows)} published neurons and ours at {quantity_of(field.energy_per_spike_j, 'J')}"
    picture = log_dots("Energy per spike of bare neurons", said, dots, "J")
    caption = (
        "Energy per spike of bare neurons, without synapses and routing, each driven by itself; filled is measured, "
        "hollow is simulated or not said. A spike of a network costs more: it pays for synapses and for waiting too."
    )
    sources = [*field.assumptions, *(f"{row.name}: {row.source} ({row.evidence})" for row in field.rows)]
    return _section("neurons", "Beside conventional neurons", figure("neurons-figure", picture, caption, sources),
                    folded("As a table", _neuron_table(field)))  # fmt: skip


def _evidence(row: ComparisonRow) -> str:
    return "measured" if row.measured else "simulated or not said"


def _neuron_table(field: NeuronField) -> Html:
    names = ("Neuron", "Year", "Energy per spike", "Times ours", "Evidence")
    own = ("", quantity_of(field.energy_per_spike_j, "J"), "1", "model")
    rows = [_line(OWN_NEURON, own)]
    for row in field.rows:
        ratio = NOTHING if row.ratio_to_btbt is None else f"{row.ratio_to_btbt:,.3g}"
        cells = (str(row.year), quantity_of(row.energy_per_spike_j, "J"), ratio, f"{_evidence(row)}, {row.evidence}")
        rows.append(_line(row.name, cells))
    return _table("Energy per spike of bare neurons", names, rows)


def field_section(field: ChipField) -> Html:
    """Performance over power, ours among published chips."""
    found = places(field.rows, field.ours)
    picture = together(field_map(found, named=True), field_map(found, named=False))
    caption = (
        "Performance over power, two operations a multiply-accumulate; upper left is better, lines are of equal "
        "efficiency. The shape is the boundary of the power: round an array, square a tile, diamond a chip, triangle "
        "a system, cross not said; hollow counts synaptic operations; a star is ours, a model of the network while it "
        "computes."
    )
    sources = (f"{row.name}: {row.source} ({row.evidence})" for row in field.rows)
    without = [element("li", element("strong", row.name), f": {row.reason}") for row in field.rows if row.point is None]
    return _section(
        "field",
        "The field of chips",
        figure("field-figure", picture, caption, sources),
        folded("As a table, with the numbers of the map", _field_table(found)),
        folded(f"Not drawn: {count_of(len(without), 'chip')}", element("ul", without)) if without else None,
    )


def _field_table(found: list[Place]) -> Html:
    names = ("Chip", "No.", "Mark", "Boundary", "Power", "Operations per second", "Counts")
    rows = [
        _line(
            place.name,
            (str(place.number), _mark(place), place.at.boundary, quantity_of(place.at.power_w, "W"),
             f"{place.at.performance_ops:.3g}", place.at.operation),
        )
        for place in found
    ]  # fmt: skip
    return _table("Chips by performance and power", names, rows)


def _mark(place: Place) -> Html:
    """The mark of the map, which says nothing that the row does not."""
    return element("svg", point_mark(place.at, place.ours, 9.0, 9.0), width="18", height="18", aria_hidden="true")


def gaps_section(page: Page) -> Html:
    """What no total on the page holds, chip by chip."""
    rows = []
    for about in page.chips:
        sheets = [sheet.priced for run in page.runs for sheet in run.chips if sheet.chip == about.name and sheet.priced]
        energy = dict.fromkeys(name for priced in sheets for name in priced.not_modelled)
        area = dict.fromkeys(name for priced in sheets for name in priced.silicon.not_modelled)
        said = "no run fits it" if not sheets else ", ".join(energy) or "nothing that is known to be missing"
        price = (
            "" if not sheets else "modelled" if any(p.silicon.die_usd is not None for p in sheets) else "not modelled"
        )
        rows.append(_line(about.name, (said, ", ".join(area), price)))
    lead = (
        "Totals are sums of modelled parts: below the truth by what has no published figure, which is named and never "
        "counted as zero, and above it where a part is an upper bound, as the notes of a chip say. Boundaries differ "
        "between chips: a ratio of totals is one of models, not of silicon."
    )
    table = _table("Not modelled, by chip", ("Chip", "Of the energy", "Of the area", "Price of a die"), rows)
    return _section("gaps", "What is not modelled", element("p", lead, class_="lead"), table)


def source_section(page: Page) -> Html:
    """Every number of every chip with its source."""
    return _section("sources", "Where the numbers come from", (_chip_sources(about) for about in page.chips))


def _chip_sources(about: ChipSources) -> Html:
    evidence = ", ".join(f"{number} {lead}" for lead, number in about.evidence.items()) or "none told"
    rows = [_line(key, (marked(source),)) for key, source in about.sources.items()]
    head = together(element("h3", about.name), element("p", about.title, class_="quiet"))
    if not rows:
        return together(head, element("p", "This chip's file gives no sources."))
    table = _table(f"Sources of {about.name}", ("Number", "Source"), rows)
    return together(head, folded(f"{count_of(len(rows), 'number')}: {evidence}", table))


def _section(name: str, title: str, *content: Child) -> Html:
    return element(
        "section", element("h2", title, id=f"{name}-title"), content, id=name, aria_labelledby=f"{name}-title"
    )


def _line(name: str, cells: tuple[Child, ...]) -> Html:
    return element("tr", element("th", name, scope="row"), (element("td", cell) for cell in cells))


def _table(caption: str, names: tuple[str, ...], rows: list[Html]) -> Html:
    heads = (element("th", name, scope="col") for name in names)
    table = element(
        "table", element("caption", caption), element("thead", element("tr", heads)), element("tbody", rows)
    )
    return scroller(caption, table)
