"""What `snn neuron --level transistor --sources` prints and draws: a tunnelling source beside a sub-threshold one."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from circuits.transistor.payoff import PUBLISHED_FACTOR
from circuits.transistor.sources import SourceRow
from circuits.units import si, um
from snn.report.style import BLUE, GREY, VERMILION, headline, new_figure, plain_axes, si_axis
from snn.report.transistor_figures import BRANCHES
from snn.report.transistor_report import keyed
from snn.studies.transistor_neuron import SourceStudy

COST = {
    "source": "source", "energy_per_spike_j": "energy_per_spike", "area_um2": "area",
    "least_current_a": "least_current", "calibration_v": "calibration", "gate_v": "v_gate",
}  # fmt: skip
SPREAD = {  # of the rate; that of the current is the source's
    "source": "source", "temperature": "over_temperature", "supply": "over_supply",
    "supply_gate_following": "over_supply_followed", "mismatch_sigma_ln": "sigma_ln_rate",
    "current_sigma_ln": "sigma_ln_current", "silent": "silent_of_drawn",
}  # fmt: skip


def source_rows(study: SourceStudy) -> dict[str, Any]:
    """Energy, area and smallest current of both, how far their rates move, the factors, and what follows."""
    draws, found = study.draws, study.payoff
    return {
        "level": "transistor",
        "cards": study.cards.name,
        "device": study.cell.device.name,
        "input_current_a": study.rows[0].input_current,
        "drawn": draws.n,
        "conclusion": list(found.sentences),
        "rows": [keyed(row, COST) | {"area_um2": row.area / um**2} for row in study.rows],
        "spread": [keyed(row, SPREAD) for row in study.rows],
        "factors": [
            {"figure": name, "sub_threshold_over_tunnelling": factor} for name, factor in found.factors.items()
        ],
        "published_spread_factor": PUBLISHED_FACTOR,
        "found_spread_factor": found.found_factor,
        "energy_by_branch": {row.source: {f"{k}_j": joules for k, joules in row.energy.items()} for row in study.rows},
        "assumptions": [
            f"mismatch: sigma of a threshold {draws.a_vt / 1e-9:.2g} mV um over the root of the gate's area, ASSUMED, "
            "and the same for the onset of tunnelling",
            "spread with temperature and supply: largest over smallest rate, -40 to 125 C and +-10 %, typical process",
            "calibration: span of gate bias that brings all 27 corners to the nominal rate",
            "what generates the gate biases is in neither",
        ],
    }


def figure_sources(study: SourceStudy) -> Figure:
    """Left: energy of a spike by branch, both sources. Right: by how much the tunnelling one is better or worse."""
    figure = new_figure(3.6)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
    _draw_energy(plain_axes(left, "y"), study.rows)
    _draw_factors(plain_axes(right, "x"), study)
    title = "Does tunnelling pay? " + ("Where rates must agree" if study.payoff.pays else "No spread is smaller")
    current = si(study.rows[0].input_current, "A")
    headline(figure, title, f"the same cell and input ({current}); {study.draws.n} drawn for the mismatch")
    return figure


def _draw_energy(axes: Axes, rows: tuple[SourceRow, ...]) -> None:
    start = np.zeros(len(rows))
    for branch, colour in BRANCHES.items():
        joules = np.array([row.energy[branch] for row in rows])
        axes.bar(range(len(rows)), joules, bottom=start, width=0.6, color=colour, label=branch)
        start = start + joules
    axes.set_xticks(range(len(rows)), [row.source for row in rows])
    axes.set_ylim(0, 1.45 * start.max())
    si_axis(axes.yaxis, "energy per spike", "J")
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper center")


def _draw_factors(axes: Axes, study: SourceStudy) -> None:
    """Bars from 1 on a logarithmic axis; the published factor of the current is a mark on the found one."""
    shown = {name: factor for name, factor in study.payoff.factors.items() if factor is not None}
    shown["spread of current with mismatch"] = study.payoff.found_factor
    places = np.arange(len(shown))
    factors = np.array(list(shown.values()))
    axes.barh(places, factors - 1, left=1, height=0.65, color=[BLUE if factor > 1 else VERMILION for factor in factors])
    axes.plot([PUBLISHED_FACTOR] * 2, [places[-1] - 0.45, places[-1] + 0.45], color=GREY, linewidth=2)
    axes.annotate("published", (PUBLISHED_FACTOR, places[-1] + 0.5), ha="center", va="top", fontsize=8, color=GREY)
    axes.set_xscale("log")
    axes.set_xlim(min(0.25, 0.7 * factors.min()), max(8.0, 1.4 * factors.max()))
    ticks = [tick for tick in (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32) if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.axvline(1, color=GREY, linewidth=1)
    axes.set_yticks(places, list(shown), fontsize=8.5)
    axes.set_ylim(len(shown) + 0.1, -0.6)
    axes.set_xlabel("times better with tunnelling", fontsize=10)
