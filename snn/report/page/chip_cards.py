"""Chips side by side for one run: a card each, with energy by part and what it pays for; what does not fit says why."""

from collections.abc import Sequence

from circuits.mapping.limits import BrokenLimit
from snn.report.page.frames import facts, folded, marked, scroller, source_list, unbroken
from snn.report.page.ledger_rows import ledger_rows
from snn.report.page.log_dots import Dot, log_dots
from snn.report.page.markup import Child, Html, element, together
from snn.report.page.overview_table import accuracy_text, latency_text
from snn.report.page.quantities import NOT_MODELLED, area_of, percent, price_of, quantity_of
from snn.report.page.share_bar import ordered_parts, part_letter, shade_of, share_bar
from snn.report.page.unit_map import told, unit_map
from snn.studies.page_records import ChipSheet, Priced, RunSheet

SHOWN_PARTS = 6  # of a card; its table below has all


def energies(run: RunSheet, anchor: str) -> Html | None:
    """One dot a chip on a logarithmic axis; None where the run costs nothing anywhere."""
    fitting = [sheet for sheet in run.chips if sheet.priced is not None and sheet.priced.total_j > 0]
    if not fitting:
        return None
    ordered = sorted(fitting, key=lambda sheet: sheet.priced.total_j)
    dots = [Dot(sheet.chip, sheet.priced.total_j, sheet.priced.pays_for) for sheet in ordered]
    said = "; ".join(f"{dot.name} {quantity_of(dot.value, 'J')}" for dot in dots)
    picture = log_dots(f"Energy per inference of {run.name} by chip", said, dots, "J")
    caption = (
        "Energy of one inference, sum of the modelled parts; notes say where one is an upper bound. Each is for the "
        "network alone."
    )
    sources = (row["source"] for sheet in fitting for row in sheet.priced.rows)
    caption_text = element("figcaption", caption, " ", source_list(sources))
    return element("figure", picture, caption_text, id=f"{anchor}-energy", class_="plain")


def cards(run: RunSheet, anchor: str) -> Html:
    """One card for each chip where the run fits."""
    fitting = [(index, sheet) for index, sheet in enumerate(run.chips) if sheet.priced is not None]
    drawn = (_card(run, sheet, sheet.priced, f"{anchor}-chip{index + 1}") for index, sheet in fitting)
    return element("div", drawn, class_="cards")


def _card(run: RunSheet, sheet: ChipSheet, priced: Priced, name: str) -> Html:
    parts = {part: value for part, value in priced.parts_j.items() if value > 0}
    bar = share_bar(f"Energy of {run.name} on {sheet.chip} by part", parts, "J") if parts else None
    caption = element("figcaption", f"{priced.covers}.", " ", source_list(row["source"] for row in priced.rows))
    return element(
        "article",
        element("h4", sheet.chip, id=name),
        element("p", sheet.title, class_="quiet"),
        element("p", quantity_of(priced.total_j, "J"), element("small", f" per inference, {priced.pays_for}"),
                class_="big", data_total=repr(priced.total_j)),
        facts(_facts(sheet, priced), class_="facts"),
        element("figure", bar, _legend(parts), caption, id=f"{name}-parts"),
        _without(priced.not_modelled),
        _holdings(sheet, priced, name),
        _notes(priced.notes),
        class_="card",
        aria_labelledby=name,
    )  # fmt: skip


def _facts(sheet: ChipSheet, priced: Priced) -> list[tuple[str, Child]]:
    front = priced.with_front_end_j
    boundary = element("small", f" {priced.boundary_with_front_end}") if priced.boundary_with_front_end else None
    silicon = priced.silicon
    rows: list[tuple[str, Child]] = [
        ("Accuracy", _accuracy(sheet)),
        ("With front end", together(quantity_of(front, "J"), boundary if front is not None else None)),
        ("Latency", latency_text(priced)),
        ("Area", area_of(silicon.area_m2)),
        ("Price of a die", price_of(silicon.die_usd)),
    ]
    if priced.energy_per_spike_j is not None:
        rows.append(("Energy per spike", quantity_of(priced.energy_per_spike_j, "J")))
    if priced.operations_per_j:
        each = f" {priced.operations_per_mac} a MAC," if priced.operations_per_mac else ""
        counted = f" {priced.operations_counted}," if priced.operations_counted else ""
        said = element("small", f"{counted}{each} {priced.silicon_boundary}")
        rows.append(("Efficiency", together(f"{priced.operations_per_j / 1e12:.3g}\u00a0TOPS/W", said)))
    return rows


