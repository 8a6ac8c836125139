"""Every run on every chip in one table that the page's script sorts; without the script it is a table all the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from snn.report.page.frames import scroller
from snn.report.page.markup import Child, Html, element, together
from snn.report.page.quantities import NOT_MODELLED, NOTHING, area_of, count_of, percent, points, price_of, quantity_of
from snn.studies.accuracy_on_chip import ChipAccuracy
from snn.studies.page_records import ChipSheet, Page, Priced, RunSheet

TABLE = "overview"
COLUMNS = {  # key in the address (#sort=energy): what stands above
    "run": "Run",
    "chip": "Chip",
    "accuracy": "Test accuracy",
    "on-chip": "Accuracy on the chip",
    "energy": "Energy per inference",
    "latency": "Latency",
    "area": "Area",
    "price": "Price of a die",
    "fits": "Fits",
}
WORDS = ("run", "chip", "fits")  # columns of text


@dataclass(frozen=True)
class Cell:
    """What is shown and what it sorts by; `value` None sorts last, whichever way."""

    shown: Child
    value: float | str | None


def overview_table(page: Page, anchors: Sequence[str]) -> Html:
    """anchors: the `id` of each run's section."""
    pairs = zip(page.runs, anchors, strict=True)
    shown = _columns(page)
    rows = [_row(run, sheet, anchor, shown) for run, anchor in pairs for sheet in run.chips]
    heads = (
        element("th", COLUMNS[key], scope="col", data_key=key, class_=None if key in WORDS else "number")
        for key in shown
    )
    caption = "Runs on chips: modelled energy, time, silicon and accuracy"
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", heads)),
        element("tbody", rows),
        id=TABLE,
    )
    live = element("p", "", id="sorted", class_="hidden", aria_live="polite")
    return together(scroller(caption, table), live)


def _columns(page: Page) -> tuple[str, ...]:
    """All, without the accuracy on the chip where none was evaluated."""
    evaluated = any(sheet.accuracy is not None for run in page.runs for sheet in run.chips)
    return tuple(key for key in COLUMNS if key != "on-chip" or evaluated)


def _row(run: RunSheet, sheet: ChipSheet, anchor: str, shown: Sequence[str]) -> Html:
    cells = cells_of(run, sheet, anchor)
    drawn = []
    for key in shown:
        cell = cells[key]
        value = None if cell.value is None else cell.value if isinstance(cell.value, str) else repr(float(cell.value))
        kind = "th" if key == "run" else "td"
        classes = None if key in WORDS else "number" if cell.value is not None else "number none"
        drawn.append(element(kind, cell.shown, scope="row" if kind == "th" else None, class_=classes, data_value=value))
    return element("tr", drawn, data_chip=sheet.chip, data_run=run.folder)


def cells_of(run: RunSheet, sheet: ChipSheet, anchor: str) -> dict[str, Cell]:
    """The cells of one run on one chip, by column."""
    link = element("a", run.name, href=f"#{anchor}")
    cells = {
        "run": Cell(link, run.name),
        "chip": Cell(sheet.chip, sheet.chip),
        "accuracy": Cell(percent(run.test_accuracy), run.test_accuracy),
        "on-chip": _on_chip(sheet.accuracy),
    }
    if (priced := sheet.priced) is None:
        word = count_of(len(sheet.broken), "limit") if sheet.broken else "not priced"
        why = element("a", "no: ", word, href=f"#{anchor}-unfit")
        empty = dict.fromkeys(("energy", "latency", "area", "price"), Cell(NOTHING, None))
        return cells | empty | {"fits": Cell(why, "no")}
    energy = together(quantity_of(priced.total_j, "J"), element("small", priced.pays_for))
    silicon = priced.silicon
    return cells | {
        "energy": Cell(energy, priced.total_j),
        "latency": Cell(latency_text(priced), priced.latency_s),
        "area": Cell(area_of(silicon.area_m2), silicon.area_m2),
        "price": Cell(price_of(silicon.die_usd), silicon.die_usd),
        "fits": Cell("yes", "yes"),
    }


def _on_chip(found: ChipAccuracy | None) -> Cell:
    return Cell(NOTHING, None) if found is None else Cell(accuracy_text(found), found.mean)


def latency_text(priced: Priced) -> Html:
    """Time from input to answer, and what it is: the signal's own, or that of computing once it is there."""
    word = "as long as the signal" if priced.in_real_time else "computing"
    return together(quantity_of(priced.latency_s, "s"), " ", element("small", word))


def accuracy_text(found: ChipAccuracy) -> Html:
    """Mean, and deviation over pieces of silicon where there is one."""
    if found.deviation is None:
        return together(percent(found.mean))
    over = element("small", f"over {count_of(found.n_chips, 'chip')}")
    return together(percent(found.mean), " ± ", points(found.deviation), " ", over)


NONE_SAID = f"{NOTHING} is {NOT_MODELLED}, not evaluated, or of a network that does not fit; it is never zero"
