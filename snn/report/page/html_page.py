"""The page as one file: header, overview, a section a run, the field, the gaps, the sources; no address outside it."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from circuits.energy.boundary import BOUNDARIES, SILICON
from circuits.errors import InputError
from circuits.storage import write_text
from snn.report.page.closing_sections import field_section, gaps_section, neuron_section, source_section
from snn.report.page.markup import Html, element, in_script, together
from snn.report.page.overview_table import NONE_SAID, overview_table
from snn.report.page.quantities import percent, quantity_of
from snn.report.page.run_section import run_section
from snn.report.page.sorting_script import SCRIPT, hash_of
from snn.report.page.stylesheet import STYLE
from snn.studies.page_records import ChipSheet, Page, RunSheet

SUFFIXES = (".html", ".htm")
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def save_page(path: str | Path, page: Page) -> Path:
    """Write the page, whole or not at all. Raises: InputError for another ending than .html; OSError."""
    write_text(require_html(path), html_page(page))
    return Path(path)


def require_html(path: str | Path) -> Path:
    """The path itself. Raises: InputError for one that ends in something else."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} ends in {Path(path).suffix or 'nothing'!r}; a page ends in {', '.join(SUFFIXES)}")
    return Path(path)


def page_table(page: Page) -> dict[str, Any]:
    """The data of the page as JSON has it, the same that stands in its `script` element."""
    return _plain(asdict(page))


def html_page(page: Page) -> str:
    """All of it; the same page gives the same bytes."""
    anchors = [f"run-{number}" for number in range(1, len(page.runs) + 1)]
    title = _title(page)
    body = (
        element("a", "Skip to the comparison", href="#main", class_="skip"),
        element("header", element("p", "TunnelSpike", class_="kicker"), element("h1", title), _lead(page)),
        _contents(page, anchors),
        element("main", _sections(page, anchors), id="main"),
        element("footer", element("p", ", ".join(f"{name} {version}" for name, version in page.versions.items()), ". ",
                                  "Energies are modelled, not measured.")),
        element("script", in_script(page_table(page)), type="application/json", id="data"),
        element("script", Html(SCRIPT)),
    )  # fmt: skip
    return f"<!DOCTYPE html>\n{element('html', _head(title), element('body', body), lang='en')}\n"


def _sections(page: Page, anchors: Sequence[str]) -> Html:
    runs = (run_section(run, anchor) for run, anchor in zip(page.runs, anchors, strict=True))
    closing = (neuron_section(page.neurons), field_section(page.field), gaps_section(page), source_section(page))
    return together(_overview(page, anchors), runs, closing)


def _head(title: str) -> Html:
    allowed = f"style-src {hash_of(STYLE)}; script-src {hash_of(SCRIPT)}"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(STYLE)),
    )


def _title(page: Page) -> str:
    runs, chips = len(page.runs), len(page.chips)
    said = f"{_number(runs)} {'run' if runs == 1 else 'runs'} on {_number(chips)} {'chip' if chips == 1 else 'chips'}"
    return said[0].upper() + said[1:]


def _number(n: int) -> str:
    return NUMBERS[n] if n < len(NUMBERS) else str(n)


def _lead(page: Page) -> Html:
    """The cheapest chip of each run, in a sentence each."""
    return element("div", (element("p", _cheapest(run)) for run in page.runs), class_="lead")


def _cheapest(run: RunSheet) -> Html:
    name = element("strong", run.name)
    known = "" if run.test_accuracy is None else f" ({percent(run.test_accuracy)} right)"
    fitting = [sheet for sheet in run.chips if sheet.priced is not None]
    if not fitting:
        return together(name, known, " can be priced on none of these chips; its section says why.")
    least = min(fitting, key=lambda sheet: sheet.priced.total_j)
    energy = f"{quantity_of(least.priced.total_j, 'J')} per inference ({least.priced.pays_for})"
    wider = "" if _of_one_boundary(fitting) else ", though chips pay for more or less of their silicon"
    said = f" takes the least modelled energy on {least.chip}: {energy}{wider}"
    fits = f"; it fits {len(fitting)} of {len(run.chips)}."
    return together(name, known, said, fits)


def _of_one_boundary(sheets: Sequence[ChipSheet]) -> bool:
    return len({sheet.priced.silicon_boundary for sheet in sheets}) == 1


def _contents(page: Page, anchors: Sequence[str]) -> Html:
    links = [("overview-title", "At a glance"), *zip(anchors, (run.name for run in page.runs), strict=True)]
    links += [("neurons", "Neurons"), ("field", "Field"), ("gaps", "Not modelled"), ("sources", "Sources")]
    items = (element("li", element("a", name, href=f"#{anchor}")) for anchor, name in links)
    return element("nav", element("ul", items), aria_label="Contents")


def _overview(page: Page, anchors: Sequence[str]) -> Html:
    priced = [sheet.priced for run in page.runs for sheet in run.chips if sheet.priced]
    spotter, silicon = ({getattr(one, name) for one in priced} for name in ("boundary", "silicon_boundary"))
    words = [(word, BOUNDARIES[word]) for word in BOUNDARIES if word in spotter]
    words += [(word, SILICON[word]) for word in SILICON if word in silicon]
    meant = (f"“{word}” is {said}" for word, said in words)
    note = (
        f"Energy is of the network alone, within the boundaries named below it: {'; '.join(meant)}. Figures of one "
        f"boundary compare, others do not. {NONE_SAID}."
    )
    return element(
        "section",
        element("h2", "At a glance", id="overview-title"),
        overview_table(page, anchors),
        element("p", note, class_="quiet"),
        aria_labelledby="overview-title",
    )


def _plain(value: Any) -> Any:
    """Tuples as lists, so that a page in memory is equal to one read back."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value
