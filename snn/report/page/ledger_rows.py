"""The ledger of one inference as a table: part, energy, share, how often and at what price, and who says so."""

from typing import Any

from snn.report.page.frames import marked, scroller
from snn.report.page.markup import Html, element, together
from snn.report.page.quantities import NOT_MODELLED, percent, quantity_of
from snn.studies.page_records import Priced

NAMES = ("Part", "Energy", "Share", "Count", "Each", "Kind", "Source")
NUMBERS = ("Energy", "Share", "Count", "Each")


def ledger_rows(priced: Priced, name: str) -> Html:
    """All entries; the last row is their sum."""
    caption = f"Ledger of {name}"
    heads = (element("th", head, scope="col", class_="number" if head in NUMBERS else None) for head in NAMES)
    total = element(
        "tr",
        element("th", "total", scope="row"),
        element("td", quantity_of(priced.total_j, "J"), class_="number", data_value=repr(float(priced.total_j))),
        element("td", "", colspan="5"),
    )
    table = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", heads)),
        element("tbody", (_row(row) for row in priced.rows)),
        element("tfoot", total),
        class_="ledger",
    )
    return scroller(caption, table)


def _row(row: dict[str, Any]) -> Html:
    energy, share, each = row["energy_j"], row["share"], row["each_j"]
    value = None if energy is None else repr(float(energy))
    return element(
        "tr",
        element("th", row["part"].replace("_", " "), scope="row"),
        element("td", quantity_of(energy, "J"), class_="number" if value else "number none", data_value=value),
        element("td", "" if share is None else percent(share), class_="number"),
        element("td", together(f"{row['count']:,.5g}", element("small", f" {row['per']}")), class_="number"),
        element("td", NOT_MODELLED if each is None else quantity_of(each, "J"), class_="number"),
        element("td", row["kind"]),
        element("td", marked(row["source"]), class_="long"),
    )
