"""Validated settings from TOML text: `key=value` changes, and errors of one line that name the nearest known key."""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from circuits.errors import InputError

Span = tuple[float, float]
HEADINGS = ("name", "title")  # of a recipe; everything else stands in a section


class RecipeError(InputError):
    """A recipe that cannot be run; one line: key, value, limit, remedy."""


class Section(BaseModel):
    """A part of a recipe: frozen, finite, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def ordered(name: str, span: Span, low: float = 0.0) -> None:
    """Raise ValueError unless the span rises from above `low`."""
    if not low < span[0] <= span[1]:
        raise InputError(f"{name} must rise from above {low:g}, got {list(span)}")


def read_table(text: str, place: str) -> dict[str, Any]:
    """A TOML table. Raises: RecipeError."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{place} is not valid TOML: {error}") from error


def validated(table: dict[str, Any], settings: Iterable[str], model: type[Section], place: str) -> Section:
    """The table with `key=value` settings applied, as a `model`. Raises: RecipeError, one line."""
    for setting in settings:
        _apply(table, setting, model)
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise RecipeError(f"{place}: {_explain(error, model)}") from error


def nearest(key: str, known: Iterable[str]) -> str:
    """A question to append to an error, if a known key is near."""
    near = get_close_matches(key, list(known), 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else ""


def _apply(table: dict[str, Any], setting: str, model: type[Section]) -> None:
    """Put one `key=value` into the table; the value is TOML, or else a string."""
    key, equals, value = setting.partition("=")
    if not equals:
        raise RecipeError(f"--set takes key=value, got {setting!r}")
    section, name = _locate(key.strip(), model)
    try:
        parsed = tomllib.loads(f"x = {value}")["x"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    target = table if section is None else table.setdefault(section, {})
    if isinstance(target, dict):  # else the table's own error says what stands in its place
        target[name] = parsed


def _sections(model: type[Section]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(field.annotation.model_fields)
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def _locate(key: str, model: type[Section]) -> tuple[str | None, str]:
    """Section and name of a key. Raises: RecipeError for a key that no section, or more than one, has."""
    sections = _sections(model)
    section, dot, name = key.partition(".")
    if dot and section in sections and name in sections[section]:
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


def _explain(error: ValidationError, model: type[Section]) -> str:
    """The first problem as one line, with the nearest known key if a key is unknown."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "recipe"
    if first["type"] == "extra_forbidden":
        sections, key = _sections(model), str(first["loc"][-1])
        known = sections.get(str(first["loc"][0]), ()) if len(first["loc"]) > 1 else (*sections, *HEADINGS)
        return f"unknown key {place!r}{nearest(key, known)}"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" + ("" if isinstance(first["input"], dict) else f", got {first['input']!r}")
