"""HTML and SVG as text that is safe by construction: only `element` makes markup, everything else is escaped."""

import json
from collections.abc import Iterable
from html import escape
from typing import Any

from circuits.errors import shown

VOID = frozenset({"meta", "br", "hr", "link"})  # elements of HTML that have no end tag


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | Html | int | float | Iterable[Any] | None


def element(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """One element; texts and values of attributes are escaped, control characters shown as codes.

    children: markup, text, numbers, or iterables of them; None is nothing.   attributes: `aria_label` is `aria-label`
    and `class_` is `class`; True is an attribute without value, None and False none at all.
    """
    written = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{together(*children)}</{name}>")


def together(*children: Child) -> Html:
    """Markup and escaped text one behind the other."""
    return Html("".join(map(_text, children)))


def in_script(value: Any) -> Html:
    """JSON for a script element: nothing in it can end that element or begin another."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))  # ASCII, so no line separators either
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return str(child)
    if isinstance(child, str | int | float):
        return escape(shown(child), quote=True)
    return together(*child)


def _attribute(key: str, value: str | int | float | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(shown(value), quote=True)}"'
