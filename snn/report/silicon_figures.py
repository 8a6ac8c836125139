"""Figures of the silicon side: f-I curve, and energy part by part.

Data in, a matplotlib Figure out; `snn.report.pictures` writes it. Text from outside is shown literally. Every function
raises InputError for data that cannot be drawn truthfully: NaN or infinity, a negative energy.
"""

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from circuits.chips.inference_report import InferenceReport
from circuits.device.btbt import btbt_current
from circuits.errors import InputError
from circuits.ledger import Group, Ledger
from circuits.neuron.circuit import LIFCircuit, firing_rate, interval
from circuits.units import si
from snn.report.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    bare_axes,
    broken,
    finite,
    headline,
    literal,
    new_figure,
    plain_axes,
    positive,
    si_axis,
)

STACK = (BLUE, ORANGE, GREEN, SKY, PURPLE, YELLOW, VERMILION, GREY)  # of one bar, from the left
MOST_BARS = 40


def figure_f_i(circuit: LIFCircuit) -> Figure:
    """Left: firing rate over input current. Right: rate and current over the gate biases that the device was fitted in.

    Only currents above rheobase fire; both panels mark the circuit's own bias.
    """
    v_gs = np.linspace(circuit.device.v_gs_min, circuit.device.v_gs_max, 300)
    current = finite(btbt_current(circuit.device.v_ds - v_gs, circuit.device, circuit.width), "device current", 1)
    figure = new_figure(3.9)
    left, right = (plain_axes(axes) for axes in figure.subplots(1, 2))
    highest = max(float(current.max()), 2 * circuit.input_current, 100 * circuit.rheobase)
    _draw_f_i(left, circuit, positive(highest, f"the greatest current of {circuit.device.name}"))
    _draw_bias(right, circuit, v_gs, current)
    headline(figure, f"BTBT neuron, {circuit.device.name}")
    return figure


def _draw_f_i(axes: Axes, circuit: LIFCircuit, highest: float) -> None:
    """The f-I curve in double logarithm, with its two limits: rheobase and the refractory time."""
    start = max(circuit.rheobase, 0.0)
    current = start + np.geomspace(1e-4 * (start or highest), highest, 400)
    rate = np.array([firing_rate(circuit, i_in) for i_in in current])
    axes.loglog(current, rate, color=BLUE, linewidth=2)
    if start:
        axes.axvline(start, color=GREY, linewidth=1, linestyle="--")
        axes.annotate(f" rheobase\n {si(start, 'A')}", (start, 0.98), xycoords=("data", "axes fraction"),
                      va="top", fontsize=9, color=GREY)  # fmt: skip
    _mark(axes, circuit, circuit.input_current)
    _widen(axes)
    rate_text = si(own, "Hz") if (own := 1 / interval(circuit)) else "silent"
    axes.annotate(f"at V_GS = {circuit.v_gs:g} V\n{si(circuit.input_current, 'A')}, {rate_text}", (0.97, 0.05),
                  xycoords="axes fraction", ha="right", va="bottom", fontsize=9.5, color=VERMILION)  # fmt: skip
    si_axis(axes.xaxis, "input current", "A")
    si_axis(axes.yaxis, "firing rate", "Hz")


def _mark(axes: Axes, circuit: LIFCircuit, place: float) -> None:
    """A dot at the operating point; a silent neuron has none on a logarithmic axis."""
    rate = 1 / interval(circuit)
    if rate > 0:
        axes.plot([place], [rate], "o", color=VERMILION, markersize=8, markeredgecolor="white", zorder=5)


def _widen(axes: Axes) -> None:
    """At least one and a half decades of rate, so that the ticks are powers of ten."""
    low, high = axes.get_ylim()
    if high < 30 * low:
        axes.set_ylim(high / 30, 4 * high)


