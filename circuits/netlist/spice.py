"""The BTBT neuron as a SPICE subcircuit, with a test bench that runs and checks itself (ngspice; behavioural).

    C dV/dt = I(V_DG) - g_leak V,   I = W A u exp(-B / u),   u = V_DG - V_0

A latch with a timing ramp resets: V_th sets it, it holds the membrane at V_reset for the refractory time, the ramp
clears it. Its own delays are a thousandth of that or of the rise, so the period is the closed form of
`circuits.neuron.circuit.interval`.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from circuits.device.btbt import btbt_current, validity_notes
from circuits.errors import InputError
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

_SUBCIRCUIT = """\
.subckt btbt_lif mem spk gate vdd vss params:
{params}
* tunnelling current from the drain supply into the floating body, u = V_DG - V_0 - body_factor V_mem
.func u(dg,body) {{dg-bodyf*body-v0+dtunnel}}
Btun vdd mem I = {{w*a}}*max(u(V(vdd,gate),V(mem,vss)),1m)*exp(-{{b}}/max(u(V(vdd,gate),V(mem,vss)),1m))
Cmem mem vss {{cmem*kcmem}} ic={{vreset}}
Gleak mem vss mem vss {{gleak}}
* latch: set above threshold, cleared when the ramp reaches 1 V; its capacitors are as small as the membrane's,
* so that the step control follows the membrane and not the latch
.func held(ramp,v,q) {{ramp > 1 ? 0 : (v > vth+dvth ? 1 : (q > 0.5 ? 1 : 0))}}
Bset vss q I = {{cmem/tlatch}}*(held(V(ramp,vss),V(mem,vss),V(q,vss))-V(q,vss))
Cq q vss {{cmem}} ic=0
* while set: the ramp rises in tpulse and the membrane is held at vreset
Bramp vss ramp I = V(q,vss) > 0.5 ? {{cmem/tpulse}} : -V(ramp,vss)*{{cmem/tlatch}}
Cramp ramp vss {{cmem}} ic=0
Breset mem vss I = V(q,vss) > 0.5 ? (V(mem,vss)-{{vreset}})*{{cmem/tlatch}} : 0
Espk spk vss q vss {{vspk}}
.ends btbt_lif
"""

_BENCH = """\
.include "{library}"
.lib "{corners}" TT
.param expected_period={{{expected_by_corner}}}
.param tolerance={tolerance} intervals={intervals} vds={v_ds}
Vdrain vdd 0 {{vds}}
Vgate gate 0 {v_gs}
X1 mem spk gate vdd 0 btbt_lif dtunnel={{corner_tunnel}} dvth={{corner_threshold}} kcmem={{corner_c}}
.options method=gear reltol=1e-4 vntol=1e-6 abstol={abstol} chgtol={chgtol} gmin=1e-20 pivtol=1e-30
.tran {{expected_period/{steps}}} {{{periods}*expected_period}} 0 {{expected_period/{steps}}} uic
.save v(mem) v(spk) i(Vdrain)
.meas tran span trig v(spk) val={half} rise=2 targ v(spk) val={half} rise={last_rise}
.meas tran i_drain avg i(Vdrain) from={{expected_period}} to={{{average_to}*expected_period}}
.meas tran period param='span/intervals'
.meas tran membrane_j param='-i_drain*vds*period'
.meas tran period_error param='period/expected_period-1'
.meas tran pass param='abs(period_error) < tolerance ? 1 : 0'
.end
"""


def neuron_netlist(circuit: LIFCircuit, *, v_gs: Volts | None = None, title: str = "BTBT neuron") -> str:
    """The subcircuit `btbt_lif` of one neuron as SPICE text, its parameters in SI units as defaults.

    Pins: mem (body), spk (0 or V_DD), gate, vdd (drain supply at the device's V_DS), vss.
    Args:  v_gs: gate bias (V) that the latch is timed for; None: the circuit's own.
    """
    v_gs = circuit.v_gs if v_gs is None else v_gs
    notes = [
        *validity_notes(circuit.device, v_gs),
        "not modelled here: control, crowbar, reset and static currents; the supply pays for the membrane alone",
        "SI units: w (m), a (A/m/V), b v0 vth vreset vspk dtunnel dvth (V), cmem (F), gleak (S), tpulse tlatch (s)",
        "of a corner or a mismatched device: dtunnel is added to u, dvth to vth, kcmem is a factor on cmem",
    ]
    return head(f"neuron {safe_text(title)}", circuit, circuit_hash(circuit), *notes) + subcircuit(
        neuron_parameters(circuit, v_gs)
    )


def subcircuit(parameters: Mapping[str, float]) -> str:
    """The text of `btbt_lif` with these defaults, see `cell_parameters`."""
    return _SUBCIRCUIT.format(params="\n".join(f"+ {name}={spice_number(v)}" for name, v in parameters.items()))


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
    one spike from the drain supply, J) and `pass` (1 or 0).
    Args:  library: file name of the subcircuit, beside the deck.   v_gs: gate bias (V); None: the circuit's own.
    Raises:  ValueError where the bias does not make the neuron fire.
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


def _bench_values(circuit: LIFCircuit, i_in: Amperes) -> dict[str, float | int]:
    """Voltages, solver tolerances and times in periods of a bench at that current (A)."""
    return {
        "intervals": INTERVALS,
        "v_ds": circuit.device.v_ds,
        "abstol": 1e-6 * i_in,  # ngspice's own 1 pA would hide the leak
        "chgtol": 1e-2 * circuit.charge_per_weight,  # with less, the step creeps up to each comparator and stalls there
        "steps": STEPS_PER_PERIOD,
        "periods": INTERVALS + 2.5,
        "half": circuit.v_dd / 2,
        "last_rise": 2 + INTERVALS,
        "average_to": 1 + INTERVALS,
    }


def write_spice(
    folder: str | Path, circuits: Mapping[str, LIFCircuit], *, tolerance: float = PERIOD_TOLERANCE
) -> tuple[Path, ...]:
    """Write `<name>.lib` (subcircuit) and `<name>_bench.cir` (run it with `ngspice -b`) for each labelled circuit.

    The benches include `corners.lib`, written beside them.

    The name of a file is the label made safe. Files that exist are replaced whole, never half.
    Returns:  the paths written, library before bench, in the order of `circuits`, the corner library last.
    Raises:  ValueError for a circuit that does not fire, before anything is written; OSError.
    """
    texts = spice_texts(circuits, tolerance=tolerance)
    for file, text in texts.items():
        write_text(Path(folder) / file, text)
    return tuple(Path(folder) / file for file in texts)


def spice_texts(circuits: Mapping[str, LIFCircuit], *, tolerance: float = PERIOD_TOLERANCE) -> dict[str, str]:
    """What `write_spice` writes, by file name. Raises:  ValueError for a circuit that does not fire."""
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


def cell_parameters(circuit: LIFCircuit, t_pulse: Seconds, t_latch: Seconds) -> dict[str, float]:
    """Parameters of `btbt_lif`, in SI units: device, membrane, latch, and the shifts of corner and mismatch."""
    return {
        "w": circuit.width,
        "a": circuit.device.prefactor,
        "b": circuit.device.v_slope,
        "v0": circuit.device.v_onset,
        "bodyf": circuit.body_factor,
        "cmem": circuit.c_mem,
        "gleak": circuit.g_leak,
        "vth": circuit.v_threshold,
        "vreset": circuit.v_reset,
        "vspk": circuit.v_dd,
        "tpulse": t_pulse,
        "tlatch": t_latch,
        "dtunnel": 0.0,
        "dvth": 0.0,
        "kcmem": 1.0,
    }


def _latch_timing(circuit: LIFCircuit, i_in: Amperes) -> tuple[Seconds, Seconds]:
    """Pulse width, the refractory time but at least 1e-4 of the rise at `i_in`, and a thousandth of the shorter.

    The floor lets the solver resolve the reset; it changes the period by as much at most. A silent neuron rises in 1 s.
    """
    rise = min(rise_time(circuit, i_in, circuit.v_reset, circuit.v_threshold), 1.0)
    pulse = max(circuit.t_refractory, 1e-4 * rise)
    return pulse, 1e-3 * min(rise, pulse)
