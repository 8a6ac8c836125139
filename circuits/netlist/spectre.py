"""A neuron's bench and a whole network for Spectre: a netlist of its own beside the Verilog-A event view.

corners.scs   sections of parameters        btbt_lif_event.va   the cells
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from circuits.netlist.core_lib import network_cell
from circuits.netlist.spice import INTERVALS, STEPS_PER_PERIOD, neuron_parameters
from circuits.netlist.waves import Points, channel_pulses, drain_gate, neuron_input, steps, wrapped
from circuits.network.names import spice_number as _n
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring
from circuits.neuron.circuit import LIFCircuit
from circuits.units import ZERO_CELSIUS, Seconds

CORNERS_FILE, CELLS_FILE = "corners.scs", "btbt_lif_event.va"
STEPS = 4000  # of the stimulus, at least
_HEAD = """\
simulator lang=spectre
include "{corners}" section=tt
ahdl_include "{cells}"
parameters v_ds={v_ds}
subckt neuron (mem spk gate vdd vss)
parameters {parameters}
cell (mem spk gate vdd vss) btbt_lif_{key} {passed} dtunnel=corner_tunnel dvth=corner_threshold kcmem=corner_c
ends neuron
at options temp={celsius}
Vdrain (vdd 0) vsource dc=v_ds
"""


def neuron_spectre(circuit: LIFCircuit, expected: Seconds, key: str, head: str) -> str:
    """One neuron at its own gate bias, with a transient analysis over a few periods.

    Args:  expected: its period (s), for the length of the run and as a comment.   key: of the cells.
    head: comment lines for the top.
    """
    lines = [
        f"Vgate (gate 0) vsource dc={_n(circuit.v_gs)}",
        "N1 (mem spk gate vdd 0) neuron",
        f"// expected period {_n(expected)} s, within 1 percent",
        f"ic mem={_n(circuit.v_reset)}",
        _transient((INTERVALS + 2.5) * expected, expected / STEPS_PER_PERIOD),
        "save mem spk Vdrain:currents",
    ]
    return head + _preamble(circuit, neuron_parameters(circuit), key) + "\n".join(lines) + "\n"


def network_spectre(
    wiring: Wiring, stimulus: Stimulus, expected: Sequence[np.ndarray] | None, key: str, head: str
) -> str:
    """A whole network under a stimulus; the expected number of spikes of each neuron as comments.

    Nodes of neuron X: `mem_X`, `spk_X`, as in the SPICE deck.
    """
    parts = (
        (f"// {note}" for note in wiring.notes),
        _lines_outside(wiring, stimulus),
        *(_neuron(wiring, stimulus, i, key) for i in range(wiring.n_neurons)),
        _synapses(wiring, key),
        () if expected is None else _expected(wiring, expected),
    )
    lines = [line for part in parts for line in part]
    spiking = [f"spk_{name}" for name, fires in zip(wiring.names, wiring.spiking, strict=True) if fires]
    lines += [
        *wrapped("ic", (f"mem_{name}={_n(wiring.circuit.v_reset)}" for name in wiring.names)),
        _transient(stimulus.duration, stimulus.duration / STEPS),
        *wrapped("save", spiking),
    ]
    return head + _preamble(wiring.circuit, network_cell(wiring), key) + "\n".join(lines) + "\n"


def _preamble(circuit: LIFCircuit, parameters: Mapping[str, float], key: str) -> str:
    own = {name: value for name, value in parameters.items() if name not in ("dtunnel", "dvth", "kcmem")}
    own["vspk"] = circuit.v_dd
    return _HEAD.format(
        corners=CORNERS_FILE,
        cells=CELLS_FILE,
        key=key,
        v_ds=_n(circuit.device.v_ds),
        celsius=_n(circuit.device.temperature - ZERO_CELSIUS),
        parameters=" ".join(f"{name}={_n(value)}" for name, value in own.items()),
        passed=" ".join(f"{name}={name}" for name in own),
    )


def _transient(stop: Seconds, step: Seconds) -> str:
    return f"spikes tran stop={_n(stop)} maxstep={_n(step)} errpreset=conservative skipdc=yes"


def _neuron(wiring: Wiring, stimulus: Stimulus, i: int, key: str) -> Iterator[str]:
    name = wiring.names[i]
    v_gs, wave = neuron_input(wiring, stimulus, i)
    if wiring.spiking[i]:
        yield f"Vg_{name} (g_{name} 0) vsource dc={_n(v_gs)}"
        own = f"gleak={_n(wiring.g_leak[i])} vth={_n(wiring.v_threshold[i])}"
        yield f"N_{name} (mem_{name} spk_{name} g_{name} vdd 0) neuron {own}"
    else:
        yield f"C_{name} (mem_{name} 0) capacitor c={_n(wiring.circuit.c_mem)}*corner_c"
        yield f"G_{name} (mem_{name} 0 mem_{name} 0) vccs gm={_n(wiring.g_leak[i])}"
    if wiring.adaptive[i]:
        own = f"tau={_n(wiring.tau_adapt[i])} coupling={_n(wiring.coupling[i])} jump={_n(wiring.jump[i])}"
        yield f"A_{name} (mem_{name} spk_{name} 0) btbt_adaptation_{key} gleak={_n(wiring.g_leak[i])} {own}"
    if wave:
        yield from _wave(f"Vin_{name} (in_{name} 0)", steps(wave, wiring.dt))
        sink = f"min(1,max(0,1000*(v(mem_{name})-{_n(wiring.circuit.v_sink)})))" if wiring.spiking[i] else "1"
        yield f"B_{name} (0 mem_{name}) bsource i=max(v(in_{name}),0)+min(v(in_{name}),0)*{sink}"


def _lines_outside(wiring: Wiring, stimulus: Stimulus) -> Iterator[str]:
    """Short spikes on each external channel with synapses; the synapse makes its pulse from the rising edge."""
    width = 0.1 * wiring.t_pulse
    for channel in range(wiring.n_external):
        if np.any(wiring.synapses[channel]):
            times = stimulus.spikes[channel] if stimulus.spikes else ()
            corners = steps(channel_pulses(times, width, wiring.circuit.v_dd), width)
            yield from _wave(f"Vext_{channel} (ext_{channel} 0)", corners)


def _synapses(wiring: Wiring, key: str) -> Iterator[str]:
    for number, (line, target) in enumerate(np.argwhere(wiring.synapses)):
        current, channel = float(wiring.synapses[line, target]), line - wiring.n_external
        source = f"ext_{line}" if channel < 0 else f"spk_{wiring.names[channel]}"
        sign = f" sgn={-1 if current < 0 else 1}"
        yield (
            f"S{number} ({source} mem_{wiring.names[target]} 0) btbt_synapse_{key} "
            f"vdg={_n(drain_gate(wiring, current))}{sign} tdelay={_n(wiring.delay)} "
            f"tpulse={_n(wiring.t_pulse)} dtunnel=corner_tunnel"
        )


def _expected(wiring: Wiring, expected: Sequence[np.ndarray]) -> Iterator[str]:
    for name, times in zip(wiring.names, expected, strict=True):
        yield f"// expected spikes of {name}: {len(times)}"


def _wave(source: str, points: Points) -> Iterator[str]:
    return wrapped(f"{source} vsource type=pwl wave=[", (f"{_n(t)} {_n(value)}" for t, value in points), "]")
