"""A whole network as one ngspice deck: what is exported, verified and signed off.

Each spiking neuron is a `btbt_cell`, and has a `btbt_line` where it has synapses. A synapse is the tunnelling current
of its gate bias while its line is active, from the drain supply into the body; an inhibitory one leads out of it, down
to v_sink. A meter is a capacitor that integrates the current of a supply, so the solver's own steps add up the energy.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from circuits.errors import InputError
from circuits.netlist.cell import GAIN, OPTIONS, TUNNEL, cell, cell_parameters, line, supply, supply_parameters
from circuits.netlist.waves import Points, channel_pulses, drain_gate, neuron_input, steps, wrapped
from circuits.network.names import safe_text
from circuits.network.names import spice_number as _n
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring
from circuits.units import Amperes, Seconds, Volts, si

STEPS, STEPS_PER_TAU = 1000, 400  # of the solver, at least, in the stimulus and in the shortest tau_mem
LATCH_FRACTION = 1e-5  # of the shorter of refractory time and synaptic pulse: the latch
SINK_SLOPE = 4e4  # over the swing: an inhibitory synapse fades out over 10 uV above v_sink, where it stops
COUNT_TOLERANCE, COUNT_SLACK = 0.01, 0.5  # of the expected number of spikes; spikes
SUPPLIES = {"membrane": "vdd", "switching": "logic", "crowbar": "crow", "static": "stat"}  # part of the energy: node

_HEAD = """\
.param w={w} a={a} b={b} v0={v0} dtunnel={{corner_tunnel}}
{tunnel}* an inhibitory synapse stops at v_sink
.func above_sink(v) {{min(1,max(0,(v-({v_sink}))*{slope}))}}
.model rail sw(vt={rail} vh=0 ron=1 roff=1e12)
Vrst rst 0 {vreset}
"""


def network_deck(
    wiring: Wiring, stimulus: Stimulus, header: str = "", corners: str | None = None, checks: Iterable[str] = ()
) -> str:
    """A network under a stimulus as SPICE text that runs by itself.

    It saves `v(spk_X)`, of readouts `v(mem_X)`, and the meters `v(q_PART)` of the `SUPPLIES`; the charge of a meter (C)
    is its voltage times `METER`.
    Args:  header: comment lines for the top.   corners: file name of the corner library; None: typical parameters.
    checks: measurements, as text.
    Raises:  InputError as `network_netlist`.
    """
    shown = [f"v({'spk' if fires else 'mem'}_{x})" for x, fires in zip(wiring.names, wiring.spiking, strict=True)]
    lines = (
        header.rstrip("\n") or "* network",
        network_netlist(wiring, corners),
        *_drive(wiring, stimulus),
        _analysis(wiring, stimulus),
        *wrapped(".save", [f"v(q_{part})" for part in SUPPLIES] + shown),
        *checks,
        ".end",
    )
    return "\n".join(text.rstrip("\n") for text in lines) + "\n"


def network_bench(
    wiring: Wiring,
    stimulus: Stimulus,
    expected: Sequence[np.ndarray],
    header: str = "",
    corners: str | None = None,
) -> str:
    """The deck with a count of the spikes of every neuron against the expected one: `pass` is 1 or 0.

    Measures `n_X`, the integral of a spike output over that of one spike, and `ok_X` from neuron to neuron.
    Args:  expected: spike times (s) of every neuron, in the order of `wiring.names`, from `spike_times` or another
    simulator.
    Raises:  InputError unless there is one array of times for each neuron, and as `network_netlist`.
    """
    if len(expected) != wiring.n_neurons:
        raise InputError(f"expected spikes of {len(expected)} neurons, the network has {wiring.n_neurons}")
    return network_deck(wiring, stimulus, header, corners, _counts(wiring, stimulus, expected))


def network_netlist(wiring: Wiring, corners: str | None = None) -> str:
    """Cells, supplies, neurons, lines and synapses of a network, whatever drives it.

    Nodes of neuron X: `mem_X`, `spk_X`, `clk_X`, and where it has synapses `act_X`, its line.
    Raises:  InputError where the network is `unfit`.
    """
    if reason := unfit(wiring):
        raise InputError(reason)
    lines = (
        *(f"* {safe_text(note)}" for note in wiring.notes),
        f'.lib "{corners}" TT' if corners else ".param corner=0 corner_tunnel=0 corner_threshold=0 corner_c=1",
        _head(wiring),
        cell(network_cell(wiring) | supply_parameters(wiring.circuit)),
        line(wiring.circuit.t_refractory, wiring.delay, wiring.t_pulse),
        *_supplies(wiring),
        *(text for i in range(wiring.n_neurons) for text in _neuron(wiring, i)),
    )
    return "\n".join(text.rstrip("\n") for text in lines) + "\n"


def network_cell(wiring: Wiring) -> dict[str, float]:
    """`cell_parameters` of a network's neurons, whose own leak and threshold stand at each."""
    held = wiring.circuit.t_refractory
    return cell_parameters(wiring.circuit, held, LATCH_FRACTION * min(held, wiring.t_pulse))


