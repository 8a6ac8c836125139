"""Results for a reader: the same dictionaries that --json prints, as tables with SI prefixes."""

from collections.abc import Callable
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from circuits.units import KEY_UNITS, si

GAP = 2  # spaces between two columns
PUBLISHED = ("energy_per_decision_j",)  # None in a row: not published, which is no part that the model lacks
HIDDEN = (  # of a record; --json has them
    "note", "reason", "reference", "scope", "area_f2", "parts_j", "marginal_j", "static_w", "basis",
)  # fmt: skip


def as_tables(value: dict[str, Any]) -> str:
    """One line for each figure, a table for each nested table, lists of lines as they are; as wide as the terminal."""
    text, terminal = StringIO(), Console()
    _print(Console(file=text, width=terminal.width, force_terminal=terminal.is_terminal, highlight=False), value)
    return text.getvalue()


def _print(console: Console, value: dict[str, Any]) -> None:
    plain = Table(show_header=False, box=None, pad_edge=False)
    plain.add_column()
    plain.add_column(overflow="fold")  # a path is not cut: it is to be copied
    nested: list[tuple[str, Any]] = []
    for key, item in value.items():
        if _is_table(item):
            nested += _unfolded(key, item)
        elif isinstance(item, list) and item and isinstance(item[0], str):
            for line in item:
                plain.add_row(Text(_name(key)), Text(line))
        elif not isinstance(item, list) or item:
            plain.add_row(Text(_name(key)), Text(_figure(key, item)))
    console.print(plain)
    for key, item in nested:
        console.print()
        console.print(_rows(key, item, console.width) if isinstance(item, list) else _parts(key, item))


def _is_table(item: Any) -> bool:
    """Whether a figure is a table of its own: by name, or rows."""
    return isinstance(item, dict) or (isinstance(item, list) and bool(item) and isinstance(item[0], dict | list))


def _unfolded(key: str, item: Any) -> list[tuple[str, Any]]:
    """A table, and those inside it each as one of their own."""
    if not isinstance(item, dict):
        return [(key, item)]
    inner = {name: part for name, part in item.items() if _is_table(part)}
    own = {name: part for name, part in item.items() if name not in inner and not (isinstance(part, list) and not part)}
    return [(key, own)] * bool(own) + [
        pair for name, part in inner.items() for pair in _unfolded(f"{key}_{name}", part)
    ]


def _parts(key: str, parts: dict[str, Any]) -> Table:
    """Name and figure; a table of joules gets the share of each part.

    What is counted has names of its own (words, not keys that end in a unit), shown as they are.
    """
    counted = key.startswith("n_")
    table = Table(box=None, pad_edge=False)
    table.add_column("label" if counted else "part", overflow="fold")
    table.add_column(Text(_name(key)))
    adds_up = key.endswith("_j") and "_per_" not in key  # energies of one product at several boundaries do not
    total = sum(parts.values()) if adds_up else 0
    if total:
        table.add_column("share", justify="right")
    for name, item in parts.items():
        unit = key if counted or _suffix(key) else name
        share = [f"{item / total:.1%}"] if total else []
        table.add_row(Text(name if counted else _name(name)), Text(_figure(unit, item)), *share)
    return table


def _rows(key: str, rows: list[Any], width: int) -> Table:
    """One row for each record, without columns that say nothing or do not fit; lists of lists as a grid."""
    table = Table(box=None, title=Text(_name(key)), title_justify="left", pad_edge=False)
    if not isinstance(rows[0], dict):
        for _ in rows[0]:
            table.add_column(justify="right")
        for row in rows:
            table.add_row(*(Text(str(item)) for item in row))
        return table
    told = [name for name in rows[0] if name not in HIDDEN and any(row[name] not in (None, "") for row in rows)]
    columns = [name for name in told if not any(isinstance(row[name], dict) for row in rows)]  # no table in a cell
    cells = {name: ["-" if name in PUBLISHED and row[name] is None else _figure(name, row[name]) for row in rows]
             for name in columns}  # fmt: skip
    heading = _name if len(_fitting(cells, width, _name)) == len(columns) else _longest_word  # room for more columns
    shown = _fitting(cells, width, heading)
    for name in shown:
        table.add_column(Text(_name(name)), overflow="fold", max_width=_width(name, cells[name], heading))
    for row in zip(*(cells[name] for name in shown), strict=True):
        table.add_row(*map(Text, row))
    if len(shown) < len(told):
        table.caption = Text(f"--json tells {', '.join(_name(name) for name in told if name not in shown)} too")
        table.caption_justify = "left"
    return table


def _longest_word(key: str) -> str:
    return max(_name(key).split(), key=len)


def _width(name: str, column: list[str], heading: Callable[[str], str]) -> int:
    return max(map(len, (heading(name), *column)))


def _fitting(cells: dict[str, list[str]], width: int, heading: Callable[[str], str]) -> list[str]:
    """The columns, from the left, that fit side by side without a broken word; always the first two."""
    shown, used = [], 0
    for name, column in cells.items():
        used += _width(name, column, heading) + GAP
        if used - GAP > width and len(shown) >= 2:
            break
        shown.append(name)
    return shown


def _suffix(key: str) -> str:
    """The end of a key that says its unit, as in `energy_j`; "" for none, and for a ratio such as `tops_per_w`."""
    return next((end for end in KEY_UNITS if key.endswith(end) and not key.endswith(f"_per{end}")), "")


def _name(key: str) -> str:
    return key.removesuffix(_suffix(key)).replace("_", " ")


def _figure(key: str, value: Any) -> str:
    if value is None:
        return si(None, "J") if key.endswith("_j") else "-"
    if isinstance(value, list):
        return ", ".join(f"{item:.3g}" if isinstance(item, float) else str(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        unit = KEY_UNITS.get(_suffix(key))
        if unit == "K":
            return f"{value:g} K"
        if unit:
            return si(float(value), unit)
        return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else f"{value:.6g}"
    return str(value)
