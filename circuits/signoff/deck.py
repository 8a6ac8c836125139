"""A whole core as one ngspice deck: neurons, tunnelling synapses, a recorded signal, and a meter at each supply.

A synapse is the tunnelling current of its gate bias while the line of its neuron is active, from the drain supply into
the body; an inhibitory one leads out of it, down to v_sink. The signal is one current a neuron, row after row.
A meter is a capacitor that integrates the current of its supply, so the simulator's own steps add up the energy.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.netlist.provenance import head, network_hash
from circuits.netlist.waves import Points, drain_gate, neuron_input, steps
from circuits.network.chip_network import ChipNetwork
from circuits.network.names import safe_text, spice_number
from circuits.network.spec import NetworkSpec
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring, wire
from circuits.neuron.synapse import T_PULSE
from circuits.signoff.cell import core_neuron
from circuits.transient.connections import DELAY
from circuits.units import Farads, Seconds, freeze_si, require, si

TICKS = 2000  # of the shorter of delay and pulse: the clock's resolution
STEPS_PER_PULSE = 20  # of the solver, at least; switches cut them further
MAX_STEPS = 5e6  # hours
SINK_SLOPE = 4e4  # of the swing: an inhibitory synapse fades out over 10 uV above v_sink, where it stops
METER: Farads = 1e-12
SUPPLIES = {"membrane": "vdd", "switching": "sup", "crowbar": "crow", "static": "stat"}  # part of the energy: node

_HEAD = """\
.func tunnel(dg) {{{w}*{a}*(dg-{v0})*exp(-{b}/(dg-{v0}))}}
.func above_sink(v) {{min(1,max(0,(v-({v_sink}))*{slope}))}}
Vone one 0 1
Vrst rst 0 {v_reset}
"""

_ANALYSIS = """\
* the switches choose the step, not the truncation error: between events every current is constant
.options method=gear reltol=1e-4 vntol=1e-6 abstol={abstol} chgtol=1 gmin=1e-20 pivtol=1e-30
.tran {step} {duration} 0 {step} uic
"""


@dataclass(frozen=True)
class CoreTiming:
    """Timing of all synapses of a core (s): a pulse of `t_pulse` begins `delay` after the spike."""

    delay: Seconds = DELAY
    t_pulse: Seconds = T_PULSE

    def __post_init__(self):
        freeze_si(self)
        for name in ("delay", "t_pulse"):
            require(self, name, getattr(self, name) > 0, "positive")

    @property
    def tick(self) -> Seconds:
        return min(self.delay, self.t_pulse) / TICKS


def core_deck(chip: ChipNetwork, stimulus: Stimulus, timing: CoreTiming | None = None) -> str:
    """The core under a stimulus as SPICE text that runs by itself; it saves `v(spk_X)` and the meters `v(q_PART)`.

    Charge of a meter (C): the voltage at its node times `METER`. Parts and supplies: `SUPPLIES`.
    Args:  timing: None: `CoreTiming()`.
    Raises:  ValueError for a network that is no core (spikes from outside, readout, adaptation), for a refractory time
    shorter than delay + t_pulse, and for a stimulus that does not fit or needs more than `MAX_STEPS` steps.
    """
    timing = timing or CoreTiming()
    stimulus.require_fits(chip.network)
    wiring = wire(chip, timing.t_pulse)
    _require_core(chip.network, wiring, stimulus, timing)
    lines = (
        head(f"core {safe_text(chip.network.name)}", chip.circuit, network_hash(chip), *wiring.notes[1:]),
        _head(wiring),
        core_neuron(wiring, timing.delay, timing.tick),
        *_supplies(wiring),
        *(line for i in range(wiring.n_neurons) for line in _neuron(wiring, stimulus, i)),
        _analysis(wiring, stimulus),
        ".save " + " ".join(f"v(q_{part})" for part in SUPPLIES),
        *(f".save v(spk_{name})" for name in wiring.names),
        ".end",
    )
    return "\n".join(line.rstrip("\n") for line in lines) + "\n"


def _require_core(net: NetworkSpec, wiring: Wiring, stimulus: Stimulus, timing: CoreTiming) -> None:
    if net.n_external or wiring.adaptive.any() or not wiring.spiking.all():
        kinds = ", ".join(layer.kind for layer in net.layers)
        raise InputError(
            f"{net.name!r} has layers {kinds}; a core is an encoder and layers of kind lif, its readout is off chip"
        )
    busy, held = timing.delay + timing.t_pulse, wiring.circuit.t_refractory
    if held < busy * (1 - 1e-9):
        raise InputError(
            f"t_refractory = {si(held, 's')} of {net.name!r} is shorter than delay + t_pulse = {si(busy, 's')}: a line "
            "could spike again within its pulse, which one timer cannot tell; make t_refractory at least that long"
        )
    n_steps = stimulus.duration / _step(wiring)
    if n_steps > MAX_STEPS:
        raise InputError(
            f"{si(stimulus.duration, 's')} take {n_steps:.3g} steps of {si(_step(wiring), 's')}, more than "
            f"{MAX_STEPS:g}; shorten the clip, or let the chip run faster than the signal"
        )


def _head(wiring: Wiring) -> str:
    circuit, device = wiring.circuit, wiring.circuit.device
    return _HEAD.format(
        w=_n(circuit.width), a=_n(device.prefactor), b=_n(device.v_slope), v0=_n(device.v_onset),
        v_sink=_n(circuit.v_sink), slope=_n(SINK_SLOPE / circuit.swing), v_reset=_n(circuit.v_reset),
    )  # fmt: skip


def _supplies(wiring: Wiring) -> Iterator[str]:
    """A source and a meter for each part of the energy; the static current of all neurons is a constant."""
    circuit = wiring.circuit
    for part, node in SUPPLIES.items():
        yield f"V{part} {node} 0 {_n(supply_voltage(wiring, part))}"
        yield f"F{part} q_{part} 0 V{part} 1"
        yield f"C{part} q_{part} 0 {_n(METER)} ic=0"
    yield f"Istatic stat 0 {_n(wiring.n_neurons * circuit.static_power / circuit.v_dd)}"


def supply_voltage(wiring: Wiring, part: str) -> float:
    """Voltage of the supply that a part of the energy is drawn from (V)."""
    return wiring.circuit.device.v_ds if part == "membrane" else wiring.circuit.v_dd


def _neuron(wiring: Wiring, stimulus: Stimulus, i: int) -> Iterator[str]:
    """One neuron, the current of its signal or bias, and the synapses onto it."""
    name, column = wiring.names[i], wiring.synapses[:, i]
    yield (
        f"X{name} mem_{name} spk_{name} act_{name} vdd sup crow rst one 0 core_neuron "
        f"vth={_n(wiring.v_threshold[i])} gleak={_n(wiring.g_leak[i])}"
    )
    v_gs, wave = neuron_input(wiring, stimulus, i)
    inward, outward = ([(t, max(sign * value, 0.0)) for t, value in wave] for sign in (1, -1))
    if not wave and v_gs < wiring.circuit.device.v_ds - wiring.circuit.device.v_onset:
        yield f"Ibias_{name} vdd mem_{name} {{tunnel({_n(wiring.circuit.device.v_ds - v_gs)})}}"
    if any(value for _, value in inward):
        yield from _pwl(f"Iin_{name} vdd mem_{name}", inward, wiring)
    for line in np.flatnonzero(column > 0):
        yield f"G{line}_{name} vdd mem_{name} act_{wiring.names[line]} 0 {{{_tunnel(wiring, line, i)}}}"
    drawn = [f"{{{_tunnel(wiring, line, i)}}}*V(act_{wiring.names[line]})" for line in np.flatnonzero(column < 0)]
    if any(value for _, value in outward):
        scale = max(value for _, value in outward)
        yield from _pwl(f"Vout_{name} out_{name} 0", [(t, value / scale) for t, value in outward], wiring)
        drawn.append(f"{_n(scale)}*V(out_{name})")
    if drawn:
        yield f"Bsink_{name} mem_{name} 0 I = above_sink(V(mem_{name}))*("
        yield from ("+ " + ("+" if k else "") + term for k, term in enumerate(drawn))
        yield "+ )"


def _tunnel(wiring: Wiring, line: int, i: int) -> str:
    """The current of a synapse, as the device's at its drain-gate voltage."""
    return f"tunnel({_n(drain_gate(wiring, float(wiring.synapses[line, i])))})"


def _pwl(source: str, wave: Points, wiring: Wiring) -> Iterator[str]:
    yield f"{source} PWL("
    yield from (f"+ {_n(t)} {_n(value)}" for t, value in steps(wave, wiring.dt))
    yield "+ )"


def _analysis(wiring: Wiring, stimulus: Stimulus) -> str:
    scale = float(np.median(wiring.g_leak * wiring.v_threshold)) or wiring.circuit.charge_per_weight / wiring.t_pulse
    return _ANALYSIS.format(abstol=_n(1e-6 * scale), step=_n(_step(wiring)), duration=_n(stimulus.duration))


def _step(wiring: Wiring) -> Seconds:
    return wiring.t_pulse / STEPS_PER_PULSE


def _n(value: float) -> str:
    return spice_number(float(value))