def longest_step(wiring: Wiring, stimulus: Stimulus) -> Seconds:
    """The solver's longest step: what comes in between, the switches find."""
    shortest_tau = wiring.circuit.c_mem / float(wiring.g_leak.max(initial=1e-30))
    return min(stimulus.duration / STEPS, shortest_tau / STEPS_PER_TAU)


def supply_voltage(wiring: Wiring, part: str) -> Volts:
    """Voltage of the supply that a part of the energy is drawn from."""
    return wiring.circuit.device.v_ds if part == "membrane" else wiring.circuit.v_dd


def unfit(wiring: Wiring) -> str | None:
    """Why a network has no netlist, and what would mend it; None where it has one."""
    circuit = wiring.circuit
    if wiring.kernel.without_circuit:
        return wiring.kernel.without_circuit
    if circuit.follows_body:
        return f"with body_factor = {circuit.body_factor:g} currents follow the body, and no bench knows what to expect"
    if circuit.t_refractory < wiring.delay * (1 - 1e-9):
        return (
            f"t_refractory = {si(circuit.t_refractory, 's')} is shorter than the delay of {si(wiring.delay, 's')}: a "
            "neuron could spike again before its line is active; make t_refractory at least that long"
        )
    return None


def _head(wiring: Wiring) -> str:
    circuit = wiring.circuit
    values = {name: _n(value) for name, value in network_cell(wiring).items()}
    rail = GAIN / circuit.swing * circuit.v_sink
    return _HEAD.format(
        **values, tunnel=TUNNEL, v_sink=_n(circuit.v_sink), slope=_n(SINK_SLOPE / circuit.swing), rail=_n(rail)
    )


def _supplies(wiring: Wiring) -> Iterator[str]:
    """A source and a meter for each part of the energy."""
    return (supply(part, node, _n(supply_voltage(wiring, part))) for part, node in SUPPLIES.items())


def _neuron(wiring: Wiring, i: int) -> Iterator[str]:
    """One neuron, its line, and the synapses onto it; a readout is a capacitor and a leak, and has no rail."""
    name, column = wiring.names[i], wiring.synapses[:, i]
    if wiring.spiking[i]:
        yield (
            f"X{name} mem_{name} spk_{name} clk_{name} rst logic crow stat 0 btbt_cell gleak={_n(wiring.g_leak[i])} "
            f"vth={_n(wiring.v_threshold[i])} dvth={{corner_threshold}} kcmem={{corner_c}}"
        )
    else:
        yield f"C{name} mem_{name} 0 {{{_n(wiring.circuit.c_mem)}*corner_c}} ic={_n(wiring.circuit.v_reset)}"
        yield f"G{name} mem_{name} 0 mem_{name} 0 {_n(wiring.g_leak[i])}"
    if wiring.adaptive[i]:
        yield from _adaptation(wiring, i)
    if np.any(wiring.synapses[wiring.n_external + i]):
        yield f"Xline_{name} clk_{name} act_{name} 0 btbt_line"
    for source in np.flatnonzero(column):
        ends = f"vdd mem_{name}" if column[source] > 0 else _drain(wiring, i)
        yield f"G{source}_{name} {ends} {_line(wiring, source)} 0 {{{_tunnel(wiring, source, i)}}}"
    if wiring.spiking[i] and np.any(column < 0):
        yield from _sink(wiring, i)


def _drain(wiring: Wiring, i: int) -> str:
    """Where a current that leaves a neuron is put: on the sum of its sink; a readout has no rail to stop at."""
    name = wiring.names[i]
    return f"0 out_{name}" if wiring.spiking[i] else f"mem_{name} 0"


def _sink(wiring: Wiring, i: int) -> Iterator[str]:
    """One current out of the body for the sum at `out_X` (1 V for each rheobase), which stops at v_sink.

    The switch does nothing but find when the membrane comes there.
    """
    name, unit = wiring.names[i], _typical_current(wiring)
    yield f"Rout_{name} out_{name} 0 {_n(1 / unit)}"
    yield f"Bsink_{name} mem_{name} 0 I = {_n(unit)}*V(out_{name})*above_sink(V(mem_{name}))"
    yield f"Grail_{name} 0 rail_{name} mem_{name} 0 {_n(GAIN / wiring.circuit.swing * 1e-6)}"
    yield f"Rrail_{name} rail_{name} 0 1meg"
    yield f"Srail_{name} 0 0 rail_{name} 0 rail"


