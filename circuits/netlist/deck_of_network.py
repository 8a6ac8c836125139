"""A whole network as one ngspice deck: neurons, pulsed tunnelling synapses, stimulus, and a check of every spike count.

Each neuron is an instance of `btbt_lif`. Each line with synapses has one pulse generator: a spike resets its timing
capacitor, and while that charges to 1 V, in t_pulse, the line is active. So the charge of a pulse is that of the
capacitor, whatever the solver's step. All synapses onto a neuron are a sum of tunnelling currents:

    C dV/dt = ... + sum_k I(V_DG,k) active_k(t) - sum_l I(V_DG,l) active_l(t)  while V > v_sink
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from circuits.errors import InputError
from circuits.netlist.spice import cell_parameters, subcircuit
from circuits.netlist.waves import Points, channel_pulses, drain_gate, neuron_input, steps
from circuits.network.names import safe_text, spice_number
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring
from circuits.units import Amperes, Seconds

STEPS = 4000  # of the stimulus, at least; every spike cuts them further
LATCH_FRACTION = 1e-3  # of the shorter of refractory time and synaptic pulse: delay of the latches
WINDOW = 0.1  # of the same: how long a spike holds the timing capacitor of its pulse
COUNT_TOLERANCE = 0.1  # of the expected number of spikes
COUNT_SLACK = 1.5  # spikes: one that falls to either side of the end, and half of one that is cut there
WIDTH_TOLERANCE = 0.1  # of a count by integral: a spike may end a step early, the solver finds the cleared latch first
TERMS = 16  # synapses in one source, so that no line of the deck grows without bound

_FUNCTIONS = """\
.param dev_w={w} dev_a={a} dev_b={b} dev_v0={v0} v_sink={v_sink}
* activity of a line from its timing capacitor, which ends at 1 V and no higher; a sink stops at v_sink
.func active(x) {{min(1,30*(1-x))}}
.func sink(v) {{min(1,max(0,(v-v_sink)*1000))}}
* tunnelling current at a drain-gate voltage
.func tun(dg) {{dev_w*dev_a*(dg-dev_v0+corner_tunnel)*exp(-dev_b/max(dg-dev_v0+corner_tunnel,1m))}}
.subckt spike_pulse spk t vss params: tpulse={t_pulse} hold={hold} c={c_mem} tlatch={t_latch} half={half}
* d follows spk; until it is there, the timing capacitor t is held at the charge that the hold itself delivers
Rd spk d {{hold/c/0.693147}}
Cd d vss {{c}} ic=0
Bt vss t I = (V(spk,vss) > half) && (V(d,vss) < half) ? ({{hold/tpulse}}-V(t,vss))*{{c/tlatch}} : active(V(t,vss))*{{c/tpulse}}
Ct t vss {{c}} ic=1
.ends spike_pulse
"""  # noqa: E501


def network_netlist(wiring: Wiring, stimulus: Stimulus, header: str = "", corners: str | None = None) -> str:
    """Functions, subcircuits, neurons, synapses and sources of a network under a stimulus, as SPICE text.

    Nodes of neuron X: `mem_X`, `spk_X`, and where it has synapses `t_X`, the timing capacitor of its pulse.
    Args:  header: comment lines for the top.   corners: file name of the corner library; None: typical parameters.
    """
    parts = (
        [header.rstrip("\n")] if header else [],
        [f"* {safe_text(note)}" for note in wiring.notes],
        [f'.lib "{corners}" TT' if corners else ".param corner=0 corner_tunnel=0 corner_threshold=0 corner_c=1"],
        [_functions(wiring), subcircuit(_neuron_parameters(wiring)), f"Vdrain vdd 0 {_n(wiring.circuit.device.v_ds)}"],
        _lines_outside(wiring, stimulus),
        *(_neuron(wiring, stimulus, i) for i in range(wiring.n_neurons)),
    )
    return "\n".join(line.rstrip("\n") for part in parts for line in part) + "\n"


def network_bench(
    wiring: Wiring,
    stimulus: Stimulus,
    expected: Sequence[np.ndarray],
    header: str = "",
    corners: str | None = None,
) -> str:
    """The network with an analysis that counts the spikes of every neuron and compares them: `pass` is 1 or 0.

    Measures `n_X`, the integral of a spike output over that of one spike, and `ok_X` from neuron to neuron.
    Args:  expected: spike times (s) of every neuron, in the order of `wiring.names`, from `spike_times` or another
    simulator.
    Raises:  ValueError unless there is one array of times for each neuron.
    """
    if len(expected) != wiring.n_neurons:
        raise InputError(f"expected spikes of {len(expected)} neurons, the network has {wiring.n_neurons}")
    spiking = [name for name, fires in zip(wiring.names, wiring.spiking, strict=True) if fires]
    counts = {name: len(times) for name, times in zip(wiring.names, expected, strict=True)}
    step, charge = stimulus.duration / STEPS, wiring.circuit.charge_per_weight
    lines = [
        f".options method=gear reltol=1e-4 vntol=1e-6 abstol={_n(1e-6 * _typical_current(wiring))} "
        f"chgtol={_n(1e-2 * charge)} gmin=1e-20 pivtol=1e-30",
        f".tran {_n(step)} {_n(stimulus.duration)} 0 {_n(step)} uic",
        *_wrapped(".save", [f"v(spk_{name})" for name in spiking]),
        *_verdict(wiring, spiking, counts, step),
        ".end",
    ]  # fmt: skip
    return network_netlist(wiring, stimulus, header, corners) + "\n".join(lines) + "\n"


def _verdict(wiring: Wiring, spiking: Sequence[str], counts: Mapping[str, int], step: Seconds) -> Iterator[str]:
    """The measurements of the bench, where its steps resolve a spike: an integral over longer ones counts nothing."""
    if not spiking:
        yield "* no neuron spikes"
    elif step > pulse_width(wiring):
        yield f"* a spike is shorter than the step of {_n(step)} s: count rising edges of the waves instead"
    else:
        yield from _counts(wiring, spiking, counts)
        yield f".meas tran pass param='ok_{spiking[-1]}'"


def count_tolerance(expected: int) -> float:
    """How far a spike count may be from the expected one (spikes)."""
    return max(COUNT_SLACK, COUNT_TOLERANCE * expected)


def pulse_width(wiring: Wiring) -> Seconds:
    """Width of a spike at `spk`: the refractory time, at least a hundredth of the synaptic pulse."""
    return max(wiring.circuit.t_refractory, 1e-2 * wiring.t_pulse)


def _counts(wiring: Wiring, spiking: Sequence[str], expected: Mapping[str, int]) -> Iterator[str]:
    """Measurements of each count; `ok_X` is 1 where this count and all before it are right."""
    one_spike, so_far = wiring.circuit.v_dd * pulse_width(wiring), "1"
    for name in spiking:
        yield f".meas tran q_{name} integ v(spk_{name})"
        yield f".meas tran n_{name} param='q_{name}/{_n(one_spike)}'"
        close = (
            f"abs(n_{name}-{expected[name]}) < {_n(count_tolerance(expected[name]) + WIDTH_TOLERANCE * expected[name])}"
        )
        yield f".meas tran ok_{name} param='{close} ? {so_far} : 0'"
        so_far = f"ok_{name}"


def _functions(wiring: Wiring) -> str:
    circuit, shorter = wiring.circuit, min(pulse_width(wiring), wiring.t_pulse)
    values = {
        "w": circuit.width,
        "a": circuit.device.prefactor,
        "b": circuit.device.v_slope,
        "v0": circuit.device.v_onset,
        "v_sink": circuit.v_sink,
        "t_pulse": wiring.t_pulse,
        "hold": WINDOW * shorter,
        "c_mem": circuit.c_mem,
        "t_latch": LATCH_FRACTION * shorter,
        "half": circuit.v_dd / 2,
    }
    return _FUNCTIONS.format_map({key: _n(value) for key, value in values.items()})


def _neuron_parameters(wiring: Wiring) -> dict[str, float]:
    shorter = min(pulse_width(wiring), wiring.t_pulse)
    return cell_parameters(wiring.circuit, pulse_width(wiring), LATCH_FRACTION * shorter)


def _neuron(wiring: Wiring, stimulus: Stimulus, i: int) -> Iterator[str]:
    """One neuron with its input current and the synapses onto it; a readout is a capacitor and a leak."""
    name, column = wiring.names[i], wiring.synapses[:, i]
    v_gs, wave = neuron_input(wiring, stimulus, i)
    if wiring.spiking[i]:
        yield f"Vg_{name} g_{name} 0 {_n(v_gs)}"
        yield (
            f"X{name} mem_{name} spk_{name} g_{name} vdd 0 btbt_lif gleak={_n(wiring.g_leak[i])} "
            f"vth={_n(wiring.v_threshold[i])} dtunnel={{corner_tunnel}} dvth={{corner_threshold}} kcmem={{corner_c}}"
        )
    else:
        yield f"C{name} mem_{name} 0 {{{_n(wiring.circuit.c_mem)}*corner_c}} ic={_n(wiring.circuit.v_reset)}"
        yield f"G{name} mem_{name} 0 mem_{name} 0 {_n(wiring.g_leak[i])}"
    if wave:
        yield from _current(wiring, i, wave)
    if wiring.adaptive[i]:
        yield from _adaptation(wiring, i)
    if wiring.adaptive[i] or np.any(wiring.synapses[wiring.n_external + i]):
        yield f"Xpulse_{name} spk_{name} t_{name} 0 spike_pulse"
    yield from _synapses(wiring, i, np.flatnonzero(column > 0), "e", "")
    yield from _synapses(wiring, i, np.flatnonzero(column < 0), "i", f"-{_stop(wiring, i)}*")


def _adaptation(wiring: Wiring, i: int) -> Iterator[str]:
    """The adaptation voltage w:  tau_adapt dw/dt = coupling (V - v_reset) - w, and jump over the pulse of each spike.

    It draws g_leak w from the membrane, an ideal source.
    """
    name, c_mem = wiring.names[i], wiring.circuit.c_mem
    leak = f"{_n(wiring.coupling[i])}*(V(mem_{name})-({_n(wiring.circuit.v_reset)}))-V(w_{name})"
    jump = f"{_n(wiring.jump[i] * c_mem / wiring.t_pulse)}*active(V(t_{name}))"
    yield f"Cw_{name} w_{name} 0 {_n(c_mem)} ic=0"
    yield f"Bw_{name} 0 w_{name} I = {_n(c_mem / wiring.tau_adapt[i])}*({leak})+{jump}"
    drawn = f"max(V(w_{name}),0)*{_stop(wiring, i)}+min(V(w_{name}),0)"
    yield f"Ba_{name} mem_{name} 0 I = {_n(wiring.g_leak[i])}*({drawn})"


def _stop(wiring: Wiring, i: int) -> str:
    """What a sink is multiplied by; a readout has no rail."""
    return f"sink(V(mem_{wiring.names[i]}))" if wiring.spiking[i] else "1"


def _current(wiring: Wiring, i: int, wave: Points) -> Iterator[str]:
    """A current that changes or flows out: a wave of at most 1 V times its largest value, the negative part a sink."""
    name, scale = wiring.names[i], max(abs(value) for _, value in wave)
    corners = steps([(t, value / scale) for t, value in wave], wiring.dt)
    yield from _wrapped(f"Vin_{name} in_{name} 0 PWL(", _pairs(corners), ")")
    flow = f"max(V(in_{name}),0)+min(V(in_{name}),0)*{_stop(wiring, i)}"
    yield f"Bin_{name} 0 mem_{name} I = {_n(scale)}*({flow})"


def _lines_outside(wiring: Wiring, stimulus: Stimulus) -> Iterator[str]:
    """One wave of 0 and 1 V for each external channel with synapses."""
    for channel in range(wiring.n_external):
        if np.any(wiring.synapses[channel]):
            times = stimulus.spikes[channel] if stimulus.spikes else ()
            corners = steps(channel_pulses(times, wiring.t_pulse, 1.0), wiring.t_pulse)
            yield from _wrapped(f"Vext_{channel} ext_{channel} 0 PWL(", _pairs(corners), ")")


def _pairs(points: Points) -> Iterator[str]:
    return (f"{_n(t)} {_n(value)}" for t, value in points)


def _synapses(wiring: Wiring, i: int, lines: np.ndarray, kind: str, factor: str) -> Iterator[str]:
    """Synapses of one sign onto neuron i, `TERMS` lines to a source."""
    name = wiring.names[i]
    for start in range(0, len(lines), TERMS):
        terms = [_term(wiring, int(line), i) for line in lines[start : start + TERMS]]
        yield f"Bs{kind}{start // TERMS}_{name} 0 mem_{name} I = {factor}("
        yield from ("+ " + ("+" if k else "") + term for k, term in enumerate(terms))
        yield "+ )"


def _term(wiring: Wiring, line: int, i: int) -> str:
    channel = line - wiring.n_external
    activity = f"V(ext_{line})" if channel < 0 else f"active(V(t_{wiring.names[channel]}))"
    return f"{{tun({_n(drain_gate(wiring, float(wiring.synapses[line, i])))})}}*{activity}"


def _typical_current(wiring: Wiring) -> Amperes:
    """The rheobase of a typical neuron, or C V / t_pulse without leak: the scale of the currents."""
    typical = float(np.median(wiring.g_leak * wiring.v_threshold))
    return typical or wiring.circuit.charge_per_weight / wiring.t_pulse


def _wrapped(head: str, words: Iterable[str], tail: str = "") -> Iterator[str]:
    """A long card as lines of `+`."""
    yield head
    yield from (f"+ {word}" for word in words)
    if tail:
        yield f"+ {tail}"


def _n(value: float) -> str:
    return spice_number(float(value))
