"""Validated settings from TOML text: `key=value` changes, and errors of one line that name the nearest known key."""

import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    InstanceOf,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from circuits.device.btbt import DEVICES, BTBTDevice
from circuits.device.device_file import DeviceTable, device_of_table, load_device, table_of_device
from circuits.errors import InputError
from circuits.units import KEY_UNITS, quantity, require_plausible

Span = tuple[float, float]
HEADINGS = ("name", "title")  # of a recipe; everything else stands in a section


class RecipeError(InputError):
    """A recipe that cannot be run; one line: key, value, limit, remedy."""


class Section(BaseModel):
    """A part of a recipe: frozen, finite, no unknown keys; a key that ends in a unit takes text with one, "20 ms"."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _with_units(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        return {key: _in_si(key, value) if key in cls.model_fields else value for key, value in table.items()}

    @model_validator(mode="after")
    def _plausible(self) -> "Section":
        """A forgotten prefix is named; a key with an upper limit of its own has that one."""
        for key, field in type(self).model_fields.items():
            if (unit := key_unit(key)) and not _has_upper_limit(field):
                value = getattr(self, key)
                for number in value if isinstance(value, tuple) else (value,):
                    if number is not None:
                        require_plausible(number, unit, key)
        return self


def key_unit(key: str) -> str | None:
    """The unit that the end of a key says, `tau_mem_s` in s; None for a key without one."""
    return next((unit for end, unit in KEY_UNITS.items() if key.endswith(end)), None)


def _has_upper_limit(field: FieldInfo) -> bool:
    return any(getattr(limit, name, None) is not None for limit in field.metadata for name in ("le", "lt"))


def _in_si(key: str, value: Any) -> Any:
    """A value whose texts are read as quantities, where the key has a unit."""
    unit = key_unit(key)
    if unit is None or not isinstance(value, str | list | tuple):
        return value
    if isinstance(value, str):
        return quantity(value, unit, key)
    return [quantity(item, unit, key) if isinstance(item, str) else item for item in value]


def _device(value: Any) -> Any:
    """A device from its name, its file or its table."""
    if isinstance(value, str):
        return load_device(value)
    return device_of_table(value) if isinstance(value, dict) else value


def _device_setting(device: BTBTDevice) -> str | DeviceTable:
    """A device as a recipe stores it: its name if that says it all, else its numbers, so that a run needs no file."""
    return device.name if DEVICES.get(device.name) == device else table_of_device(device)


Device = Annotated[InstanceOf[BTBTDevice], BeforeValidator(_device), PlainSerializer(_device_setting)]


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
    """Put one `key=value` into the table."""
    key, equals, text = setting.partition("=")
    if not equals:
        raise RecipeError(f"--set takes key=value, got {setting!r}")
    section, name = _locate(key.strip(), model)
    owner = model if section is None else model.model_fields[section].annotation
    target = table if section is None else table.setdefault(section, {})
    if isinstance(target, dict):  # else the table's own error says what stands in its place
        target[name] = _value(text.strip(), name, owner.model_fields[name].annotation)


def _value(text: str, name: str, annotation: Any) -> Any:
    """What the text of a setting means: itself where the key wants text, else TOML, or numbers with units."""
    try:
        parsed = tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        parsed = text
        if key_unit(name) and text.startswith("[") and text.endswith("]"):
            parsed = [item.strip() for item in text[1:-1].split(",")]
    return text if _wants_text(annotation) and not isinstance(parsed, str) else parsed


def _wants_text(annotation: Any) -> bool:
    """Whether a key takes nothing but text, and perhaps None."""
    if get_origin(annotation) is Literal:
        return all(isinstance(choice, str) for choice in get_args(annotation))
    choices = get_args(annotation) or (annotation,)
    return annotation is str or (str in choices and set(choices) <= {str, type(None)})


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
    if first["type"] == "string_type":
        message += f'; write "{first["input"]}"'
    if first["type"] == "tuple_type":
        message = "must be a list in brackets"
    told = first["type"] == "value_error" or isinstance(first["input"], dict)  # the message names the value
    return f"{place}: {message}" + ("" if told else f", got {first['input']!r}")
