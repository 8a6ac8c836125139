"""How every picture looks: palette, axes, text shown literally, and numbers that can be drawn at all."""

import textwrap
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.text import Text
from matplotlib.ticker import EngFormatter, NullFormatter

from circuits.errors import InputError

# Source: Okabe and Ito 2008, "Color Universal Design": told apart with every kind of colour vision
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, PALE = "#6B6B6B", "#E3E3E3"

FALLBACK_FONTS = (  # for letters that matplotlib's own DejaVu Sans lacks: Linux, then Windows, then macOS
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Tamil",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Nirmala UI", "Hiragino Sans", "Arial Unicode MS",
)  # fmt: skip
WIDTH_INCH, DPI = 8.0, 150  # 1200 pixels: the width of a README


def literal(text: str, limit: int = 400) -> str:
    """The text as matplotlib must get it to show it as it is: no mathtext, no control characters, cut at `limit`."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    shown = "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs", "Cn") else c for c in spaced)
    cut = shown if len(shown) <= limit else shown[: limit - 1] + "…"
    return cut.replace("$", r"\$")


def broken(text: str, columns: int, max_lines: int | None = None) -> str:
    """The text literally, on lines of at most `columns` characters; "…" where more than `max_lines` are cut."""
    lines = textwrap.wrap(text, columns, max_lines=max_lines, placeholder="…")
    return "\n".join(literal(line) for line in lines)


def finite(values: Any, name: str, ndim: int | None = None) -> np.ndarray:
    """The values as a float array. Raises: InputError unless they are finite numbers with `ndim` axes."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must hold real numbers ({error}); convert it to a float array") from error
    if ndim is not None and array.ndim != ndim:
        raise InputError(f"{name} must have {ndim} axes, got shape {array.shape}; index or reshape it")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        place = tuple(int(index) for index in bad[0])
        raise InputError(f"{name} must be finite, got {array[place]} at {list(place)}; remove it before drawing")
    return array


def positive(value: Any, name: str) -> float:
    """The value as a float. Raises: InputError unless it is finite and above zero."""
    number = float(finite(value, name, 0))
    if not number > 0:
        raise InputError(f"{name} must be positive, got {number:g}; nothing can be drawn")
    return number


def new_figure(height_inch: float, width_inch: float = WIDTH_INCH) -> Figure:
    """An empty white page, free of pyplot's global state."""
    figure = Figure(figsize=(width_inch, height_inch), dpi=DPI, layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08)
    return figure


def headline(figure: Figure, title: str, detail: str = "") -> None:
    """Title in bold at the top left, with one line of detail below; long ones are broken."""
    columns = int(figure.get_size_inches()[0] * 10)
    below = broken(detail, int(columns * 1.3), 3)
    room = "\n" * (below.count("\n") + 1) if below else ""
    head = figure.suptitle(broken(title, columns, 3) + room, x=0.015, ha="left", fontsize=13, weight="bold")
    if below:
        figure.axes[0].annotate(below, (0, 0), xycoords=head, va="bottom", fontsize=9.5, color=GREY,
                                annotation_clip=False).set_in_layout(False)  # fmt: skip


def plain_axes(axes: Axes, grid: str = "both") -> Axes:
    """Two spines, a faint grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(labelsize=9.5, colors=BLACK, color=GREY, which="both")
    axes.set_axisbelow(True)
    axes.grid(axis=grid, color=PALE, linewidth=0.7)
    return axes


def bare_axes(axes: Axes) -> Axes:
    """Bars carry their own values: names on the left, no frame and no ticks."""
    plain_axes(axes, "x").spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(which="both", length=0)
    axes.tick_params(axis="y", labelsize=10)
    return axes


def si_axis(axis: Axis, quantity: str, unit: str) -> None:
    """An axis label with its quantity and ticks with SI prefixes: `10 pA`, `1 MHz`."""
    axis.set_major_formatter(EngFormatter(unit=unit))
    axis.set_minor_formatter(NullFormatter())
    axis.set_label_text(quantity, fontsize=10)


def with_fallback_fonts(figure: Figure) -> Figure:
    """The figure, its words in other scripts set in whichever known font is installed; without one they are boxes."""
    installed = set(fontManager.get_font_names())
    families = ["DejaVu Sans", *(name for name in FALLBACK_FONTS if name in installed)]
    for text in figure.findobj(Text):
        text.set_fontfamily(families)
    return figure


@contextmanager
def unknown_glyphs_as_boxes() -> Iterator[None]:
    """Letters that no installed font has are drawn as boxes, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield
