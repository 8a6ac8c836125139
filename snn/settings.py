"""Settings: frozen dataclasses that live with what they configure. A recipe's section is one of them, flat in a file.

A key of the file is the field's name and, unless that says it already, the unit of its annotation: `f_min: Hertz` is
`f_min_hz`. A field that is a dataclass itself lies in the same section, see `inline`.
"""

from collections.abc import Iterator
from dataclasses import field, fields, is_dataclass
from functools import partial
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from circuits.errors import InputError

Span = tuple[float, float]
SUFFIX = {"s": "_s", "Hz": "_hz", "V": "_v", "F": "_f", "m": "_m"}  # of a key, by the unit

section = partial(dataclass, frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
record = partial(dataclass, frozen=True, kw_only=True, config=ConfigDict(extra="ignore", allow_inf_nan=False))


def inline(default: Any, **keys: str | None) -> Any:
    """A field whose own fields lie in the section of its owner, under their names or under `keys`; None: in no file.

    A dot in the name of an inner field is written as two underscores: `neuron__bias="readout_bias"`.
    """
    return field(default=default, metadata={"keys": keys})


def ordered(name: str, span: Span, low: float = 0.0) -> None:
    """Raise InputError unless the span rises from above `low`."""
    if not low < span[0] <= span[1]:
        raise InputError(f"{name} must rise from above {low:g}, got {list(span)}")


def keys_of(settings: Any) -> dict[str, tuple[str, ...]]:
    """The keys of a section, and where in the settings the value of each lies."""
    return dict(_keys(settings))


def flat(settings: Any) -> dict[str, Any]:
    """The section as it stands in a file; what is None is left out."""
    values = {key: _value(settings, path) for key, path in _keys(settings)}
    return {key: value for key, value in values.items() if value is not None}


def _keys(settings: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    hints = get_type_hints(type(settings), include_extras=True)
    for f in fields(settings):
        inner, renamed = getattr(settings, f.name), f.metadata.get("keys", {})
        if not is_dataclass(inner):
            yield f.name + _suffix(f.name, hints[f.name]), (f.name,)
            continue
        for key, path in _keys(inner):
            if (name := renamed.get("__".join(path), key)) is not None:
                yield name, (f.name, *path)


def _suffix(name: str, hint: Any) -> str:
    """What the unit of an annotation adds to a name, perhaps nothing."""
    if get_origin(hint) in (Union, UnionType):
        return "".join(_suffix(name, part) for part in get_args(hint))
    suffix = SUFFIX.get(hint.__metadata__[0], "") if get_origin(hint) is Annotated else ""
    return "" if name.endswith(suffix) else suffix


def _value(settings: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        settings = getattr(settings, name)
    return settings
