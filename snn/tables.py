"""Results for a reader: the same dictionaries that --json prints, as tables with SI prefixes."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from circuits.units import si

_UNITS = {"_j": "J", "_w": "W", "_hz": "Hz", "_s": "s", "_a": "A", "_v": "V", "_k": "K", "_f": "F", "_m": "m"}

HIDDEN = (  # of a record; --json has them
    "note", "reason", "evidence", "reference", "scope", "area_f2", "parts_j", "marginal_j", "static_w",
)  # fmt: skip


class _Console(Console):
    """A console whose reader may leave, as in `snn neuron | head`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def print_result(value: dict[str, Any]) -> None:
    """One line for each figure, a table for each nested table, lists of lines as they are."""
    console = _Console(highlight=False)
    plain = Table(show_header=False, box=None, pad_edge=False)
    nested: list[tuple[str, Any]] = []
    for key, item in value.items():
        if isinstance(item, dict) or (isinstance(item, list) and item and isinstance(item[0], dict | list)):
            nested.append((key, item))
        elif isinstance(item, list):
            for line in item:
                plain.add_row(Text(_name(key)), Text(str(line)))
        else:
            plain.add_row(Text(_name(key)), Text(_figure(key, item)))
    console.print(plain)
    for key, item in nested:
        console.print()
        console.print(_rows(key, item) if isinstance(item, list) else _parts(key, item))


def _parts(key: str, parts: dict[str, Any]) -> Table:
    """Name and figure; a table of joules gets the share of each part."""
    table = Table("part", _name(key), box=None, title_justify="left", pad_edge=False)
    total = sum(parts.values()) if key.endswith("_j") else 0
    if total:
        table.add_column("share", justify="right")
    for name, item in parts.items():
        unit = key if key[-2:] in _UNITS else name
        share = [f"{item / total:.1%}"] if total else []
        table.add_row(Text(_name(name)), Text(_figure(unit, item)), *share)
    return table


def _rows(key: str, rows: list[Any]) -> Table:
    """One row for each record, without the columns that say nothing; lists of lists as a grid."""
    table = Table(box=None, title=_name(key), title_justify="left", pad_edge=False)
    if not isinstance(rows[0], dict):
        for _ in rows[0]:
            table.add_column(justify="right")
        for row in rows:
            table.add_row(*(str(item) for item in row))
        return table
    told = (name for name in rows[0] if name not in HIDDEN)
    columns = [name for name in told if any(row[name] not in (None, "") for row in rows)]
    for name in columns:
        table.add_column(_name(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_figure(name, row[name])) for name in columns))
    return table


def _name(key: str) -> str:
    stem = next((key.removesuffix(suffix) for suffix in _UNITS if key.endswith(suffix)), key)
    return stem.replace("_", " ")


def _figure(key: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        unit = next((unit for suffix, unit in _UNITS.items() if key.endswith(suffix)), None)
        if unit == "K":
            return f"{value:g} K"
        if unit:
            return si(float(value), unit)
        return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else f"{value:.6g}"
    return str(value)
