"""Tables of TOML files as dataclasses: an unknown key is named with the nearest one, a missing one by itself.

A key in a file carries the unit of its field: `c_mem: Farads` is read from `c_mem_f`, `hop_j: Joules` from `hop_j`.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from circuits.errors import InputError, MissingInputError
from circuits.units import unit_of

Row = TypeVar("Row")
Table = dict[str, Any]
NOT_IN_FILE = {"in_file": False}  # metadata of a field that no file sets
_COMPOUND = {"A/m": "a_per_m", "A/m/V": "a_per_v_m", "m^2": "m2"}  # units that are no letters alone


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A question to append to an error, where a known word is near; `cutoff` 0 names the nearest in any case."""
    near = get_close_matches(word, list(known), 1, cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


def read_toml(path: str | Path) -> Table:
    """The table of a file. Raises: InputError naming a file that is not there, or whose text is no TOML."""
    path = Path(path)
    if not path.is_file():
        raise MissingInputError(f"no file {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not a TOML file: {error}") from error


def read_rows(path: str | Path, name: str, kind: type[Row]) -> tuple[Row, ...]:
    """The `[[name]]` tables of a TOML file as dataclasses of one kind, in file order; nothing else may stand there.

    Raises: as `read_toml` and `record`, naming the row.
    """
    tables = read_toml(path)
    rows = tables.pop(name, None)
    if tables or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{path} has {sorted(tables) or 'no rows'}; expected [[{name}]] tables and nothing else")
    return tuple(
        record(row, kind, f"row {number} of {path} ({row.get('name', 'no name')})")
        for number, row in enumerate(rows, start=1)
    )


def record(table: Table, kind: type[Row], place: str) -> Row:
    """A table as a dataclass; a table inside it is one too, where the field is. `place` names it in errors.

    Raises: InputError for an unknown key, a missing one, or a value that the dataclass refuses.
    """
    known, hints = keys_of(kind), get_type_hints(kind)
    if unknown := [key for key in table if key not in known]:
        raise InputError(f"unknown key {unknown[0]!r} in {place}{did_you_mean(unknown[0], known, 0.0)}")
    if missing := [key for key, field in known.items() if _required(field) and key not in table]:
        raise InputError(f"{place} lacks {', '.join(missing)}; add {'it' if len(missing) == 1 else 'them'}")
    given = {known[key].name: _value(value, hints[known[key].name], f"{place}.{key}") for key, value in table.items()}
    try:
        return kind(**given)
    except InputError as error:
        raise InputError(f"{place}: {error}") from error


def unsourced(table: Table, place: str) -> tuple[Table, dict[str, str]]:
    """Every `{ value, source }` of a table and its sections by the value alone, and the sources by dotted key.

    Texts of the table itself (name, title) need no source. Raises: InputError for a value without one.
    """
    values, sources = {}, {}
    for key, entry in table.items():
        if isinstance(entry, str):
            values[key] = entry
        elif isinstance(entry, dict) and not {"value", "source"} & set(entry):
            pairs = {name: _sourced(inner, f"{place}: {key}.{name}") for name, inner in entry.items()}
            values[key] = {name: value for name, (value, _) in pairs.items()}
            sources |= {f"{key}.{name}": source for name, (_, source) in pairs.items()}
        else:
            values[key], sources[key] = _sourced(entry, f"{place}: {key}")
    return values, sources


def _sourced(entry: Any, place: str) -> tuple[Any, str]:
    if not isinstance(entry, dict) or set(entry) != {"value", "source"}:
        raise InputError(f'{place} must be {{ value = ..., source = "..." }}, got {entry!r}')
    if not isinstance(entry["source"], str) or not entry["source"].strip():
        raise InputError(f"{place}: {entry['value']} has no source; name the paper and table, or write ASSUMED")
    return entry["value"], entry["source"]


def keys_of(kind: type) -> dict[str, Field]:
    """The fields that a file may set, by their key there: the name, and the unit where the name does not end in it."""
    hints = get_type_hints(kind, include_extras=True)
    units = {field: unit_of(hints[field.name]) for field in fields(kind) if field.metadata != NOT_IN_FILE}
    ends = {field: "_" + _COMPOUND.get(unit, unit.lower()) if unit else "" for field, unit in units.items()}
    return {field.name.removesuffix(end) + end: field for field, end in ends.items()}


def _required(field: Field) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _value(value: Any, hint: Any, place: str) -> Any:
    if not is_dataclass(hint) or isinstance(value, hint):
        return value
    if not isinstance(value, dict):
        raise InputError(f"{place} must be a table, got {value!r}")
    return record(value, hint, place)