def _draw_bias(axes: Axes, circuit: LIFCircuit, v_gs: np.ndarray, current: np.ndarray) -> None:
    """Rate on the left axis, current on the right one, each in its colour."""
    rate = np.array([firing_rate(circuit, i_in) for i_in in current])
    axes.semilogy(v_gs, np.where(rate > 0, rate, np.nan), color=BLUE, linewidth=2)
    twin = axes.twinx()
    twin.semilogy(v_gs, np.where(current > 0, current, np.nan), color=ORANGE, linewidth=2, linestyle="--")
    twin.spines[["top", "left", "bottom"]].set_visible(False)
    twin.spines["right"].set_color(GREY)
    twin.tick_params(labelsize=9.5, color=GREY, which="both")
    axes.set_xlabel("gate bias V_GS (V)", fontsize=10)
    si_axis(axes.yaxis, "firing rate (solid)", "Hz")
    si_axis(twin.yaxis, "input current (dashed)", "A")
    axes.yaxis.label.set_color(BLUE)
    twin.yaxis.label.set_color("#9C6B00")  # the orange, darkened until text in it is legible
    _mark(axes, circuit, circuit.v_gs)
    _widen(axes)
    if not rate.any():
        axes.set_yticks([])
        axes.set_yticks([], minor=True)
        axes.set_ylabel("silent at every bias here")


def figure_energy_parts(energy: Ledger) -> Figure:
    """Energy of one spike, one bar a part; the bars sum to the total in the headline."""
    detail = f"{si(energy.dynamic or 0.0, 'J')} of it without static"
    return _figure_ledger(energy, "part", f"Energy per spike: {si(energy.total, 'J')}", detail)


def figure_energy_report(report: InferenceReport, by: Group = "part") -> Figure:
    """Energy of one inference, one bar a part, layer or core, with its boundary and what has no number."""
    return _figure_ledger(report.ledger, by, report.heading, report.covers)


def _figure_ledger(ledger: Ledger, by: Group, title: str, detail: str) -> Figure:
    """One bar a group, stacked: parts by dynamic and static, layers and cores by part; the last of many is the rest."""
    segments = _segments(ledger, by, "kind" if by == "part" else "part")
    names = [f"{by} {name}" if name.isdecimal() else name for name in ledger.sums(by)]
    if len(names) > MOST_BARS:
        names = [*names[: MOST_BARS - 1], f"{len(names) - MOST_BARS + 1} more"]
        segments = {of: np.append(x[: MOST_BARS - 1], x[MOST_BARS - 1 :].sum()) for of, x in segments.items()}
    missing = broken(f"not modelled: {', '.join(ledger.not_modelled)}", 104) if ledger.unknown else ""
    figure = new_figure(2.0 + 0.36 * len(names) + 0.2 * (missing.count("\n") + 1))
    axes = figure.subplots()
    _draw_stacks(axes, names, segments)
    headline(figure, title, detail)
    if len(segments) > 1:
        axes.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0)
    if missing:
        figure.supxlabel(missing, x=0.015, ha="left", fontsize=9.5, color=GREY)
    return figure


def _segments(ledger: Ledger, by: Group, stack: str) -> dict[str, np.ndarray]:
    """Energy (J) of each kind of entry in each group, `(group,)`."""
    groups, kinds = ledger.sums(by), dict.fromkeys(getattr(entry, stack) for entry in ledger.entries)
    of = {kind: ledger.where(lambda entry, kind=kind: getattr(entry, stack) == kind).sums(by) for kind in kinds}
    return {kind: np.array([sums.get(group, 0.0) for group in groups]) for kind, sums in of.items() if sums}


def _draw_stacks(axes: Axes, names: list[str], segments: dict[str, np.ndarray]) -> None:
    """Horizontal bars, first group on top, each with its value and share."""
    values = finite(sum(segments.values(), np.zeros(len(names))), "energy parts", 1)
    if not len(values) or any(np.any(part < 0) for part in segments.values()):
        raise InputError(f"energy parts must be zero or positive joules, got {segments}; nothing can be drawn")
    left = np.zeros(len(names))
    for colour, (label, part) in zip(cycle(STACK), segments.items(), strict=False):
        axes.barh(range(len(names)), part, left=left, height=0.68, color=colour, label=_words(label))
        left = left + part
    total = values.sum() or 1.0
    labels = [f"{si(v, 'J')},  {100 * v / total:.0f} %" for v in values]
    for place, (value, label) in enumerate(zip(values, labels, strict=True)):
        axes.annotate(label, (value, place), (5, 0), textcoords="offset points", va="center", fontsize=9.5)
    axes.set_yticks(range(len(values)), [_words(name) for name in names])
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.set_xlim(0, (values.max() or 1.0) * 1.22)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    si_axis(bare_axes(axes).xaxis, "energy", "J")


def _words(name: str) -> str:
    return literal(name.replace("_", " "), 36)
