"""Names in one Unicode form, so that a word typed on one system is the word stored by another."""

import unicodedata
from collections.abc import Iterable


def one_form(text: str) -> str:
    """The composed form (NFC) of a text, in which names are compared and hashed; never what is shown.

    Source:  Unicode Standard Annex 15; macOS stores file names decomposed, keyboards type composed letters.
    """
    return unicodedata.normalize("NFC", text)


def first_spellings(names: Iterable[str]) -> dict[str, str]:
    """The first of each group of names that differ in their Unicode form alone, by that form."""
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(one_form(name), name)
    return first
