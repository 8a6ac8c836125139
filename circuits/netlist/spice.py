"""The BTBT neuron as a SPICE subcircuit, with a test bench that runs and checks itself (ngspice; behavioural).

    C dV/dt = I(V_DG) - g_leak V,   I = W A u exp(-B / u),   u = V_DG - V_0

Its period is the closed form of `circuits.neuron.circuit.interval`, and its supplies pay for every part of the energy
of a spike. The cell itself stands in `circuits.netlist.cell`.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from circuits.device.btbt import REFERENCE_TEMPERATURE, btbt_current
from circuits.errors import InputError
from circuits.netlist.cell import (
    METER,
    cell_parameters,
    comparator_gain,
    neuron,
    supply,
    supply_parameters,
)
from circuits.netlist.cell_sheet import UNITS, USAGE
from circuits.netlist.corners_lib import CORNERS_FILE, TYPICAL, at_section, corners_lib, sections
from circuits.netlist.provenance import circuit_hash, head
from circuits.network.names import file_stems, safe_text, spice_number
from circuits.neuron.circuit import LIFCircuit, interval, rise_time
from circuits.neuron.currents import circuit_notes
from circuits.neuron.energy_terms import spike_energy
from circuits.storage import write_text
from circuits.units import Amperes, Seconds, Volts, si

PERIOD_TOLERANCE = 0.01  # of the closed form
ENERGY_TOLERANCE = 0.02  # of the ledger
GAIN, CLOCK = 1000.0, 100.0  # V: of the comparator over the swing, at least, and of the clock, see `cell`
STEPS_PER_PERIOD = 1000  # the period comes out within two steps, 0.2 %
INTERVALS = 4  # measured after the second spike: the first interval starts from the initial condition

_RUN = """\
.include "{library}"
.lib "{corners}" {corner}
.param v_ds={v_ds} v_dd={v_dd}
{supplies}Vgate gate 0 {v_gs}
X1 mem spk gate vdd 0 logic {subckt} dtunnel={{corner_tunnel}} dvth={{corner_threshold}} kcmem={{corner_c}}
.tran {step} {stop} 0 {step} uic
.save v(mem) v(spk) v(q_drain) v(q_logic)
"""
_CHECKS = """\
* of each corner, by its number
.param expected_period={{{expected_period}}}
{expected_energy}.param tolerance={tolerance} energy_tolerance={energy_tolerance} intervals={intervals}
.meas tran span trig v(spk) val={{v_dd*corner_supply/2}} rise=2 targ v(spk) val={{v_dd*corner_supply/2}} rise={last}
.meas tran drain_before find v(q_drain) when v(spk)={{v_dd*corner_supply/2}} rise=2
.meas tran drain_after find v(q_drain) when v(spk)={{v_dd*corner_supply/2}} rise={last}
.meas tran logic_before find v(q_logic) when v(spk)={{v_dd*corner_supply/2}} rise=2
.meas tran logic_after find v(q_logic) when v(spk)={{v_dd*corner_supply/2}} rise={last}
.meas tran period param='span/intervals'
.meas tran membrane_j param='(drain_after-drain_before)*v_ds*corner_supply*{meter}/intervals'
.meas tran logic_j param='(logic_after-logic_before)*v_dd*corner_supply*{meter}/intervals'
.meas tran period_error param='period/expected_period-1'
{energy_check}.meas tran pass param='{checked} ? 1 : 0'
.end
"""
_ENERGY = ".meas tran energy_error param='(membrane_j+logic_j)/expected_energy-1'\n"


def subcircuit_name(circuit: LIFCircuit) -> str:
    """Name of the subcircuit of a neuron: that of another circuit is another one, so both stand in one deck."""
    return f"btbt_lif_{_neuron(circuit)[0]}"


def neuron_netlist(circuit: LIFCircuit, *, title: str = "BTBT neuron") -> str:
    """The subcircuit `subcircuit_name` of one neuron as SPICE text, its parameters in SI units as defaults.

    Pins: mem (body), spk (0 or V_DD), gate, vdd (drain supply at the device's V_DS), vss, logic (supply at V_DD).
    """
    key, text = _neuron(circuit)
    parameters = neuron_parameters(circuit) | supply_parameters(circuit)
    notes = [
        *circuit_notes(circuit),
        f"X1 mem spk gate vdd vss logic btbt_lif_{key}",
        f"pins: mem floating body, takes synaptic currents; spk output, 0 or V_DD; gate, at {circuit.v_gs:g} V here",
        f"pins: vdd drain supply, V_DS = {circuit.device.v_ds:g} V; vss ground; logic supply of the control circuit, "
        f"V_DD = {circuit.v_dd:g} V",
        *USAGE,
        *(f"{name} ({unit}): {meaning}" for name, (unit, meaning) in UNITS.items() if name in parameters),
        f"range: gate {circuit.device.v_gs_min:g} to {circuit.device.v_gs_max:g} V as fitted; -40 to 125 C and V_DD "
        "within 10 % as simulated",
    ]
    return head(f"neuron {safe_text(title)}", circuit, circuit_hash(circuit), *notes) + text


def _neuron(circuit: LIFCircuit) -> tuple[str, str]:
    """Key and text of its subcircuits."""
    parameters = neuron_parameters(circuit)
    rise = _rise(circuit, _drive(circuit, circuit.v_gs))
    return neuron(parameters | supply_parameters(circuit), comparator_gain(rise, parameters["tlatch"], GAIN), CLOCK)


def bench_netlist(
    circuit: LIFCircuit,
    library: str,
    *,
    v_gs: Volts | None = None,
    title: str = "BTBT neuron",
    tolerance: float = PERIOD_TOLERANCE,
    corner: str = TYPICAL,
) -> str:
    """A deck that runs the neuron at a constant gate bias and compares its period and energy with the closed form.

    Measures `period` (s, over the intervals after the second spike), `period_error` (relative), `membrane_j` (energy of
    one spike from the drain supply, J), `logic_j` (from the logic supply), `energy_error` of their sum and `pass` (1 or
    0). With a body factor the energy has no closed form and is not compared.
    Args:  library: file name of the subcircuit, beside the deck.   v_gs: gate bias (V); None: the circuit's own.
    corner: section of the corner library.
    Raises:  InputError where the bias does not make the neuron fire, and for an unknown corner.
    """
    circuit = circuit if v_gs is None else replace(circuit, v_gs=v_gs)
    expected = interval(circuit)
    if not math.isfinite(expected):
        raise InputError(_silent(circuit, title))
    at_section(circuit, corner)
    there = {name: at_section(circuit, name) for name in sections(circuit.device.temperature)}
    periods = {name: interval(c) for name, c in there.items()}
    notes = [
        f"expects a period of {si(expected, 's', 6)} ({si(1 / expected, 'Hz')}) at {si(circuit.input_current, 'A')}",
        f"for another corner, write its name behind .lib, one of {len(periods)} in {CORNERS_FILE}: what is expected",
        "goes with it, supply and temperature too",
        *(f"{name} is silent: no interval to measure" for name, t in periods.items() if math.isinf(t)),
    ]
    header = head(f"test bench of {safe_text(title)}", circuit, circuit_hash(circuit), *notes)
    values = {"library": library, "corner": corner, "tolerance": tolerance, "v_gs": circuit.v_gs}
    values |= {"subckt": subcircuit_name(circuit), "expected_period": _chosen(periods, expected)}
    values |= _energy_check(circuit, there, periods) | _bench_values(circuit)
    values |= {"step": f"{{expected_period/{STEPS_PER_PERIOD}}}", "stop": f"{{{INTERVALS + 2.5}*expected_period}}"}
    return header + (_RUN + _CHECKS).format_map({key: _text(value) for key, value in values.items()})


def corner_deck(circuit: LIFCircuit, library: str, corner: str, duration: Seconds, step: Seconds) -> str:
    """The neuron at its gate bias in a corner for so long, whether it fires there or not, without any check."""
    values = {"library": library, "corner": corner, "v_gs": circuit.v_gs, "subckt": subcircuit_name(circuit)}
    values |= _bench_values(circuit) | {"step": step, "stop": duration}
    title = head(f"corner {corner}", circuit, circuit_hash(circuit))
    return title + _RUN.format_map({key: _text(value) for key, value in values.items()}) + ".end\n"


def _silent(circuit: LIFCircuit, title: str) -> str:
    at_threshold = _drive(circuit, circuit.v_gs + circuit.body_factor * circuit.v_threshold)
    return (
        f"v_gs = {circuit.v_gs} V drives {si(at_threshold, 'A')} into {title!r} at threshold, not above its rheobase "
        f"of {si(circuit.rheobase, 'A')}: it never spikes; make v_gs more negative or g_leak smaller"
    )


def _energy_check(
    circuit: LIFCircuit, there: Mapping[str, LIFCircuit], periods: Mapping[str, Seconds]
) -> dict[str, str]:
    """The energy of a spike by corner and its comparison, where it has a closed form."""
    checked = "abs(period_error) < tolerance"
    if circuit.follows_body:
        return {"expected_energy": "", "energy_check": "", "checked": checked}
    energies = {name: spike_energy(c).total if math.isfinite(periods[name]) else math.inf for name, c in there.items()}
    expected = f".param expected_energy={{{_chosen(energies, spike_energy(circuit).total)}}}\n"
    checked += " && abs(energy_error) < energy_tolerance"
    return {"expected_energy": expected, "energy_check": _ENERGY, "checked": checked}


def _bench_values(circuit: LIFCircuit) -> dict[str, float | int | str]:
    """Voltages, tolerances and times in periods of a bench."""
    drain, logic = supply("drain", "vdd", "{v_ds*corner_supply}"), supply("logic", "logic", "{v_dd*corner_supply}")
    return {
        "corners": CORNERS_FILE,
        "v_ds": circuit.device.v_ds,
        "v_dd": circuit.v_dd,
        "supplies": drain + logic,
        "meter": METER,
        "energy_tolerance": ENERGY_TOLERANCE,
        "intervals": INTERVALS,
        "last": 2 + INTERVALS,
    }


def write_spice(
    folder: str | Path, circuits: Mapping[str, LIFCircuit], *, tolerance: float = PERIOD_TOLERANCE
) -> tuple[Path, ...]:
    """Write `<name>.lib` (subcircuit) and `<name>_bench.cir` (run it with `ngspice -b`) for each labelled circuit.

    The benches include `corners.lib`, written beside them.

    The name of a file is the label made safe. Files that exist are replaced whole, never half.
    Returns:  the paths written, library before bench, in the order of `circuits`, the corner library last.
    Raises:  InputError for a circuit that does not fire, and for circuits of different temperatures, before anything is
    written; OSError.
    """
    texts = spice_texts(circuits, tolerance=tolerance)
    for file, text in texts.items():
        write_text(Path(folder) / file, text)
    return tuple(Path(folder) / file for file in texts)


def spice_texts(circuits: Mapping[str, LIFCircuit], *, tolerance: float = PERIOD_TOLERANCE) -> dict[str, str]:
    """What `write_spice` writes, by file name. Raises:  as `write_spice`."""
    temperatures = {circuit.device.temperature for circuit in circuits.values()}
    if len(temperatures) > 1:
        raise InputError(
            f"one folder has one corner library, the circuits are at {sorted(temperatures)} K; export them apart"
        )
    texts: dict[str, str] = {}
    for label, name in file_stems(circuits).items():
        texts[f"{name}.lib"] = neuron_netlist(circuits[label], title=label)
        texts[f"{name}_bench.cir"] = bench_netlist(circuits[label], f"{name}.lib", title=label, tolerance=tolerance)
    temperature = max(temperatures, default=REFERENCE_TEMPERATURE)
    return texts | {CORNERS_FILE: corners_lib("* corners of every bench in this folder\n", temperature=temperature)}


def _chosen(by_corner: Mapping[str, float], typical: float) -> str:
    """The expected value as a sum over corners, of which the number set in corners.lib leaves one.

    At a corner where the neuron is silent the typical value stands: how long the bench waits for a spike.
    """
    values = [spice_number(typical if math.isinf(value) else value) for value in by_corner.values()]
    return "\n+ +".join(f"{value}*(corner=={number})" for number, value in enumerate(values))


def _text(value: float | int | str) -> str:
    return spice_number(value) if isinstance(value, float) else str(value)


def _drive(circuit: LIFCircuit, v_gs: Volts) -> Amperes:
    return float(btbt_current(circuit.device.v_ds - v_gs, circuit.device, circuit.width))


def neuron_parameters(circuit: LIFCircuit) -> dict[str, float]:
    """`cell_parameters` with the latch timed for the circuit's gate bias."""
    return cell_parameters(circuit, *_latch_timing(circuit, _drive(circuit, circuit.v_gs)))


def _latch_timing(circuit: LIFCircuit, i_in: Amperes) -> tuple[Seconds, Seconds]:
    """Pulse width, the refractory time but at least 1e-4 of the rise at `i_in`, and a thousandth of the shorter.

    The floor lets the solver resolve the reset; it changes the period by as much at most.
    """
    rise = _rise(circuit, i_in)
    pulse = max(circuit.t_refractory, 1e-4 * rise)
    return pulse, 1e-3 * min(rise, pulse)


def _rise(circuit: LIFCircuit, i_in: Amperes) -> Seconds:
    """Of the membrane from reset to threshold; a silent neuron rises in 1 s."""
    return min(rise_time(circuit, i_in, circuit.v_reset, circuit.v_threshold), 1.0)
