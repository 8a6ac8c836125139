"""From TOML text to a recipe: `key=value` changes, and errors of one line that name the nearest known key."""

import tomllib
from collections.abc import Iterable
from dataclasses import asdict, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from circuits.errors import InputError
from snn.recipes.data_section import Head
from snn.settings import flat, keys_of

HEADINGS = ("name", "title")  # what --set may change outside a section
Recipe = TypeVar("Recipe", bound=Head)


class RecipeError(InputError):
    """A recipe that cannot be run; one line: key, value, limit, remedy."""


def read_table(text: str, place: str) -> dict[str, Any]:
    """A TOML table. Raises: RecipeError."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{place} is not valid TOML: {error}") from error


def to_table(recipe: Head) -> dict[str, Any]:
    """The recipe as its file has it."""
    values = {f.name: getattr(recipe, f.name) for f in fields(recipe)}
    return {name: flat(value) if is_dataclass(value) else value for name, value in values.items()}


def from_table(table: dict[str, Any], settings: Iterable[str], kind: type[Recipe], place: str) -> Recipe:
    """The recipe of a table, with `key=value` settings applied. Raises: RecipeError, one line."""
    default = kind(name="default")
    for setting in settings:
        _apply(table, setting, default)
    given = {key: _nested(key, value, default, place) for key, value in kind.completed(table).items()}
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        raise RecipeError(f"{place}: {_explain(error, default)}") from error


def nearest(key: str, known: Iterable[str]) -> str:
    """A question to append to an error, if a known key is near."""
    near = get_close_matches(key, list(known), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def sections_of(recipe: Head) -> dict[str, dict[str, tuple[str, ...]]]:
    """Name of each section, its keys, and where in the settings the value of each lies."""
    parts = {f.name: getattr(recipe, f.name) for f in fields(recipe)}
    return {name: keys_of(part) for name, part in parts.items() if is_dataclass(part)}


def _nested(key: str, value: Any, default: Head, place: str) -> Any:
    """A value of the file as the recipe's field has it: in a section, the defaults with the given keys put in."""
    sections = sections_of(default)
    if key not in {f.name for f in fields(default)}:
        raise RecipeError(f"{place}: unknown key {key!r}{nearest(key, (*sections, *HEADINGS))}")
    if key not in sections or not isinstance(value, dict):
        return value
    nested = asdict(getattr(default, key))
    for name, given in value.items():
        if name not in sections[key]:
            raise RecipeError(f"{place}: unknown key {f'{key}.{name}'!r}{nearest(name, sections[key])}")
        *inside, last = sections[key][name]
        target = nested
        for part in inside:
            target = target[part]
        target[last] = given
    return nested


def _apply(table: dict[str, Any], setting: str, default: Head) -> None:
    """Put one `key=value` into the table; the value is TOML, or else a string."""
    key, equals, value = setting.partition("=")
    if not equals:
        raise RecipeError(f"--set takes key=value, got {setting!r}")
    section, name = _locate(key.strip(), default)
    target = table if section is None else table.setdefault(section, {})
    if isinstance(target, dict):  # else the table's own error says what stands in its place
        target[name] = _parsed(value, _wants_text(default, section, name))


def _parsed(value: str, as_text: bool) -> Any:
    try:
        parsed = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        return value.strip()
    return value.strip() if as_text and not isinstance(parsed, str) else parsed


def _wants_text(default: Head, section: str | None, name: str) -> bool:
    """Whether the key holds text, so that 12 is the task "12"."""
    path = (name,) if section is None else (section, *sections_of(default)[section][name])
    owner: Any = default
    for part in path[:-1]:
        owner = getattr(owner, part)
    hint = get_type_hints(type(owner))[path[-1]]
    return str in (hint, *get_args(hint))


def _locate(key: str, default: Head) -> tuple[str | None, str]:
    """Section and name of a key. Raises: RecipeError for a key that no section, or more than one, has."""
    sections = sections_of(default)
    section, dot, name = key.partition(".")
    if dot and name in sections.get(section, ()):
        return section, name
    if not dot and key in HEADINGS:
        return None, key
    owners = [s for s, names in sections.items() if key in names]
    if len(owners) == 1:
        return owners[0], key
    if owners:
        raise RecipeError(f"--set {key}: say which: {' or '.join(f'{owner}.{key}' for owner in owners)}")
    everything = [key for s, names in sections.items() for n in names for key in (n, f"{s}.{n}")]
    raise RecipeError(f"--set {key}: unknown key{nearest(key, everything)}")


def _explain(error: ValidationError, default: Head) -> str:
    """The first problem as one line, told of the file's key."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    section, *path = first["loc"] or ("",)
    keys = sections_of(default).get(section, {})
    for key, inside in keys.items():
        if inside == tuple(path[: len(inside)]):
            return f"{section}.{key}: {message}, got {first['input']!r}"
        owner, name = ".".join(inside[:-1]), inside[-1]
        if owner and owner == ".".join(map(str, path)) and f".{name} must " in message:
            return f"{section}.{key} must {message.partition(' must ')[2]}"
    told = f"{section}: {message}" if section else message
    return told + ("" if isinstance(first["input"], dict) else f", got {first['input']!r}")
