"""A whole network as one SPICE subcircuit: what is exported, verified and signed off.

Each spiking neuron is a `btbt_cell`, and has a `btbt_line` where it has synapses. A synapse is the tunnelling current
of its gate bias while its line is active, from the drain supply into the body; an inhibitory one leads out of it, down
to v_sink. What drives the network stays outside, at the pins.

An element or node of neuron X is a word without `_`, then `_X`: whatever layers are called, no two names are the same.
"""

import math
from collections.abc import Iterator

import numpy as np

from circuits.errors import InputError
from circuits.netlist.cell import (
    HEAT,
    TUNNEL,
    cell,
    cell_parameters,
    comparator_gain,
    supply_parameters,
)
from circuits.netlist.provenance import head, network_hash
from circuits.netlist.spike_line import spike_line
from circuits.netlist.waves import gate_bias
from circuits.network.chip_network import ChipNetwork
from circuits.network.names import safe_text
from circuits.network.names import spice_number as _n
from circuits.network.wiring import Wiring, wire
from circuits.units import Amperes, si

CORE_FILE = "core.lib"
GAIN, CLOCK = 100.0, 50.0  # V: of the comparator over the swing, at least, and of the clock
LATCH = 5e-3  # of the shorter of refractory time and synaptic pulse: the latch time
SCALE, BELOW = 25.0, 0.05  # V over the swing, of what keeps the steps short before the rail; of the swing, below it
SINK_SLOPE = 4e4  # over the swing: an inhibitory synapse fades out over 10 uV above v_sink, where it stops
# part of the energy: pin
SUPPLIES = {"membrane": "vdd", "switching": "logic", "crowbar": "crow", "static": "stat"}

_HEAD = """\
.subckt btbt_core_{key}
{pins}
+ params: w={w} a={a} b={b} v0={v0} t0={t0} eatun={eatun} ealeak={ealeak} vds={vds} dtunnel=0 dvth=0 kcmem=1
{heat}{tunnel}* an inhibitory synapse stops at v_sink
.func above_sink_{key}(v) {{u2((v-({v_sink}))*{slope})}}
.model outside r(r={{1k*exp(eatun*heat)}})
.model rail sw(vt={rail} vh=0 ron=1 roff=1e12)
Vrst rst vss {vreset}
Xshared start level later drive logic vdd stat vss btbt_shared_{cell} n={n}
"""


def core_lib(wiring: Wiring, key: str, header: str = "") -> str:
    """Cells, neurons, lines and synapses of a network as the subcircuit `btbt_core_KEY`; pins as `core_pins`.

    Raises:  InputError where the network is `unfit`.
    """
    if reason := unfit(wiring):
        raise InputError(reason)
    parts = _parts(wiring)
    cell_key, line_key = (key for key, _ in parts)
    lines = (
        header.rstrip("\n") or "* network",
        *(f"* {note}" for note in pin_notes(wiring)),
        *(f"* {safe_text(note)}" for note in wiring.notes),
        *(text for _, text in parts),
        _head(wiring, key, cell_key),
        *(text for channel in channels(wiring) for text in _external(channel)),
        *(text for i in range(wiring.n_neurons) for text in _neuron(wiring, i, key, cell_key, line_key)),
        ".ends",
    )
    return "\n".join(text.rstrip("\n") for text in lines) + "\n"


def _parts(wiring: Wiring) -> tuple[tuple[str, str], tuple[str, str]]:
    """Key and text of the cell and of the line of a network."""
    parameters = network_cell(wiring)
    slowest = wiring.circuit.c_mem / max(float(wiring.g_leak.min(initial=math.inf)), 1e-30)
    gain = comparator_gain(slowest, parameters["tlatch"], GAIN)
    whole = parameters | supply_parameters(wiring.circuit)
    return cell(whole, gain, CLOCK), spike_line(wiring.circuit, wiring.delay, wiring.t_pulse, CLOCK)


def core_text(chip: ChipNetwork) -> str:
    """The core of a network as it is handed over and signed off. Raises:  InputError as `core_lib`."""
    key = network_hash(chip)
    return core_lib(wire(chip), key, head(f"core {safe_text(chip.network.name)}", chip.circuit, key))


def core_pins(wiring: Wiring) -> tuple[str, ...]:
    """Pins of the core, in order: lines from outside, input currents, outputs, supplies."""
    return (
        *(f"ext_{channel}" for channel in channels(wiring)),
        *(f"{way}_{wiring.names[i]}" for i in np.flatnonzero(driven_neurons(wiring)) for way in ("in", "out")),
        *(f"{'spk' if fires else 'mem'}_{x}" for x, fires in zip(wiring.names, wiring.spiking, strict=True)),
        *SUPPLIES.values(),
        "vss",
    )


