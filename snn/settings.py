"""Settings: frozen dataclasses that live with what they configure. A recipe's section is one of them, flat in a file.

A key of the file is the field's name and, unless that says it already, the unit of its annotation: `f_min: Hertz` is
`f_min_hz`. A field that is `inline` is a dataclass itself, whose fields lie in the same section.
"""

from collections.abc import Callable, Iterator
from dataclasses import field, fields
from typing import Annotated, Any, TypeVar, dataclass_transform, get_type_hints

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from circuits.errors import InputError
from circuits.units import KEY_UNITS, require_plausible, unit_of

Span = tuple[float, float]
Keys = dict[str, tuple[str, ...]]  # each key of a section, and where in the settings its value lies

Settings = TypeVar("Settings")
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]  # of spikes, seconds, joules
Count = Annotated[int, Field(ge=0)]


@dataclass_transform(frozen_default=True)
def section(cls: type[Settings]) -> type[Settings]:
    """Decorator: a frozen dataclass whose values are checked; a key that it does not know is an error."""
    return dataclass(cls, frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[Settings]) -> type[Settings]:
    """Decorator: the same of what is read back, its fields by name only; a key that it does not know is left out."""
    return dataclass(cls, frozen=True, kw_only=True, config=ConfigDict(extra="ignore", allow_inf_nan=False))


def inline(default: Any, **keys: str | None) -> Any:
    """A field whose own fields lie in the section of its owner, under their names or under `keys`; None: in no file.

    Inner fields that are dataclasses lie there too; a dot in the name of one is written as two underscores:
    `neuron__bias="readout_bias"`.
    """
    return field(default=default, metadata={"keys": keys, "inner": _inner(default)})


def stored(default: Any, store: Callable[[Any], Any]) -> Any:
    """A field whose value stands in a file as `store` makes it."""
    return field(default=default, metadata={"store": store})


def ordered(name: str, span: Span, low: float = 0.0) -> None:
    """Raise InputError unless the span rises from above `low`."""
    if not low < span[0] <= span[1]:
        raise InputError(f"{name} must rise from above {low:g}, got {list(span)}")


def key_unit(key: str) -> str | None:
    """The unit that the end of a key says, `tau_mem_s` in s; None for a key without one."""
    return next((unit for end, unit in KEY_UNITS.items() if key.endswith(end)), None)


def keys_of(settings: Any) -> Keys:
    """The keys of a section, and where in the settings the value of each lies."""
    found = {}
    for f in fields(settings):
        if "inner" not in f.metadata:
            found[f.name] = (f.name,)
            continue
        for path, key in f.metadata["inner"].items():
            if (name := f.metadata["keys"].get("__".join(path), key)) is not None:
                found[name] = (f.name, *path)
    return found


def flat(settings: Any) -> dict[str, Any]:
    """The section as it stands in a file; what is None is left out."""
    store = {f.name: f.metadata.get("store", lambda value: value) for f in fields(settings)}
    values = {key: store[path[0]](value_at(settings, path)) for key, path in keys_of(settings).items()}
    return {key: value for key, value in values.items() if value is not None}


def nested(settings: Any) -> dict[str, Any]:
    """The section as a table of its fields, inline ones as tables inside it."""
    tables = {f.name: getattr(settings, f.name) for f in fields(settings)}
    for f in fields(settings):
        for path in f.metadata.get("inner", ()):
            target = tables
            for name in (f.name, *path[:-1]):
                target[name] = target[name] if isinstance(target[name], dict) else dict(vars(target[name]))
                target = target[name]
    return tables


def value_at(settings: Any, path: tuple[str, ...]) -> Any:
    """The value that lies there."""
    for name in path:
        settings = getattr(settings, name)
    return settings


def require_plausible_section(settings: Any) -> None:
    """Raise InputError for a forgotten prefix; a field with an upper limit, and an inline one, has its own."""
    for name, info in type(settings).__pydantic_fields__.items():
        limited = any(getattr(limit, end, None) is not None for limit in info.metadata for end in ("le", "lt"))
        value, unit = getattr(settings, name), key_unit(name)
        if unit and not limited and value is not None:
            for number in value if isinstance(value, tuple) else (value,):
                require_plausible(number, unit, name)


def _inner(settings: Any) -> dict[tuple[str, ...], str]:
    """Where the values of a dataclass and of those inside it lie, and the key of each."""
    return dict(_leaves(settings))


def _leaves(settings: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    hints, ends = get_type_hints(type(settings), include_extras=True), {unit: end for end, unit in KEY_UNITS.items()}
    for f in fields(settings):
        inner = getattr(settings, f.name)
        if hasattr(inner, "__dataclass_fields__"):
            yield from (((f.name, *path), key) for path, key in _leaves(inner))
        else:
            end = ends.get(unit_of(hints[f.name]), "")
            yield (f.name,), f.name if f.name.endswith(end) else f.name + end
