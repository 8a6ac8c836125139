"""The BTBT neuron as a SPICE subcircuit, with a test bench that runs and checks itself (ngspice; behavioural).

    C dV/dt = I(V_DG) - g_leak V,   I = W A u exp(-B / u),   u = V_DG - V_0

Its period is the closed form of `circuits.neuron.circuit.interval`, and its supplies pay for every part of the energy
of a spike. The cell itself stands in `circuits.netlist.cell`.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from circuits.device.btbt import btbt_current, validity_notes
from circuits.errors import InputError
from circuits.netlist.cell import METER, OPTIONS, cell_parameters, neuron, supply, supply_parameters
from circuits.netlist.corners_lib import CORNERS_FILE, at_process, corners_lib
from circuits.netlist.provenance import circuit_hash, head
from circuits.network.names import file_stems, safe_text, spice_number
from circuits.neuron.circuit import LIFCircuit, interval, rise_time
from circuits.storage import write_text
from circuits.units import Amperes, Seconds, Volts, si
from circuits.variation.corners import PROCESS_SHIFTS

PERIOD_TOLERANCE = 0.01  # of the closed form
STEPS_PER_PERIOD = 1000  # the period comes out within two steps, 0.2 %
INTERVALS = 4  # measured after the second spike: the first interval starts from the initial condition

_BENCH = """\
.include "{library}"
.lib "{corners}" TT
.param expected_period={{{expected_by_corner}}}
.param tolerance={tolerance} intervals={intervals}
{supplies}Vgate gate 0 {v_gs}
X1 mem spk gate vdd 0 logic btbt_lif dtunnel={{corner_tunnel}} dvth={{corner_threshold}} kcmem={{corner_c}}
{options}.tran {{expected_period/{steps}}} {{{periods}*expected_period}} 0 {{expected_period/{steps}}} uic
.save v(mem) v(spk) v(q_drain) v(q_logic)
.meas tran span trig v(spk) val={half} rise=2 targ v(spk) val={half} rise={last_rise}
.meas tran drain_before find v(q_drain) when v(spk)={half} rise=2
.meas tran drain_after find v(q_drain) when v(spk)={half} rise={last_rise}
.meas tran logic_before find v(q_logic) when v(spk)={half} rise=2
.meas tran logic_after find v(q_logic) when v(spk)={half} rise={last_rise}
.meas tran period param='span/intervals'
.meas tran membrane_j param='(drain_after-drain_before)*{drain_j}'
.meas tran logic_j param='(logic_after-logic_before)*{logic_j}'
.meas tran period_error param='period/expected_period-1'
.meas tran pass param='abs(period_error) < tolerance ? 1 : 0'
.end
"""


def neuron_netlist(circuit: LIFCircuit, *, v_gs: Volts | None = None, title: str = "BTBT neuron") -> str:
    """The subcircuit `btbt_lif` of one neuron as SPICE text, its parameters in SI units as defaults.

    Pins: mem (body), spk (0 or V_DD), gate, vdd (drain supply at the device's V_DS), vss, logic (supply at V_DD).
    Args:  v_gs: gate bias (V) that the latch is timed for; None: the circuit's own.
    """
    v_gs = circuit.v_gs if v_gs is None else v_gs
    notes = [
        *validity_notes(circuit.device, v_gs),
        "pins: body, output, gate, drain supply at V_DS, ground, logic supply at V_DD",
        "SI units: w (m), a (A/m/V), b v0 vth vreset vspk vcrow dtunnel dvth (V), cmem cgate (F), gleak (S)",
        "icrow istat (A), tpulse tlatch (s)",
        "of a corner or a mismatched device: dtunnel is added to u, dvth to vth, kcmem is a factor on cmem",
    ]
    return head(f"neuron {safe_text(title)}", circuit, circuit_hash(circuit), *notes) + neuron(
        neuron_parameters(circuit, v_gs) | supply_parameters(circuit)
    )


def bench_netlist(
    circuit: LIFCircuit,
    library: str,
    *,
    v_gs: Volts | None = None,
    title: str = "BTBT neuron",
    tolerance: float = PERIOD_TOLERANCE,
) -> str:
    """A deck that runs the neuron at a constant gate bias and compares its period with the closed form.

    Measures `period` (s, over the intervals after the second spike), `period_error` (relative), `membrane_j` (energy of
    one spike from the drain supply, J), `logic_j` (from the logic supply) and `pass` (1 or 0).
    Args:  library: file name of the subcircuit, beside the deck.   v_gs: gate bias (V); None: the circuit's own.
    Raises:  InputError where the bias does not make the neuron fire.
    """
    v_gs = circuit.v_gs if v_gs is None else v_gs
    i_in = _drive(circuit, v_gs)
    expected = interval(circuit, v_gs)
    if not math.isfinite(expected):
        at_threshold = _drive(circuit, v_gs + circuit.body_factor * circuit.v_threshold)
        raise InputError(
            f"v_gs = {v_gs} V drives {si(at_threshold, 'A')} into {title!r} at threshold, not above its rheobase of "
            f"{si(circuit.rheobase, 'A')}: it never spikes; make v_gs more negative or g_leak smaller"
        )
    by_corner = {process: interval(at_process(circuit, process), v_gs) for process in PROCESS_SHIFTS}
    values = {"library": library, "corners": CORNERS_FILE, "tolerance": tolerance, "v_gs": v_gs}
    values |= {"expected_by_corner": _chosen(by_corner, expected)} | _bench_values(circuit, i_in)
    notes = [
        f"expects a period of {si(expected, 's', 6)} ({si(1 / expected, 'Hz')}) at {si(i_in, 'A')}",
        f"for another corner, write one of {', '.join(by_corner)} behind .lib: the expected period goes with it",
        *(f"{process} is silent: no interval to measure" for process, t in by_corner.items() if math.isinf(t)),
    ]
    header = head(f"test bench of {safe_text(title)}", circuit, circuit_hash(circuit), *notes)
    return header + _BENCH.format_map({key: _text(value) for key, value in values.items()})


def _bench_values(circuit: LIFCircuit, i_in: Amperes) -> dict[str, float | int | str]:
    """Voltages, solver tolerances and times in periods of a bench at that current (A)."""
    return {
        "intervals": INTERVALS,
        "supplies": supply("drain", "vdd", circuit.device.v_ds) + supply("logic", "logic", circuit.v_dd),
        "drain_j": METER * circuit.device.v_ds / INTERVALS,
        "logic_j": METER * circuit.v_dd / INTERVALS,
        "options": OPTIONS.format(abstol=spice_number(1e-6 * i_in)),  # ngspice's own 1 pA would hide the leak
        "steps": STEPS_PER_PERIOD,
        "periods": INTERVALS + 2.5,
        "half": circuit.v_dd / 2,
        "last_rise": 2 + INTERVALS,
    }


def write_spice(
    folder: str | Path, circuits: Mapping[str, LIFCircuit], *, tolerance: float = PERIOD_TOLERANCE
) -> tuple[Path, ...]:
    """Write `<name>.lib` (subcircuit) and `<name>_bench.cir` (run it with `ngspice -b`) for each labelled circuit.

    The benches include `corners.lib`, written beside them.

    The name of a file is the label made safe. Files that exist are replaced whole, never half.
    Returns:  the paths written, library before bench, in the order of `circuits`, the corner library last.
    Raises:  InputError for a circuit that does not fire, before anything is written; OSError.
    """
    texts = spice_texts(circuits, tolerance=tolerance)
    for file, text in texts.items():
        write_text(Path(folder) / file, text)
    return tuple(Path(folder) / file for file in texts)


def spice_texts(circuits: Mapping[str, LIFCircuit], *, tolerance: float = PERIOD_TOLERANCE) -> dict[str, str]:
    """What `write_spice` writes, by file name. Raises:  InputError for a circuit that does not fire."""
    texts: dict[str, str] = {}
    for label, name in file_stems(circuits).items():
        texts[f"{name}.lib"] = neuron_netlist(circuits[label], title=label)
        texts[f"{name}_bench.cir"] = bench_netlist(circuits[label], f"{name}.lib", title=label, tolerance=tolerance)
    return texts | {CORNERS_FILE: corners_lib("* process corners of every bench in this folder\n")}


def _chosen(by_corner: Mapping[str, Seconds], typical: Seconds) -> str:
    """The expected period as a choice by `corner`, the number that a section of corners.lib sets.

    At a corner where the neuron is silent the typical period sets how long the bench waits for a spike.
    """
    values = [spice_number(typical if math.isinf(t) else t) for t in by_corner.values()]
    return "".join(f"corner=={number} ? {value} : " for number, value in enumerate(values[:-1])) + values[-1]


def _text(value: float | int | str) -> str:
    return spice_number(value) if isinstance(value, float) else str(value)


def _drive(circuit: LIFCircuit, v_gs: Volts) -> Amperes:
    return float(btbt_current(circuit.device.v_ds - v_gs, circuit.device, circuit.width))


def neuron_parameters(circuit: LIFCircuit, v_gs: Volts | None = None) -> dict[str, float]:
    """`cell_parameters` with the latch timed for a gate bias (V; None: the circuit's own)."""
    return cell_parameters(circuit, *_latch_timing(circuit, _drive(circuit, circuit.v_gs if v_gs is None else v_gs)))


def _latch_timing(circuit: LIFCircuit, i_in: Amperes) -> tuple[Seconds, Seconds]:
    """Pulse width, the refractory time but at least 1e-4 of the rise at `i_in`, and a thousandth of the shorter.

    The floor lets the solver resolve the reset; it changes the period by as much at most. A silent neuron rises in 1 s.
    """
    rise = min(rise_time(circuit, i_in, circuit.v_reset, circuit.v_threshold), 1.0)
    pulse = max(circuit.t_refractory, 1e-4 * rise)
    return pulse, 1e-3 * min(rise, pulse)
