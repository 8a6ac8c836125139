"""From TOML text to a recipe: `key=value` changes, and errors of one line that name the nearest known key."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from circuits.errors import InputError
from circuits.tables import did_you_mean, shortened, toml_table
from circuits.units import quantity
from snn.recipes.data_section import Head
from snn.settings import Keys, flat, key_unit, keys_of, nested, require_plausible_section, value_at

HEADINGS = ("name", "title")  # what --set may change outside a section
USUAL_NAMES = {"lr": "learning_rate", "bs": "batch_size", "n_epochs": "epochs", "dataset": "data.name"}  # elsewhere
Recipe = TypeVar("Recipe", bound=Head)


class RecipeError(InputError):
    """A recipe that cannot be run; one line: key, value, limit, remedy."""


@contextmanager
def as_recipe_error() -> Iterator[None]:
    """A mistake in what is read inside is one in a recipe."""
    try:
        yield
    except RecipeError:
        raise
    except InputError as error:
        raise RecipeError(str(error)) from error


def read_table(text: str, place: str) -> dict[str, Any]:
    """A TOML table. Raises: RecipeError."""
    with as_recipe_error():
        return toml_table(text, place)


def to_table(recipe: Head) -> dict[str, Any]:
    """The recipe as its file has it."""
    values = {f.name: getattr(recipe, f.name) for f in fields(recipe)}
    return {name: flat(value) if is_dataclass(value) else value for name, value in values.items()}


def from_table(table: dict[str, Any], settings: Iterable[str], kind: type[Recipe], place: str) -> Recipe:
    """The recipe of a table, with `key=value` settings applied. Raises: RecipeError, one line."""
    default = kind(name="default")
    for setting in settings:
        _apply(table, setting, default)
    try:
        given = {key: _given(key, value, default) for key, value in kind.completed(table).items()}
        recipe = TypeAdapter(kind).validate_python(given)
        for section in sections_of(default):
            _require_plausible(recipe, section)
    except ValidationError as error:
        raise RecipeError(f"{place}: {_explain(error, default)}") from error
    except InputError as error:
        raise RecipeError(f"{place}: {error}") from error
    return recipe


def nearest(key: str, known: Iterable[str]) -> str:
    """A question to append to an error, if a known key is near."""
    return did_you_mean(key, known, 0.5)


def sections_of(recipe: Head) -> dict[str, Keys]:
    """Name of each section, its keys, and where in the settings the value of each lies."""
    parts = {f.name: getattr(recipe, f.name) for f in fields(recipe)}
    return {name: keys_of(part) for name, part in parts.items() if is_dataclass(part)}


def _given(key: str, value: Any, default: Head) -> Any:
    """A value of the file as the recipe's field has it: in a section, the defaults with the given keys put in."""
    sections = sections_of(default)
    if key not in {f.name for f in fields(default)}:
        raise RecipeError(f"unknown key {key!r}{nearest(key, (*sections, *HEADINGS))}")
    if key not in sections or not isinstance(value, dict):
        return value
    tables = nested(getattr(default, key))
    for name, given in value.items():
        if name not in sections[key]:
            raise RecipeError(f"unknown key {f'{key}.{name}'!r}{nearest(name, sections[key])}")
        *inside, last = sections[key][name]
        hint = get_type_hints(type(value_at(getattr(default, key), tuple(inside))))[last]
        if any((isinstance(item, bool)) != (hint is bool) for item in (given if isinstance(given, list) else [given])):
            kind = "true or false" if hint is bool else "a number, a text or a list"
            raise RecipeError(f"{key}.{name} must be {kind}, got {shortened(given)}")
        target = tables
        for part in inside:
            target = target[part]
        target[last] = _in_si(f"{key}.{name}", given)
    return tables


def _in_si(key: str, value: Any) -> Any:
    """A value whose texts are read as quantities, "20 ms", where the key has a unit."""
    unit = key_unit(key)
    if unit is None or not isinstance(value, str | list):
        return value
    if isinstance(value, str):
        return quantity(value, unit, key)
    return [quantity(item, unit, key) if isinstance(item, str) else item for item in value]


def _require_plausible(recipe: Head, section: str) -> None:
    try:
        require_plausible_section(getattr(recipe, section))
    except InputError as error:
        raise RecipeError(f"{section}: {error}") from error


def _apply(table: dict[str, Any], setting: str, default: Head) -> None:
    """Put one `key=value` into the table."""
    key, equals, text = setting.partition("=")
    if not equals:
        raise RecipeError(f"--set takes key=value, got {setting!r}")
    section, name = _locate(key.strip(), default)
    target = table if section is None else table.setdefault(section, {})
    if isinstance(target, dict):  # else the table's own error says what stands in its place
        path = (name,) if section is None else (section, *sections_of(default)[section][name])
        hint = get_type_hints(type(value_at(default, path[:-1])))[path[-1]]
        target[name] = _value(text.strip(), name, hint)


def _value(text: str, name: str, hint: Any) -> Any:
    """What the text of a setting means: itself where the key wants text, else TOML, or numbers with units."""
    try:
        (parsed,) = toml_table(f"x = {text}", name).values()  # a text of several lines holds more than one value
    except ValueError:
        parsed = text
        if key_unit(name) and text.startswith("[") and text.endswith("]"):
            parsed = [item.strip() for item in text[1:-1].split(",")]
    return text if _wants_text(hint) and not isinstance(parsed, str) else parsed


def _wants_text(hint: Any) -> bool:
    """Whether a key takes nothing but text, and perhaps None."""
    if get_origin(hint) is Literal:
        return all(isinstance(choice, str) for choice in get_args(hint))
    choices = get_args(hint) or (hint,)
    return hint is str or (str in choices and set(choices) <= {str, type(None)})


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
    hint = nearest(USUAL_NAMES.get(key, key), everything)
    raise RecipeError(f"--set {key}: unknown key{hint}")


def _explain(error: ValidationError, default: Head) -> str:
    """The first problem as one line, with the file's key."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_type":
        message += f'; write "{first["input"]}"'
    if first["type"] == "tuple_type":
        message = "must be a list in brackets"
    named = first["type"] == "value_error" or isinstance(first["input"], dict)  # the message names the value
    end = "" if named else f", got {shortened(first['input'])}"
    section, *path = first["loc"] or ("",)
    for key, inside in sections_of(default).get(section, {}).items():
        if inside == tuple(path[: len(inside)]):
            return f"{section}.{key}: {message}{end}"
        if path and inside[:-1] == tuple(path) and (found := re.fullmatch(rf"\w+\.{inside[-1]}( .*)", message)):
            return f"{section}.{key}{found[1]}"
    return f"{section}: {message}{end}" if section else f"{message}{end}"