def _adaptation(wiring: Wiring, i: int) -> Iterator[str]:
    """The adaptation voltage w:  tau_adapt dw/dt = coupling (V - v_reset) - w, and jump over each spike.

    It draws g_leak w from the membrane, an ideal source.
    """
    name, circuit = wiring.names[i], wiring.circuit
    leak = f"{_n(wiring.coupling[i])}*(V(mem_{name})-({_n(circuit.v_reset)}))-V(w_{name})"
    jump = f"{_n(wiring.jump[i] * circuit.c_mem / circuit.t_refractory / circuit.v_dd)}*V(spk_{name})"
    yield f"Cw_{name} w_{name} 0 {_n(circuit.c_mem)} ic=0"
    yield f"Bw_{name} 0 w_{name} I = {_n(circuit.c_mem / wiring.tau_adapt[i])}*({leak})+{jump}"
    drawn = f"max(V(w_{name}),0)*above_sink(V(mem_{name}))+min(V(w_{name}),0)"
    yield f"Ba_{name} mem_{name} 0 I = {_n(wiring.g_leak[i])}*({drawn})"


def _line(wiring: Wiring, source: int) -> str:
    """Node of a line, 0 or 1 V: an external channel, or a neuron's own."""
    return f"ext_{source}" if source < wiring.n_external else f"act_{wiring.names[source - wiring.n_external]}"


def _tunnel(wiring: Wiring, source: int, i: int) -> str:
    """The current of a synapse, as the device's at its drain-gate voltage."""
    return f"tunnel({_n(drain_gate(wiring, float(wiring.synapses[source, i])))})"


def _drive(wiring: Wiring, stimulus: Stimulus) -> Iterator[str]:
    """Waves of the external lines, 0 or 1 V from the delay on; bias and signal of every neuron as currents."""
    for channel in np.flatnonzero(wiring.synapses[: wiring.n_external].any(axis=1)):
        times = np.asarray(stimulus.spikes[channel] if stimulus.spikes else (), dtype=float) + wiring.delay
        yield from _pwl(f"Vext_{channel} ext_{channel} 0", channel_pulses(times, wiring.t_pulse, 1.0), wiring.t_pulse)
    for i in range(wiring.n_neurons):
        yield from _input(wiring, stimulus, i)


def _input(wiring: Wiring, stimulus: Stimulus, i: int) -> Iterator[str]:
    """A constant current through the neuron's own device; one that changes as a source, its negative part a sink."""
    name, device = wiring.names[i], wiring.circuit.device
    v_gs, wave = neuron_input(wiring, stimulus, i)
    inward, outward = ([(t, max(sign * value, 0.0)) for t, value in wave] for sign in (1, -1))
    if v_gs is not None and not wave and v_gs < device.v_ds - device.v_onset:
        yield f"Ibias_{name} vdd mem_{name} {{tunnel({_n(device.v_ds - v_gs)})}}"
    if any(value for _, value in inward):
        yield from _pwl(f"Iin_{name} vdd mem_{name}", inward, wiring.dt)
    if any(value for _, value in outward):
        yield from _pwl(f"Iout_{name} {_drain(wiring, i)}", outward, wiring.dt)
        if wiring.spiking[i] and not np.any(wiring.synapses[:, i] < 0):
            yield from _sink(wiring, i)


def _pwl(source: str, wave: Points, width: Seconds) -> Iterator[str]:
    return wrapped(f"{source} PWL(", (f"{_n(t)} {_n(value)}" for t, value in steps(wave, width)), ")")


def _typical_current(wiring: Wiring) -> Amperes:
    """The rheobase of a typical neuron, or C V / t_pulse without leak: the scale of the currents."""
    typical = float(np.median(wiring.g_leak * wiring.v_threshold))
    return typical or wiring.circuit.charge_per_weight / wiring.t_pulse


def _analysis(wiring: Wiring, stimulus: Stimulus) -> str:
    step, options = _n(longest_step(wiring, stimulus)), OPTIONS.format(abstol=_n(1e-6 * _typical_current(wiring)))
    return f"{options}.tran {step} {_n(stimulus.duration)} 0 {step} uic"


def _counts(wiring: Wiring, stimulus: Stimulus, expected: Sequence[np.ndarray]) -> Iterator[str]:
    """Measurements of each count; `ok_X` is 1 where this count and all before it are right.

    A spike that the end cuts counts by the part that is left of it.
    """
    width, so_far = wiring.circuit.t_refractory, "1"
    for name, fires, times in zip(wiring.names, wiring.spiking, expected, strict=True):
        if fires:
            count = float(np.clip((stimulus.duration - np.asarray(times)) / width, 0, 1).sum())
            slack = COUNT_SLACK + COUNT_TOLERANCE * len(times)
            yield f".meas tran q_{name} integ v(spk_{name})"
            yield f".meas tran n_{name} param='q_{name}/{_n(wiring.circuit.v_dd * width)}'"
            yield f".meas tran ok_{name} param='abs(n_{name}-{_n(count)}) < {_n(slack)} ? {so_far} : 0'"
            so_far = f"ok_{name}"
    if so_far != "1":  # silence proves nothing
        yield f".meas tran pass param='{so_far}'"