def _accuracy(sheet: ChipSheet) -> Child:
    if sheet.accuracy is None:
        return element("small", unbroken(sheet.accuracy_why))
    return together(accuracy_text(sheet.accuracy), element("small", f" {sheet.accuracy.how}"))


def _legend(parts: dict[str, float]) -> Html:
    """The parts of the bar, the largest first; the smallest as a count."""
    total, ordered = sum(parts.values()) or 1.0, ordered_parts(parts)
    rows = (
        element(
            "li",
            element("span", part_letter(index), class_=f"swatch bg-seg{shade_of(index)}"),
            element("span", name, class_="part"),
            element("span", percent(value / total), class_="number"),
        )
        for index, (name, value) in enumerate(ordered[:SHOWN_PARTS])
    )
    rest = ordered[SHOWN_PARTS:]
    smaller = (
        element("span", "\u2026", class_="swatch"),
        element("span", f"{len(rest)} smaller parts", class_="part"),
        element("span", percent(sum(value for _, value in rest) / total), class_="number"),
    )
    return element("ol", rows, element("li", smaller) if rest else None, class_="legend")


def _notes(notes: Sequence[str]) -> Html | None:
    return folded("Notes", element("ul", (element("li", marked(note)) for note in notes))) if notes else None


def ledgers(run: RunSheet) -> Html:
    """The whole ledger of each chip, folded away."""
    fitting = (sheet for sheet in run.chips if sheet.priced is not None)
    return together(
        folded(f"Ledger on {sheet.chip}, every entry", ledger_rows(sheet.priced, f"{run.name} on {sheet.chip}"))
        for sheet in fitting
    )


def _without(names: Sequence[str]) -> Html | None:
    """What the total does not hold."""
    if not names:
        return None
    return element("p", element("strong", "Not modelled: "), f"{', '.join(names)}.", class_="without")


def _holdings(sheet: ChipSheet, priced: Priced, name: str) -> Html:
    if not priced.holdings:
        said = f"Placement: {NOT_MODELLED}, this technology tells none."
        return element("p", said, class_="quiet")
    drawn = (element("div", element("p", told(holding), class_="quiet"), unit_map(holding, sheet.chip))
             for holding in priced.holdings)  # fmt: skip
    said = "The stronger the colour the fuller, numbers are percent. Source: this program's own placement."
    caption = element("figcaption", said)
    return element("figure", drawn, caption, id=f"{name}-placement", class_="placement")


def unfit(run: RunSheet, anchor: str) -> Html | None:
    """Every broken limit with its remedy, and whatever else kept a chip from being priced; None where all fits."""
    missing = [sheet for sheet in run.chips if sheet.priced is None]
    if not missing:
        return None
    return element("div", (_unfit_chip(run, sheet) for sheet in missing), id=f"{anchor}-unfit")


def _unfit_chip(run: RunSheet, sheet: ChipSheet) -> Html:
    head = element("h4", sheet.chip, element("small", f" {sheet.title}"))
    if not sheet.broken:
        return element("article", head, element("p", sheet.why), class_="unfit")
    caption = f"Limits of {sheet.chip} that {run.name} breaks"
    names = ("Where", "Asked", "", "Allowed", "Remedy")
    table = element(
        "table",
        element("caption", caption, class_="hidden"),
        element("thead", element("tr", (element("th", name, scope="col") for name in names if name))),
        element("tbody", (_limit(one) for one in sheet.broken)),
        class_="limits",
    )
    return element("article", head, scroller(caption, table), class_="unfit")


def _limit(one: BrokenLimit) -> Html:
    asked = f"{one.code.replace('_', ' ')}: {_value(one.value)}"
    return element("tr", element("th", one.where, scope="row"), element("td", asked), element("td", _value(one.limit)),
                   element("td", one.remedy))  # fmt: skip


def _value(value: int | float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:,g}"
