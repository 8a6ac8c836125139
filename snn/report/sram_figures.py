"""Figure of what limits a memory that averages: area of its converters, voltages left to them, energy of a product.

Data in, a matplotlib Figure out; `snn.report.pictures` writes it.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter, ScalarFormatter

from circuits.chips.sram_scaling import ScalingPoint
from circuits.errors import InputError
from snn.report.style import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, headline, new_figure, plain_axes, si_axis

COLOURS = (ORANGE, GREEN, BLUE, PURPLE, VERMILION)
MARKS = ("o", "s", "^", "D", "v")


def figure_sram_scaling(points: Sequence[ScalingPoint]) -> Figure:
    """Share of converters in the area, mismatch beside the converter's step, and energy of a product, over rows.

    points: of `scaling_points`; those of the fewest columns in the first two, of the middle number of bits in the last.
    Raises: InputError without a point.
    """
    if not points:
        raise InputError("no size of array to draw; give the points of scaling_points()")
    bits, columns = (sorted({getattr(point, name) for point in points}) for name in ("bits", "columns"))
    figure = new_figure(8.5)
    area, voltage, energy = figure.subplots(3, 1, sharex=True)
    of_bits = {f"{b} bits": [p for p in points if (p.bits, p.columns) == (b, columns[0])] for b in bits}
    middle = bits[len(bits) // 2]
    of_columns = {f"{m} columns": [p for p in points if (p.bits, p.columns) == (middle, m)] for m in columns}
    _curves(area, of_bits, "converter_share")
    area.yaxis.set_major_formatter(PercentFormatter(1.0))
    area.set_ylim(0, 1)
    area.set_ylabel("converters in area", fontsize=10)
    _curves(voltage, {f"step of {name}": curve for name, curve in of_bits.items()}, "step")
    _mismatch(voltage, next(iter(of_bits.values())))
    voltage.set_yscale("log")
    voltage.set_ylabel("voltage over full scale", fontsize=10)
    _curves(energy, of_columns, "product_j")
    energy.set_yscale("log")
    energy.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    si_axis(energy.yaxis, f"energy of a product, {middle} bits", "J")
    for axes in (area, voltage, energy):
        axes.legend(frameon=False, fontsize=8.5, ncols=2)
    energy.set_xlabel("rows that are averaged", fontsize=10)
    headline(
        figure,
        "What limits a memory that averages",
        "model, not measured: converters by their law at 28 nm; mismatch ASSUMED",
    )
    return figure


def _curves(axes: Axes, curves: dict[str, list[ScalingPoint]], what: str) -> None:
    """One for each name, told apart by mark and colour."""
    plain_axes(axes).set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    for index, (name, curve) in enumerate(curves.items()):
        style = {"color": COLOURS[index % len(COLOURS)], "marker": MARKS[index % len(MARKS)], "markersize": 4}
        axes.plot([p.rows for p in curve], [getattr(p, what) for p in curve], label=name, linewidth=1.4, **style)


def _mismatch(axes: Axes, curve: list[ScalingPoint]) -> None:
    label = "mismatch of an average"
    axes.plot([p.rows for p in curve], [p.mismatch for p in curve], "--", color=GREY, linewidth=1.4, label=label)
