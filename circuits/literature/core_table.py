"""The core of tunnelling neurons beside the same core of other neurons, one row each, and what that amounts to.

Like with like: a figure that pays for more than the bare neuron has no ratio, as in `circuits.literature.compare`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from circuits.energy.core import (
    CoreLoad,
    NeuronPower,
    core_energy,
    modelled_neurons,
    reaches,
    speech_circuit,
    winning_rates,
)
from circuits.errors import InputError
from circuits.ledger import Ledger
from circuits.literature.headline import SELF
from circuits.literature.published_power import processor_neurons, published_neurons
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Hertz, Seconds, si

PRESS_FACTOR = (
    5000.0  # Source: IEEE Spectrum on the 45 nm chip, "0.02 percent of the energy"; its reference has no name
)
FAN_OUT = 256 / 56  # Source: press on the chip: 256 synapses; all of them counted, spread over 20 + 36 neurons
EVEN = 0.01  # ASSUMED: totals this close, relatively, are even; the models are no better
SHOWN = 4  # neurons that a sentence names


@dataclass(frozen=True)
class CoreRow:
    """One neuron beside ours, theirs over ours; ours is a row too.

    reached: False where the load asks for a higher rate than the neuron is known to spike at.
    ratio_dynamic, ratio_total: None where the two pay for different things; a lower bound where their total is one.
    wins: open range of rates (Hz) where ours is certain to cost less; None: no such rate is known.
    verdict: at this load ours "wins", "loses" or is "even"; "open" where their static power decides and is not
    known; "not shown" where they are not known to spike so fast; "" without like with like.
    """

    neuron: NeuronPower
    energy: Ledger[float]
    reached: bool
    ratio_dynamic: float | None
    ratio_total: float | None
    wins: tuple[Hertz, Hertz] | None
    verdict: str


@dataclass(frozen=True)
class CoreTable:
    """One load on our core and on the others."""

    load: CoreLoad
    circuit: LIFCircuit
    ours: CoreRow
    rows: tuple[CoreRow, ...]

    @property
    def static_share(self) -> float:
        return self.ours.energy.static / self.ours.energy.total


def core_table(circuit: LIFCircuit, tau_mem: Seconds, load: CoreLoad, scope: str = "neuron") -> CoreTable:
    """The circuit at the speed of the load, tau_mem / acceleration, beside its twins and the published neurons.

    Raises: InputError for an unknown scope, a circuit without leak or silent at its bias, or a rate beyond its reset.
    """
    fast, i_in = speech_circuit(circuit, tau_mem, load.acceleration)
    own, *twins = modelled_neurons(fast, i_in)
    chips = processor_neurons(load.rates.size, FAN_OUT) if scope == "chip" else ()
    others = (*(twins if scope == "neuron" else ()), *published_neurons(scope), *chips)
    ours = CoreRow(own, core_energy(own, load), reaches(own, load), 1.0, 1.0, None, "")
    if not ours.reached:
        raise InputError(
            f"a rate of {si(float(load.rates.max()), 'Hz')} at an acceleration of {load.acceleration:g} exceeds the "
            f"{si(own.highest_rate, 'Hz')} that the reset of our neuron allows; lower one of them"
        )
    return CoreTable(load, fast, ours, tuple(_beside(ours, other, load) for other in others))


def _beside(ours: CoreRow, other: NeuronPower, load: CoreLoad) -> CoreRow:
    theirs, reached = core_energy(other, load), reaches(other, load)
    if other.scope != ours.neuron.scope:
        return CoreRow(other, theirs, reached, None, None, None, "")
    ratio = theirs.total / ours.energy.total
    wins = winning_rates(ours.neuron, other, acceleration=load.acceleration)
    verdict = _verdict(ratio, bool(theirs.unknown)) if reached else "not shown"
    return CoreRow(other, theirs, reached, other.marginal / ours.neuron.marginal, ratio, wins, verdict)


def _verdict(ratio: float, lower_bound: bool) -> str:
    if ratio > 1 + EVEN:
        return "wins"
    if lower_bound:
        return "open"
    return "even" if ratio >= 1 - EVEN else "loses"


def core_headline(tables: Sequence[CoreTable]) -> tuple[str, ...]:
    """The press's factor per spike and what the core keeps of it, static power, and who wins: one sentence each."""
    rate = si(float(tables[0].load.rates.mean()), "Hz")
    return (
        *(f"{_speed(table)}, per spike, static power apart: {_claim(table)}" for table in tables),
        *(f"{_speed(table)}, at {rate} with static power: {_kept(table)}" for table in tables),
        f"static power decides {', '.join(_floor(table) for table in tables)}; in brackets its share of ours at {rate}",
        *(f"{_speed(table)}, at {rate}: {_won(table)}" for table in tables),
    )


