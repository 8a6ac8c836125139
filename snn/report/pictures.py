"""Figures to files: one PNG, SVG or PDF each, written whole or not at all."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from circuits.errors import InputError
from circuits.storage import write_atomically
from snn.report.style import unknown_glyphs_as_boxes, with_fallback_fonts

FORMATS = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
UNDATED = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}  # the same figure, the same bytes


def save_figure(path: str | Path, figure: Figure) -> Path:
    """Write a figure in the format that the file name's ending says. Raises: InputError, OSError."""
    path, chosen = Path(path), picture_format(path)
    with_fallback_fonts(figure)
    with unknown_glyphs_as_boxes(), matplotlib.rc_context({"svg.hashsalt": "tunnelspike"}):
        write_atomically(path, lambda part: figure.savefig(part, format=chosen, metadata=UNDATED[chosen]))
    return path


def picture_format(path: str | Path) -> str:
    """ "png", "svg" or "pdf", by the file name's ending. Raises: InputError for any other."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise InputError(f"{path} ends in {suffix or 'nothing'!r}; a picture ends in {', '.join(FORMATS)}")
    return FORMATS[suffix]
