"""The confusion matrix as a table that is its own picture: target labels down, predicted across, darker where more."""

from collections.abc import Sequence

from snn.report.page.frames import scroller
from snn.report.page.markup import Html, element, together
from snn.report.page.unit_map import heat_of


def label_matrix(labels: Sequence[str], confusion: Sequence[Sequence[int]], caption: str) -> Html:
    """Counts of clips; an empty cell is none."""
    heads = (element("th", label, scope="col") for label in labels)
    rows = (_row(label, counts, index) for index, (label, counts) in enumerate(zip(labels, confusion, strict=True)))
    corner = element("th", together("target", element("span", " ↓", aria_hidden="true"), " / predicted",
                                    element("span", " →", aria_hidden="true")), scope="col")  # fmt: skip
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", corner, heads)),
        element("tbody", rows),
        class_="matrix",
    )
    return scroller(caption, table)


def _row(label: str, counts: Sequence[int], right: int) -> Html:
    total = sum(counts) or 1
    cells = (_cell(n, n / total, index == right) for index, n in enumerate(counts))
    return element("tr", element("th", label, scope="row"), cells)


def _cell(n: int, share: float, right: bool) -> Html:
    step = heat_of(share)
    classes = f"bg-heat{step}{' right' if right else ''}"
    return element("td", n if n else "", class_=classes)
