"""Does tunnelling pay? The same cell with a tunnelling source and with a sub-threshold pMOS of the same gate area.

At the same input current: energy by branch, smallest input that still fires, and how far the rate moves with
temperature, supply and mismatch. What generates either gate bias is in neither.

    sigma_VT = A_VT / sqrt(W L), A_VT ASSUMED, of every transistor and of the onset of the tunnelling device alike.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from joblib import Parallel, delayed

from circuits.device.btbt import bias_for_current
from circuits.errors import InputError
from circuits.processes import n_threads
from circuits.transistor.bench import NOMINAL, pmos_curve, source_at, source_current
from circuits.transistor.cards import Cards
from circuits.transistor.measure import NeuronFigures, measure
from circuits.transistor.schematic import SOURCE_LENGTH, NeuronCell, Size
from circuits.units import Amperes, Joules, SquareMetres, Volts, mV, require, um
from circuits.variation.corners import CORNERS, Corner

LEAST_FACTOR = 1e-3  # of the input current; the search for the smallest goes no lower
SUPPLIES = tuple(c for c in CORNERS if (c.process, c.temperature) == ("TT", NOMINAL.temperature))
TEMPERATURES = tuple(c for c in CORNERS if (c.process, c.supply) == ("TT", 1.0))


@dataclass(frozen=True)
class MismatchDraws:
    """How many neurons are drawn, and the matching constant of the process."""

    n: int = 50
    seed: int = 0
    a_vt: Annotated[float, "V m"] = 2.5 * mV * um  # ASSUMED: 2 to 3 mV um of 45 nm

    def __post_init__(self):
        require(self, "n", self.n >= 2, "at least 2")
        require(self, "a_vt", self.a_vt >= 0, "zero or positive")


@dataclass(frozen=True)
class SourceRow:
    """A cell with one source. A spread over temperature or supply is the largest rate over the smallest."""

    source: str
    input_current: Amperes
    v_gate: Volts
    energy: Mapping[str, Joules]  # by branch
    energy_per_spike: Joules
    area: SquareMetres
    least_current: Amperes  # that still fires, or that the source can be turned down to
    over_temperature: float | None  # -40 to 125 C; None where it falls silent
    over_supply: float | None  # +-10 %, gate bias held
    over_supply_followed: float | None  # +-10 %, gate bias moving with the supply
    sigma_ln_current: float  # of the source alone
    sigma_ln_rate: float  # of all transistors
    silent_of_drawn: int
    calibration: Volts | None  # span of gate bias that brings all corners to the nominal rate


def compare_sources(
    cell: NeuronCell, cards: Cards, draws: MismatchDraws | None = None, n_jobs: int | None = -1
) -> tuple[SourceRow, SourceRow]:
    """The cell with its tunnelling source, then with a pMOS at the same current.

    Raises: InputError for a cell that has no tunnelling source, or a current that the pMOS does not reach.
    """
    if cell.pmos_source is not None:
        raise InputError("the cell has a pMOS source already; give one with a tunnelling source")
    return tuple(_row(one, cards, draws or MismatchDraws(), n_jobs) for one in (cell, with_pmos(cell, cards)))


def with_pmos(cell: NeuronCell, cards: Cards, current: Amperes | None = None) -> NeuronCell:
    """The cell with a smallest pMOS as its source, biased to a current (A; None: the cell's own)."""
    wanted = source_current(cell, cards, NOMINAL) if current is None else current
    other = replace(cell, pmos_source=cell.pmos_source or Size(), v_gate=0.0)
    gates, currents = pmos_curve(other, cards, NOMINAL)
    if not currents.min() <= wanted <= currents.max():
        raise InputError(f"a pMOS source gives {currents.min():.3g} to {currents.max():.3g} A, not {wanted:.3g} A")
    return replace(other, v_gate=float(np.interp(-np.log(wanted), -np.log(currents), gates)))


def _row(cell: NeuronCell, cards: Cards, draws: MismatchDraws, n_jobs: int | None) -> SourceRow:
    run = _runner(cards, n_jobs)
    own, *corners = run([(cell, corner, None) for corner in (NOMINAL, *CORNERS)])
    rate = {figures.corner.name: figures for figures in corners}
    followed = run([(replace(cell, gate_follows=True), corner, None) for corner in SUPPLIES])
    shifts = [_shifts(cell, draws, i) for i in range(draws.n)]
    drawn = run([(cell, NOMINAL, one) for one in shifts])
    rates = [figures.rate for figures in drawn if figures.spikes]
    currents = [figures.input_current for figures in drawn]
    return SourceRow(
        "tunnelling" if cell.pmos_source is None else "sub-threshold",
        own.input_current, cell.v_gate, own.energy.parts, own.energy.total, cell.area,
        least_current(cell, cards),
        _ratio([rate[corner.name] for corner in TEMPERATURES]),
        _ratio([rate[corner.name] for corner in SUPPLIES]),
        _ratio(followed),
        float(np.std(np.log(currents), ddof=1)),
        float(np.std(np.log(rates), ddof=1)),
        draws.n - len(rates),
        _calibration(cell, cards, own, corners),
    )  # fmt: skip


def _runner(cards: Cards, n_jobs: int | None) -> Callable[[list], list[NeuronFigures]]:
    def run(tasks: list[tuple[NeuronCell, Corner, Mapping[str, Volts] | None]]) -> list[NeuronFigures]:
        work = Parallel(n_threads(n_jobs, len(tasks)), backend="threading")
        return work(delayed(measure)(cell, cards, corner, shifts=shifts) for cell, corner, shifts in tasks)

    return run


def _shifts(cell: NeuronCell, draws: MismatchDraws, i: int) -> dict[str, Volts]:
    """Threshold shifts of neuron i: the same normal numbers whatever the source, each over the root of its gate."""
    gates = {name: size.width * size.length for name, (_, _, size) in cell.transistors.items()}
    own = cell.pmos_source
    gates["source"] = cell.source_width * SOURCE_LENGTH if own is None else own.width * own.length
    normal = np.random.default_rng([draws.seed, i]).standard_normal(len(gates))
    sigmas = draws.a_vt / np.sqrt(list(gates.values()))
    return dict(zip(gates, map(float, sigmas * normal), strict=True))


def _ratio(figures: list[NeuronFigures]) -> float | None:
    rates = [one.rate for one in figures]
    return None if None in rates else max(rates) / min(rates)


def least_current(cell: NeuronCell, cards: Cards, steps: int = 8) -> Amperes:
    """Smallest input (A) at the nominal corner at which the neuron fires, by bisection of its logarithm.

    Not below `LEAST_FACTOR` of the cell's own, nor below what the source still carries when it is off.
    """
    own = source_current(cell, cards, NOMINAL)
    low, high = math.log(own * LEAST_FACTOR), math.log(own)
    if cell.pmos_source is not None:
        low = max(low, math.log(1.01 * float(pmos_curve(cell, cards, NOMINAL)[1].min())))  # off, but for rounding
    if measure(_biased(cell, cards, math.exp(low)), cards).spikes:
        return math.exp(low)
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (low, middle) if measure(_biased(cell, cards, math.exp(middle)), cards).spikes else (middle, high)
    return math.exp(high)


def _biased(cell: NeuronCell, cards: Cards, current: Amperes) -> NeuronCell:
    if cell.pmos_source is not None:
        return with_pmos(cell, cards, current)
    return replace(cell, v_gate=float(bias_for_current(current, source_at(cell.device, NOMINAL), cell.source_width)))


def _calibration(cell: NeuronCell, cards: Cards, own: NeuronFigures, corners: list[NeuronFigures]) -> Volts | None:
    """Span of gate bias (V) that brings every corner to the nominal rate, the rate taken as proportional to current."""
    if not all(figures.spikes for figures in corners):
        return None
    moves = []
    for figures in corners:
        wanted, here = figures.input_current * own.rate / figures.rate, figures.corner
        if cell.pmos_source is not None:
            gates, currents = pmos_curve(cell, cards, here)
            if not currents.min() <= wanted <= currents.max():
                return None  # the pMOS is off, or fully on
            moves.append(float(np.interp(-np.log(wanted), -np.log(currents), gates)))
        else:
            device = replace(source_at(cell.device, here), v_ds=cell.v_drain * here.supply)
            moves.append(float(bias_for_current(wanted, device, cell.source_width)))
    return max(moves) - min(moves)
