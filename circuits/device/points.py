"""Measured points of a tunnelling device: read from a CSV file whose header carries the units.

# source: wafer 3, die (2, 5)
v_gs (V),i (pA),v_ds (V)
-1.0,2.9,0.9
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.tables import text_of
from circuits.units import Metres, Volts, nm, um

MOST_BYTES = 2**20  # a curve of points by hand or by an instrument has some thousand lines
MOST_POINTS = 10_000  # for the fit to take seconds
_PREFIX = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_AMPERES = {f"{prefix}A": factor for prefix, factor in _PREFIX.items()}
_PER_WIDTH = {f"{unit}/{per}": a / m for unit, a in _AMPERES.items() for per, m in (("m", 1.0), ("um", um))}
_VOLTS = {"V": 1.0, "mV": 1e-3}
_UNITS = {"v_dg": _VOLTS, "v_gs": _VOLTS, "v_ds": _VOLTS, "i": _AMPERES | _PER_WIDTH, "temperature": {"K": 1.0}}
_UNITS["width"] = {"m": 1.0, "um": um, "nm": nm}
_EXAMPLE = "for example 'v_gs (V),i (A/um)' or 'v_dg (mV),i (nA)'"


@dataclass(frozen=True, eq=False)
class Points:
    """Drain-gate voltages and currents of one device at one drain voltage and temperature."""

    v_dg: np.ndarray  # V, (n,)
    i: np.ndarray  # A, (n,), of the whole width
    width: Metres
    conditions: dict[str, Any]  # fields of the device that the file states: v_ds (V), temperature (K), source


def read_points(path: Path | str, width: Metres | None = None, v_ds: Volts | None = None) -> Points:
    """Read measured points: a voltage (`v_dg`, or `v_gs` with `v_ds`) and a current (`i`), each with its unit.

    Columns `v_ds`, `temperature` and `width` are optional and constant; `# source: ...` says where the points come
    from, other lines with # are comments. V_DG = V_DS - V_GS.
    Args: width: of the device (m), needed where `i` is not per width, else 1 um. v_ds: drain voltage (V) of a file
    that has no such column.
    Raises: FileNotFoundError; InputError naming file, line and column for text that is not UTF-8, an unknown column
    or unit, a cell that is no finite number, or a condition that varies.
    """
    path = Path(path)
    lines = _lines(path)
    source = next((text for _, text in lines if re.match(r"#\s*source\s*:", text, re.I)), "").partition(":")[2].strip()
    rows = _rows(path, [(number, text) for number, text in lines if not text.startswith("#")])
    columns, per_width = _columns(path, rows)
    if width is None and "width" in columns:
        width = _constant(path, "width", columns["width"])
    if width is None and not per_width:
        raise InputError(f"{path}: the current is not per width; give width (m), a column 'width (um)', or 'i (A/um)'")
    width = um if width is None else float(width)
    conditions = {"source": source or f"points of {path.name}"}
    conditions |= {name: _constant(path, name, columns[name]) for name in ("v_ds", "temperature") if name in columns}
    if v_ds is not None and conditions.setdefault("v_ds", float(v_ds)) != v_ds:
        raise InputError(f"{path}: v_ds = {v_ds:g} V is given, the file says {conditions['v_ds']:g} V; leave one out")
    v_dg = _v_dg(path, columns, conditions.get("v_ds"))
    return Points(v_dg, columns["i"] * (width if per_width else 1.0), width, conditions)


def _lines(path: Path) -> list[tuple[int, str]]:
    """Numbered lines that are not blank."""
    text = text_of(path, MOST_BYTES)
    if "\0" in text:
        raise InputError(f"{path}: a NUL character; this is not a text file, or not UTF-8")
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip(" \t,")]


def _rows(path: Path, lines: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows of cells, the header first."""
    for number, line in lines:
        try:
            yield number, [cell.strip() for cell in next(csv.reader([line]))]
        except csv.Error as error:
            raise InputError(f"{path}, line {number}: {error}") from error


def _columns(path: Path, rows: Iterator[tuple[int, list[str]]]) -> tuple[dict[str, np.ndarray], bool]:
    """Columns in SI units by name, and whether the current is per metre of width."""
    header_line, header = next(rows, (0, []))
    if not header:
        raise InputError(f"{path} holds no header; write {_EXAMPLE}")
    units = [_column(f"{path}, line {header_line}", cell) for cell in header]
    names = [name for name, _ in units]
    if len(set(names)) < len(names) or "i" not in names or len({"v_dg", "v_gs"} & set(names)) != 1:
        raise InputError(f"{path}: columns {', '.join(names[:10])}; one of v_dg and v_gs, and i, once each: {_EXAMPLE}")
    numbers = [_numbers(f"{path}, line {number}", cells, names) for number, cells in islice(rows, MOST_POINTS + 1)]
    if not numbers:
        raise InputError(f"{path}: no points under its header")
    if len(numbers) > MOST_POINTS:
        raise InputError(f"{path} has more than {MOST_POINTS:,} points; keep every tenth")
    values = np.array(numbers).T
    scaled = {name: column * _UNITS[name][unit] for (name, unit), column in zip(units, values, strict=True)}
    return scaled, dict(units)["i"] in _PER_WIDTH


def _column(place: str, cell: str) -> tuple[str, str]:
    """Name and unit of a header cell such as `v_gs (V)`."""
    found = re.fullmatch(r"(\w+)\s*\(([^()]*)\)", cell)
    if not found:
        raise InputError(f"{place}: column {cell[:40]!r} has no unit in brackets; write {_EXAMPLE}")
    name, unit = found[1].lower(), found[2].strip().replace("\u00b5", "u").replace("\u03bc", "u")  # both signs of micro
    if name not in _UNITS:
        raise InputError(f"{place}: unknown column {found[1]!r}; known: {', '.join(_UNITS)}")
    if unit not in _UNITS[name]:
        raise InputError(f"{place}: unknown unit {unit!r} of {name}; known: {', '.join(_UNITS[name])}")
    return name, unit


def _numbers(place: str, cells: list[str], names: list[str]) -> list[float]:
    """The cells of a row as finite numbers."""
    if len(cells) != len(names):
        raise InputError(f"{place}: {len(cells)} cells under {len(names)} columns; a decimal point is a point")
    numbers = []
    for name, cell in zip(names, cells, strict=True):
        try:
            numbers.append(float(cell))
        except ValueError as error:
            raise InputError(f"{place}: {name} is {cell[:40]!r}, not a number") from error
        if not np.isfinite(numbers[-1]):
            raise InputError(f"{place}: {name} is {cell[:40]!r}; leave the row out")
    return numbers


def _constant(path: Path, name: str, column: np.ndarray) -> float:
    if np.ptp(column) > 1e-9 * abs(column[0]):
        raise InputError(f"{path}: {name} takes {len(set(column))} values; give one file per {name}")
    return float(column[0])


def _v_dg(path: Path, columns: dict[str, np.ndarray], v_ds: Volts | None) -> np.ndarray:
    if "v_dg" in columns:
        return columns["v_dg"]
    if v_ds is None:
        raise InputError(f"{path}: v_gs needs the drain voltage: give v_ds (V), or a column 'v_ds (V)'")
    return v_ds - columns["v_gs"]