def pin_notes(wiring: Wiring) -> tuple[str, ...]:
    """What each kind of pin is, one line each."""
    circuit = wiring.circuit
    held, pulse = si(wiring.delay, "s"), si(wiring.t_pulse, "s")
    return (
        f"pins ext_N: line N from outside, 1 V for {pulse}, from {held} after its spike on, else 0 V",
        "pins in_X, out_X: currents into neuron X and out of it (A), by current sources from ground into the pins",
        f"pins spk_X: output of neuron X, 0 or V_DD for {si(circuit.t_refractory, 's')}; mem_X: potential of readout X",
        f"pins vdd (drains, {circuit.device.v_ds:g} V), logic, crow, stat (V_DD, {circuit.v_dd:g} V: switching, "
        "crowbar, off-current of the inverters; tie them together or meter each), vss",
        "parameters: vds drain voltage of the synapses (V); dtunnel (V), dvth (V), kcmem (factor) of a process corner",
    )


def channels(wiring: Wiring) -> np.ndarray:
    """Lines from outside that have synapses."""
    return np.flatnonzero(wiring.synapses[: wiring.n_external].any(axis=1))


def driven_neurons(wiring: Wiring) -> np.ndarray:
    """Neurons that a signal reaches, `(n,)`: their bias comes with it, from outside."""
    return wiring.signal.any(axis=0) if wiring.signal.size else np.zeros(wiring.n_neurons, dtype=bool)


def network_cell(wiring: Wiring) -> dict[str, float]:
    """`cell_parameters` of a network's neurons, whose own leak and threshold stand at each."""
    held = wiring.circuit.t_refractory
    return cell_parameters(wiring.circuit, held, LATCH * min(held, wiring.t_pulse))


def typical_current(wiring: Wiring) -> Amperes:
    """The rheobase of a typical neuron, or C V / t_pulse without leak: the scale of the currents."""
    typical = float(np.median(wiring.g_leak * wiring.v_threshold))
    return typical or wiring.circuit.charge_per_weight / wiring.t_pulse


def unfit(wiring: Wiring) -> str | None:
    """Why a network has no netlist, and what would mend it; None where it has one."""
    circuit = wiring.circuit
    if wiring.kernel.without_circuit:
        return wiring.kernel.without_circuit
    if circuit.follows_body:
        return (
            f"with body_factor = {circuit.body_factor:g} and drain_body = {circuit.device.drain_body:g} V^3 currents "
            "follow the body, and no bench knows what to expect"
        )
    if circuit.t_refractory < wiring.delay * (1 - 1e-9):
        return (
            f"t_refractory = {si(circuit.t_refractory, 's')} is shorter than the delay of {si(wiring.delay, 's')}: a "
            "neuron could spike again before its line is active; make t_refractory at least that long"
        )
    return None


def _head(wiring: Wiring, key: str, cell_key: str) -> str:
    circuit = wiring.circuit
    parameters = network_cell(wiring) | supply_parameters(circuit)
    values = {name: _n(value) for name, value in parameters.items()}
    return _HEAD.format(
        **values, key=key, cell=cell_key, n=int(wiring.spiking.sum()), heat=HEAT,
        pins="\n".join(f"+ {pin}" for pin in core_pins(wiring)),
        tunnel=TUNNEL.format(key=key), vds=_n(circuit.device.v_ds), v_sink=_n(circuit.v_sink),
        slope=_n(SINK_SLOPE / circuit.swing), rail=_n(SCALE * (circuit.v_sink / circuit.swing - BELOW)),
    )  # fmt: skip


def _external(channel: int) -> Iterator[str]:
    """A line from outside, as strong as the devices are at this temperature."""
    yield f"Gext_{channel} vss line_{channel} ext_{channel} vss 1m"
    yield f"Rext_{channel} line_{channel} vss outside"


def _neuron(wiring: Wiring, i: int, key: str, cell_key: str, line_key: str) -> Iterator[str]:
    """One neuron, its input, its line, the synapses onto it; a readout is a capacitor and a leak, without a rail."""
    name, column = wiring.names[i], wiring.synapses[:, i]
    if wiring.spiking[i]:
        yield (
            f"Xcell_{name} mem_{name} spk_{name} clk_{name} rst start level later drive logic crow vss "
            f"btbt_cell_{cell_key} gleak={_n(wiring.g_leak[i])} vth={_n(wiring.v_threshold[i])} "
            "dvth={dvth} kcmem={kcmem}"
        )
    else:
        yield from _readout(wiring, i)
    if wiring.adaptive[i]:
        yield from _adaptation(wiring, i, key)
    if np.any(wiring.synapses[wiring.n_external + i]):
        yield f"Xline_{name} clk_{name} act_{name} vss btbt_line_{line_key}"
    driven = driven_neurons(wiring)[i]
    yield from _signal(wiring, i) if driven else _bias(wiring, i, key)
    yield from (synapse_line(wiring, source, i, key) for source in np.flatnonzero(column))
    if wiring.spiking[i] and (driven or np.any(column < 0) or wiring.bias[i] < 0):
        yield from _sink(wiring, i, key)


