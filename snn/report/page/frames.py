"""What stands around every picture: its caption, where its figures come from, and what of them is ASSUMED."""

import re
from collections.abc import Iterable, Sequence

from snn.report.page.markup import Child, Html, element, together
from snn.report.page.quantities import count_of

ASSUMED = "ASSUMED"
NO_SOURCE = "computed by this program from the run's own files"


def figure(name: str, picture: Child, caption: Child, sources: Iterable[str]) -> Html:
    """A figure with its caption, and below it every source once. name: of its `id`."""
    return element("figure", picture, element("figcaption", caption, " ", source_list(sources)), id=name)


def source_list(sources: Iterable[str]) -> Html:
    """All sources, folded away, with how many of them are assumptions."""
    lines = [line for line in dict.fromkeys(sources) if line] or [NO_SOURCE]
    assumed = [line for line in lines if ASSUMED in line]
    if len(lines) == 1:
        return element("span", "Source: ", marked(lines[0]), ".", class_="source")
    said = together(count_of(len(lines), "source"), ", ", *_assumed(len(assumed)))
    items = (element("li", marked(line)) for line in lines)
    return element("details", element("summary", said), element("ul", items), class_="sources")


def _assumed(n: int) -> Sequence[Child]:
    if not n:
        return ("none of them assumed",)
    return (f"{n} of them ", element("mark", ASSUMED))


def marked(text: str) -> Html:
    """The text with every ASSUMED in it marked."""
    first, *rest = text.split(ASSUMED)
    return together(first, *((element("mark", ASSUMED), part) for part in rest))


def unbroken(text: str) -> Html:
    """The text with its options, `--evaluate`, kept on one line each."""
    words = (element("code", word) if word.startswith("--") else word for word in re.split(r"(--[a-z-]+)", text))
    return together(*words)


def scroller(label: str, content: Child) -> Html:
    """What is wider than a phone scrolls in itself, by keyboard too."""
    return element("div", content, class_="scroller", role="region", aria_label=label, tabindex="0")


def facts(pairs: Iterable[tuple[str, Child]], **attributes: str) -> Html:
    """Terms and what they are."""
    rows = (element("div", element("dt", term), element("dd", value)) for term, value in pairs)
    return element("dl", rows, **attributes)


def folded(summary: Child, content: Child, **attributes: str) -> Html:
    """A part that is opened on demand, and always in print."""
    return element("details", element("summary", summary), content, **attributes)
