"""Tables of TOML files as dataclasses: an unknown key is named with the nearest one, a missing one by itself.

A key in a file carries the unit of its field: `c_mem: Farads` is read from `c_mem_f`, `hop_j: Joules` from `hop_j`.
"""

import json
import math
import re
import tomllib
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from circuits.errors import InputError
from circuits.storage import parsed, read_regular
from circuits.units import unit_of

Row = TypeVar("Row")
Table = dict[str, Any]
MOST_TOML, MOST_JSON = 2**20, 2**23  # bytes; parsed, hostile ones take twenty to a hundred times as much memory
MOST_PARTS = 24  # of a dotted key, whose cost is quadratic
MOST_DEPTH = 32  # of tables and lists in one another
DAMAGED = "; train again, or copy it back"  # the remedy for a file that this package wrote
_NAMES = {float: "a finite number", int: "a whole number", str: "text", bool: "true or false", NoneType: "nothing"}
NOT_IN_FILE = {"in_file": False}  # metadata of a field that no file sets
# units that are no letters alone
_COMPOUND = {
    "A/m": "a_per_m", "A/m/V": "a_per_v_m", "F/m": "f_per_m", "m^2": "m2", "V^3": "v3", "V m": "v_m", "V/K": "v_per_k",
    "1/m^2": "per_m2",
}  # fmt: skip


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A question to append to an error, where a known word is near; `cutoff` 0 names the nearest in any case."""
    near = get_close_matches(word[:80], list(known), 1, cutoff)
    return f"; did you mean {near[0]!r}?" if near else ""


def read_toml(path: str | Path) -> Table:
    """The table of a file. Raises: InputError naming a file that is not there, too large, or no TOML."""
    return toml_table(text_of(path, MOST_TOML), path)


def toml_table(text: str, place: str | Path) -> Table:
    """The table of a TOML text. Raises: InputError naming `place`."""
    plain = re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", "q", text)
    if any(part.count(".") > MOST_PARTS for part in re.split(r"[=,{}\[\]\n#]", plain)):
        raise InputError(f"{place} is not a TOML file: a key has more than {MOST_PARTS} parts; write tables instead")
    return _shallow(parsed(place, "is not a TOML file", lambda: tomllib.loads(text)), place)


def read_json(path: str | Path) -> Any:
    """The value of a JSON file. Raises: InputError naming a file that is not there, too large, or no JSON."""
    return json_value(text_of(path, MOST_JSON), path)


def json_value(text: str, place: str | Path, remedy: str = DAMAGED) -> Any:
    """The value of a JSON text with finite numbers and each name once. Raises: InputError naming `place`."""
    hooks = {"parse_constant": _not_finite, "object_pairs_hook": _once}
    return _shallow(parsed(place, "is damaged", lambda: json.loads(text, **hooks), remedy), place)


def text_of(path: str | Path, limit: int) -> str:
    """The text of a file of at most `limit` bytes. Raises: InputError naming it, where it is no UTF-8 too."""
    try:
        return read_regular(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _once(pairs: list[tuple[str, Any]]) -> Table:
    if len(table := dict(pairs)) < len(pairs):
        raise ValueError(f"{shortened(sorted(name for name, _ in pairs))}: one name stands twice")
    return table


def _not_finite(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a finite number")


def _shallow(value: Any, place: str | Path) -> Any:
    """The value itself. Raises: InputError for one so deep that nothing could print it."""
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for item in level if isinstance(item, dict | list)
                 for inner in (item.values() if isinstance(item, dict) else item)]  # fmt: skip
    if level:
        raise InputError(f"{place} nests tables and lists more than {MOST_DEPTH} deep; take out the inner ones")
    return value


def read_rows(path: str | Path, name: str, kind: type[Row]) -> tuple[Row, ...]:
    """The `[[name]]` tables of a TOML file as dataclasses of one kind, in file order; nothing else may stand there.

    Raises: as `read_toml` and `record`, naming the row.
    """
    tables = read_toml(path)
    rows = tables.pop(name, None)
    if tables or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        found = shortened(sorted(tables)) if tables else "no rows"
        raise InputError(f"{path} has {found}; expected [[{name}]] tables and nothing else")
    return tuple(
        record(row, kind, f"row {number} of {path} ({str(row.get('name', 'no name'))[:80]})")
        for number, row in enumerate(rows, start=1)
    )


def record(table: Table, kind: type[Row], place: str) -> Row:
    """A table as a dataclass; a table inside it is one too, where the field is. `place` names it in errors.

    Raises: InputError for an unknown key, a missing one, or a value that the dataclass refuses.
    """
    known, hints = keys_of(kind), get_type_hints(kind, include_extras=True)
    if unknown := [key for key in table if key not in known]:
        raise InputError(f"unknown key {shortened(unknown[0])} in {place}{did_you_mean(unknown[0], known, 0.0)}")
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
    texts = {key: entry for key, entry in table.items() if isinstance(entry, str)}
    values, sources = _section({key: entry for key, entry in table.items() if key not in texts}, place)
    return texts | values, sources


def _section(table: Table, place: str, prefix: str = "") -> tuple[Table, dict[str, str]]:
    values, sources = {}, {}
    for key, entry in table.items():
        name = f"{prefix}{key}"
        if isinstance(entry, dict) and not {"value", "source"} & set(entry):
            values[key], inner = _section(entry, place, f"{name}.")
            sources |= inner
        else:
            values[key], sources[name] = _sourced(entry, f"{place}: {name}")
    return values, sources


def _sourced(entry: Any, place: str) -> tuple[Any, str]:
    if not isinstance(entry, dict) or set(entry) != {"value", "source"}:
        raise InputError(f'{place} must be {{ value = ..., source = "..." }}, got {shortened(entry)}')
    if not isinstance(entry["source"], str) or not entry["source"].strip():
        value = shortened(entry["value"])
        raise InputError(f"{place}: {value} has no source; name the paper and table, or write ASSUMED")
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
    """A value as its field takes it; one with a unit is for `freeze_si`. Raises: InputError for another kind.

    `false` where a table may be left out: TOML knows no None.
    """
    if (inside := _optional_table(hint)) is not None:
        return None if value is False or value is None else _value(value, inside, place)
    if is_dataclass(hint):
        if not isinstance(value, hint | dict):
            raise InputError(f"{place} must be a table, got {shortened(value)}")
        return record(value, hint, place) if isinstance(value, dict) else value
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise InputError(f"{place} must be a list, got {shortened(value)}")
        return tuple(_value(item, get_args(hint)[0], f"{place}[{i}]") for i, item in enumerate(value))
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if all(kind in _NAMES for kind in kinds) and not any(_is(value, kind) for kind in kinds):
        wanted = " or ".join(_NAMES[kind] for kind in kinds)
        raise InputError(f"{place} must be {wanted}, got {shortened(value)}")
    return hint(value) if hint in (int, float) else value


def _optional_table(hint: Any) -> type | None:
    """The dataclass of a field that holds one or None; None for a field of another kind."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    optional = get_origin(hint) in (Union, UnionType) and len(kinds) == 1 and is_dataclass(kinds[0])
    return kinds[0] if optional else None


def _is(value: Any, kind: type) -> bool:
    """Whether a value of a file is of a kind; a number is no truth value, and a float has to hold it."""
    if kind not in (int, float):
        return type(value) is kind
    try:
        return type(value) in (int, float) and math.isfinite(value) and (kind is float or value == int(value))
    except OverflowError:  # a whole number of hundreds of digits
        return False


def shortened(value: Any) -> str:
    """A value as an error shows it, in at most 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