def synapse_line(wiring: Wiring, source: int, i: int, key: str, gate: str | None = None) -> str:
    """The synapse from a line onto neuron i as a statement; `gate` stands for its gate bias, None: that of its current.

    So whoever reads a core knows it again.
    """
    name, current = wiring.names[i], float(wiring.synapses[source, i])
    ends = f"vdd mem_{name}" if current > 0 else _drain(wiring, i)
    tunnel = _tunnel(gate or _n(gate_bias(wiring, abs(current))), key)
    return f"G{source}_{name} {ends} {_line(wiring, source)} vss {{{tunnel}}}"


def _readout(wiring: Wiring, i: int) -> Iterator[str]:
    """Its operating point is at rest too, as that of a cell: it starts there."""
    name, circuit = wiring.names[i], wiring.circuit
    yield f"Cmem_{name} mem_{name} vss {{{_n(circuit.c_mem)}*kcmem}} ic={_n(circuit.v_reset)}"
    if wiring.g_leak[i]:
        yield f".model leak_{name} r(r={{{_n(1 / wiring.g_leak[i])}*exp(-ealeak*heat)}})"
        yield f"Rleak_{name} mem_{name} vss leak_{name}"


def _signal(wiring: Wiring, i: int) -> Iterator[str]:
    """The currents at the pins in_X and out_X: into the body from the drain supply, and out of it."""
    name, unit = wiring.names[i], typical_current(wiring)
    yield f"Rin_{name} in_{name} vss {_n(1 / unit)}"
    yield f"Gin_{name} vdd mem_{name} in_{name} vss {_n(unit)}"
    if not wiring.spiking[i]:
        yield f"Rout_{name} out_{name} vss {_n(1 / unit)}"
        yield f"Gout_{name} mem_{name} vss out_{name} vss {_n(unit)}"


def _bias(wiring: Wiring, i: int, key: str) -> Iterator[str]:
    """A constant current: through the neuron's own device, or out of the body."""
    name, bias = wiring.names[i], float(wiring.bias[i])
    if bias > 0:
        yield f"Bbias_{name} vdd mem_{name} I = {_tunnel(_n(gate_bias(wiring, bias)), key)}*exp(eatun*heat)"
    if bias < 0:
        yield f"Ibias_{name} {_drain(wiring, i)} {_n(-bias)}"


def _drain(wiring: Wiring, i: int) -> str:
    """Where a current that leaves a neuron is put: on the sum of its sink; a readout has no rail to stop at."""
    name = wiring.names[i]
    return f"vss out_{name}" if wiring.spiking[i] else f"mem_{name} vss"


def _sink(wiring: Wiring, i: int, key: str) -> Iterator[str]:
    """One current out of the body for the sum at `out_X` (1 V for each rheobase), which stops at v_sink.

    The switch does nothing but shorten the steps before the membrane comes there.
    """
    name, unit = wiring.names[i], typical_current(wiring)
    yield f"Rout_{name} out_{name} vss {_n(1 / unit)}"
    yield f"Bsink_{name} mem_{name} vss I = {_n(unit)}*V(out_{name},vss)*above_sink_{key}(V(mem_{name},vss))"
    yield f"Grail_{name} vss rail_{name} mem_{name} vss {_n(SCALE / wiring.circuit.swing * 1e-6)}"
    yield f"Rrail_{name} rail_{name} vss 1meg"
    yield f"Srail_{name} vss vss rail_{name} vss rail"


def _adaptation(wiring: Wiring, i: int, key: str) -> Iterator[str]:
    """The adaptation voltage w:  tau_adapt dw/dt = coupling (V - v_reset) - w, and jump over each spike.

    It draws g_leak w from the membrane, an ideal source.
    """
    name, circuit = wiring.names[i], wiring.circuit
    leak = f"{_n(wiring.coupling[i])}*V(mem_{name},rst)-V(w_{name},vss)"
    jump = f"{_n(wiring.jump[i] * circuit.c_mem / circuit.t_refractory / circuit.v_dd)}*V(spk_{name},vss)"
    yield f"Cw_{name} w_{name} vss {_n(circuit.c_mem)} ic=0"
    yield f"Bw_{name} vss w_{name} I = {_n(circuit.c_mem / wiring.tau_adapt[i])}*({leak})+{jump}"
    drawn = f"max(V(w_{name},vss),0)*above_sink_{key}(V(mem_{name},vss))+min(V(w_{name},vss),0)"
    yield f"Ba_{name} mem_{name} vss I = {_n(wiring.g_leak[i])}*exp(ealeak*heat)*({drawn})"


def _line(wiring: Wiring, source: int) -> str:
    """Node of a line: an external channel, or a neuron's own."""
    return f"line_{source}" if source < wiring.n_external else f"act_{wiring.names[source - wiring.n_external]}"


def _tunnel(gate: str, key: str) -> str:
    """The current of a synapse or bias, as the device's at its gate bias, at the temperature of the device."""
    return f"tunnel_{key}(vds-({gate}))"