def reaching(table: CoreTable, factor: float = PRESS_FACTOR) -> tuple[CoreRow, ...]:
    """Published neurons that cost at least `factor` times ours per spike, static power apart; the dearest first."""
    dear = [row for row in _published(table) if row.ratio_dynamic is not None and row.ratio_dynamic >= factor]
    return tuple(sorted(dear, key=lambda row: -row.ratio_dynamic))


def _published(table: CoreTable) -> tuple[CoreRow, ...]:
    """The published neurons but the one that ours reproduces."""
    return tuple(row for row in table.rows if row.neuron.year and row.neuron.name != SELF)


def _claim(table: CoreTable) -> str:
    dear = reaching(table)
    named = ", ".join(f"{_named(row)} {_times(row.ratio_dynamic)}" for row in dear)
    return (
        f"{len(dear)} of {len(_published(table))} published neurons cost at least "
        f"{PRESS_FACTOR:,.0f} times ours{': ' if named else ''}{named}"
    )


def _kept(table: CoreTable) -> str:
    dear = reaching(table)
    if not dear:
        return f"none has {PRESS_FACTOR:,.0f} times to keep"
    named = ", ".join(
        f"{_named(row)} {_times(row.ratio_total)}{'' if row.reached else ' (not shown so fast)'}" for row in dear
    )
    kept = sum(row.reached and row.ratio_total >= PRESS_FACTOR for row in dear)
    return f"{kept} of {len(dear)} keep {PRESS_FACTOR:,.0f} times: {named}"


def _floor(table: CoreTable) -> str:
    below = table.ours.neuron.static_decides_below(table.load.acceleration)
    return f"{_speed(table)} below {si(below, 'Hz')} ({table.static_share:.1%})"


def _won(table: CoreTable) -> str:
    groups = {verdict: [row for row in _published(table) if row.verdict == verdict] for verdict in _VERDICTS}
    return "; ".join(f"{text} {_some(groups[verdict])}" for verdict, text in _VERDICTS.items() if groups[verdict])


_VERDICTS = {
    "wins": "ours costs less than",
    "even": "as much as",
    "loses": "more than",
    "open": "undecided, for their static power is not published, against",
    "not shown": "not compared with those not shown to spike so fast,",
}


def _some(rows: Sequence[CoreRow]) -> str:
    """How many, and the names of the measured ones."""
    measured = [_named(row) for row in rows if row.neuron.measured]
    more = f" and {len(measured) - SHOWN} more" if len(measured) > SHOWN else ""
    return f"{len(rows)} (measured: {', '.join(measured[:SHOWN]) or 'none'}{more})"


def _named(row: CoreRow) -> str:
    neuron = row.neuron
    return f"{neuron.name} {neuron.year}{'' if neuron.measured else ' (simulated)'}"


def _speed(table: CoreTable) -> str:
    a = table.load.acceleration
    return "in real time" if a == 1 else f"sped up {a:g} times, then switched off"


def _times(ratio: float) -> str:
    return f"{float(f'{ratio:.3g}'):,.10g} times"
