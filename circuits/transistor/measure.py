"""What a simulated neuron does: rate, swing, pulse and energy by branch; or the branch that holds it.

    membrane    V_D times the charge of the tunnelling source
    comparator  V_DD times what the first inverter draws beyond that
    pulse       V_DD times what the second inverter draws beyond that, less `reset`
    reset       V_DD times the charge onto the gate of the reset transistor
    leak        what a twin draws in a period whose membrane is held at 0 V (static)

They sum to all that the supplies deliver in a period. A neuron without input is another thing: its membrane drifts, in
milliseconds, to where the leaks of its gates meet, and its comparator then draws more than at 0 V. See `standby`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid

from circuits.ledger import Entry, Ledger
from circuits.netlist.rawfile import rising_edges
from circuits.transistor.bench import NOMINAL, Waves, simulate, source_current
from circuits.transistor.cards import Cards, require_b4soi
from circuits.transistor.held import Held, held_by
from circuits.transistor.schematic import NeuronCell
from circuits.units import Amperes, Hertz, Seconds, Volts, Watts
from circuits.variation.corners import Corner

RAIL_TO_RAIL = 0.9  # of V_DD; less is no spike that the next stage has to hear
PERIODS = (8, 40, 200)  # expected in the first window, and in those of a second and third try
LEAST_SPIKES = 5  # the first is of the start, the last closes a period
SIMULATED = "simulated in transistors"


@dataclass(frozen=True)
class NeuronFigures:
    """A neuron at one corner. Where `spikes` is false, `held` says what holds it, and what needs periods is None."""

    corner: Corner
    v_dd: Volts
    input_current: Amperes
    spikes: bool
    swing: Volts  # of the output, over whole periods; without a period all of it
    leak_power: Watts  # of the twin whose membrane is held at 0 V
    rate: Hertz | None = None
    pulse: Seconds | None = None  # width of the output at half the supply
    v_threshold: Volts | None = None  # membrane where the comparator crosses half the supply
    v_reset: Volts | None = None  # lowest membrane
    energy: Ledger | None = None
    held: Held | None = None


def measure(
    cell: NeuronCell,
    cards: Cards,
    corner: Corner = NOMINAL,
    *,
    shifts: Mapping[str, Volts] | None = None,
    timeout_s: float = 120,
) -> NeuronFigures:
    """Simulate a neuron for as long as it needs for a few periods, and measure it.

    Raises: InputError for cards or a simulator that lack a model; WorkError where ngspice fails; OSError.
    """
    require_b4soi()
    cards.require_models(cell.nmos, cell.pmos)
    current, v_dd = source_current(cell, cards, corner, shifts), cell.v_dd * corner.supply
    for periods in PERIODS:
        window = periods * cell.spike_charge * corner.supply / current
        waves = simulate(cell, cards, corner, window, shifts=shifts, timeout_s=timeout_s)
        edges = rising_edges(waves.time, waves.node["out"], v_dd / 2)
        if len(edges) >= LEAST_SPIKES:
            return _figures(cell, corner, current, waves, edges[1:])
    return _figures(cell, corner, current, waves, np.array([]))


def standby(cell: NeuronCell, cards: Cards, corner: Corner = NOMINAL, window: Seconds = 50e-3) -> tuple[Watts, bool]:
    """Power of a neuron that had no input for so long (s), and whether it fires by itself.  Raises: as `measure`."""
    waves = simulate(cell, cards, corner, window, driven=False)
    late, volts = _between(waves.time, 0.8 * window, window), _supplies(cell, corner)
    power = sum(volts[pin] * _charge(waves.time, waves.into[pin], late) for pin in volts) / np.ptp(waves.time[late])
    return float(power), len(rising_edges(waves.time, waves.node["out"], volts["vo"] / 2)) > 0


def _supplies(cell: NeuronCell, corner: Corner) -> dict[str, Volts]:
    v_dd = cell.v_dd * corner.supply
    return {"drain": cell.v_drain * corner.supply, "vc": v_dd, "vo": v_dd}


def _figures(cell: NeuronCell, corner: Corner, current: Amperes, waves: Waves, edges: np.ndarray) -> NeuronFigures:
    v_dd = cell.v_dd * corner.supply
    whole = _between(waves.time, *(edges[[0, -1]] if len(edges) else waves.time[[0, -1]]))
    swing = float(np.ptp(waves.node["out"][whole]))
    late = _between(waves.time, 0.8 * waves.time[-1], waves.time[-1])
    rest = {pin: _charge(waves.time, wave, late) / np.ptp(waves.time[late]) for pin, wave in waves.rest_into.items()}
    volts = _supplies(cell, corner)
    common = {
        "corner": corner, "v_dd": v_dd, "input_current": current, "swing": swing,
        "leak_power": sum(volts[pin] * amperes for pin, amperes in rest.items()),
    }  # fmt: skip
    if len(edges) == 0 or swing < RAIL_TO_RAIL * v_dd:
        return NeuronFigures(spikes=False, held=held_by(cell, corner, current, waves, swing), **common)
    periods = len(edges) - 1
    width = np.trapezoid(1.0 * (waves.node["out"][whole] > v_dd / 2), waves.time[whole]) / periods
    falls = rising_edges(waves.time, -waves.node["x"], -v_dd / 2)
    return NeuronFigures(
        spikes=True,
        rate=float(periods / np.ptp(edges)),
        pulse=float(width),
        v_threshold=float(np.median(np.interp(falls, waves.time, waves.node["mem"]))),
        v_reset=float(waves.node["mem"][whole].min()),
        energy=_energy(waves, whole, periods, volts, rest),
        **common,
    )


def _energy(
    waves: Waves, whole: np.ndarray, periods: int, volts: Mapping[str, Volts], rest: Mapping[str, Amperes]
) -> Ledger:
    """The branches of one spike."""
    period = np.ptp(waves.time[whole]) / periods
    joules = {pin: volts[pin] * _charge(waves.time, waves.into[pin], whole) / periods for pin in volts}
    leak = {pin: volts[pin] * amperes * period for pin, amperes in rest.items()}
    onto_reset = volts["vo"] * _pulse_charge(waves.time[whole], waves.into["reset_gate"][whole])
    parts = {
        "membrane": joules["drain"] - leak["drain"],
        "comparator": joules["vc"] - leak["vc"],
        "pulse": joules["vo"] - leak["vo"] - onto_reset,
        "reset": onto_reset,
    }
    entries = [Entry(part, 1, float(each), source=SIMULATED) for part, each in parts.items()]
    return Ledger((*entries, Entry("leak", 1, float(sum(leak.values())), "static", source=SIMULATED)))


def _between(time: np.ndarray, start: Seconds, end: Seconds) -> np.ndarray:
    return (time >= start) & (time <= end)


def _charge(time: np.ndarray, current: np.ndarray, where: np.ndarray) -> float:
    return float(np.trapezoid(current[where], time[where]))


def _pulse_charge(time: np.ndarray, current: np.ndarray) -> float:
    """Charge that a current which comes and goes brings each time (C): the swing of its integral, less its drift.

    The integral of its positive part would count what a trapezoidal solver rings with.
    """
    charge = cumulative_trapezoid(current, time, initial=0.0)
    return float(np.ptp(charge - charge[-1] * (time - time[0]) / np.ptp(time)))
