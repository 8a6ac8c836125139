"""Names and texts made safe for a circuit simulator: nothing that a user typed reaches a netlist unchanged."""

import re
from collections.abc import Container, Iterable

MAX_NAME = 40  # characters; SPICE dialects differ, none that is in use allows fewer
MAX_TEXT = 120
RESERVED = ("core", "corners", "network", "readme")  # stems of files that every hand-over has


def safe_name(label: str, taken: Container[str] = ()) -> str:
    """A SPICE identifier and file stem for any label: only [a-z0-9_], a letter first, at most `MAX_NAME` characters.

    Args:  label: any text.   taken: names already given away; the result is none of them (`hidden`, `hidden_2`, ...).
    """
    stem = re.sub(r"[^a-z0-9]+", "_", str(label).lower()).strip("_")
    stem = stem if stem[:1].isalpha() else f"n_{stem}".rstrip("_")
    name, number = stem[:MAX_NAME], 1
    while name in taken:
        number += 1
        name = f"{stem[: MAX_NAME - len(f'_{number}')]}_{number}"
    return name


def file_stems(labels: Iterable[str]) -> dict[str, str]:
    """A file stem of its own for each label, none of them one of `RESERVED`."""
    stems: dict[str, str] = {}
    for label in labels:
        stems[label] = safe_name(label, {*RESERVED, *stems.values()})
    return stems


def safe_text(text: str) -> str:
    """One line of printable ASCII for titles and comments, at most `MAX_TEXT` characters; the rest becomes `?`."""
    line = " ".join(str(text).split())[:MAX_TEXT]
    return "".join(character if " " <= character <= "~" else "?" for character in line)


def spice_number(value: float) -> str:
    """An SI float as SPICE text, without suffix: 12 digits, so the netlist and the model agree."""
    return f"{value:.12g}"
