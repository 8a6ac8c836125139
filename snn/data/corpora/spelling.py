"""Names in one Unicode form, so that a word typed on one system is the word stored by another."""

import unicodedata


def one_form(text: str) -> str:
    """The composed form (NFC) of a text, in which names are compared and hashed; never what is shown.

    Source:  Unicode Standard Annex 15; macOS stores file names decomposed, keyboards type composed letters.
    """
    return unicodedata.normalize("NFC", text)
