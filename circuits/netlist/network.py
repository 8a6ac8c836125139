"""A whole network as one ngspice deck: neurons, pulsed tunnelling synapses, stimulus, and a check of every spike count.

Each neuron is an instance of `btbt_lif`. Each line with synapses has one pulse generator: a spike resets its timing
capacitor, and while that charges to 1 V, in t_pulse, the line is active. So the charge of a pulse is that of the
capacitor, whatever the solver's step. All synapses onto a neuron are one sum of tunnelling currents times line activity:

    C dV/dt = ... + sum_k I(V_DG,k) active_k(t) - sum_l I(V_DG,l) active_l(t)  while V > v_sink
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from circuits.btbt import bias_for_current
from circuits.netlist.expected import input_current
from circuits.netlist.names import safe_text, spice_number
from circuits.netlist.spice import cell_parameters, subcircuit
from circuits.netlist.stimulus import Stimulus
from circuits.netlist.wiring import Wiring
from circuits.units import Amperes, Seconds

STEPS = 4000  # of the stimulus, at least; every spike cuts them further
LATCH_FRACTION = 1e-3  # of the shorter of refractory time and synaptic pulse: delay of the latches
WINDOW = 0.1  # of the same: how long a spike holds the timing capacitor of its pulse
COUNT_TOLERANCE = 0.1  # of the expected number of spikes
COUNT_SLACK = 1.5  # spikes: one that falls to either side of the end, and half of one that is cut there
TERMS = 16  # synapses in one source, so that no line of the deck grows without bound

_FUNCTIONS = """\
.param dev_w={w} dev_a={a} dev_b={b} dev_v0={v0} v_sink={v_sink}
* activity of a line from its timing capacitor; a sink stops at v_sink
.func active(x) {{min(1,max(0,30*(1-x)))}}
.func sink(v) {{min(1,max(0,(v-v_sink)*1000))}}
* tunnelling current at a drain-gate voltage
.func tun(dg) {{dev_w*dev_a*(dg-dev_v0+corner_tunnel)*exp(-dev_b/max(dg-dev_v0+corner_tunnel,1m))}}
.subckt spike_pulse spk t vss params: tpulse={t_pulse} hold={hold} c={c_mem} tlatch={t_latch} half={half}
* d follows spk; until it is there, the timing capacitor t is held at the charge that the hold itself delivers
Rd spk d {{hold/c/0.693147}}
Cd d vss {{c}} ic=0
Bt vss t I = V(spk,vss) > half ? (V(d,vss) < half ? ({{hold/tpulse}}-V(t,vss))*{{c/tlatch}} : active(V(t,vss))*{{c/tpulse}}) : active(V(t,vss))*{{c/tpulse}}
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
        raise ValueError(f"expected spikes of {len(expected)} neurons, the network has {wiring.n_neurons}")
    spiking = [name for name, fires in zip(wiring.names, wiring.spiking, strict=True) if fires]
    counts = {name: len(times) for name, times in zip(wiring.names, expected, strict=True)}
    step, charge = stimulus.duration / STEPS, wiring.circuit.charge_per_weight
    lines = [
        f".options method=gear reltol=1e-4 vntol=1e-6 abstol={_n(1e-6 * _typical_current(wiring))} "
        f"chgtol={_n(1e-2 * charge)} gmin=1e-20 pivtol=1e-30",
        f".tran {_n(step)} {_n(stimulus.duration)} 0 {_n(step)} uic",
        *_wrapped(".save", [f"v(spk_{name})" for name in spiking]),
        *(line for name, last in zip(spiking, [None, *spiking], strict=False) for line in _count(wiring, name, counts[name], last)),
        f".meas tran pass param='ok_{spiking[-1]}'" if spiking else "* no neuron spikes",
        ".end",
    ]  # fmt: skip
    return network_netlist(wiring, stimulus, header, corners) + "\n".join(lines) + "\n"


def count_tolerance(expected: int) -> float:
    """How far a spike count may be from the expected one (spikes)."""
    return max(COUNT_SLACK, COUNT_TOLERANCE * expected)


def pulse_width(wiring: Wiring) -> Seconds:
    """Width of a spike at `spk`: the refractory time, at least a hundredth of the synaptic pulse."""
    return max(wiring.circuit.t_refractory, 1e-2 * wiring.t_pulse)


def _count(wiring: Wiring, name: str, expected: int, before: str | None) -> Iterator[str]:
    one_spike = wiring.circuit.v_dd * pulse_width(wiring)
    yield f".meas tran q_{name} integ v(spk_{name})"
    yield f".meas tran n_{name} param='q_{name}/{_n(one_spike)}'"
    good = f"ok_{before}" if before else "1"
    yield f".meas tran ok_{name} param='abs(n_{name}-{expected}) < {_n(count_tolerance(expected))} ? {good} : 0'"


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
    gate, sources = _input(wiring, stimulus, i)
    yield from sources
    if wiring.spiking[i]:
        yield (
            f"X{name} mem_{name} spk_{name} {gate} vdd 0 btbt_lif gleak={_n(wiring.g_leak[i])} "
            f"vth={_n(wiring.v_threshold[i])} dtunnel={{corner_tunnel}} dvth={{corner_threshold}} kcmem={{corner_c}}"
        )
    else:
        yield f"C{name} mem_{name} 0 {{{_n(wiring.circuit.c_mem)}*corner_c}} ic={_n(wiring.circuit.v_reset)}"
        yield f"G{name} mem_{name} 0 mem_{name} 0 {_n(wiring.g_leak[i])}"
    if np.any(wiring.synapses[wiring.n_external + i]):
        yield f"Xpulse_{name} spk_{name} t_{name} 0 spike_pulse"
    yield from _synapses(wiring, name, np.flatnonzero(column > 0), column, "e")
    yield from _synapses(wiring, name, np.flatnonzero(column < 0), column, "i")


def _input(wiring: Wiring, stimulus: Stimulus, i: int) -> tuple[str, list[str]]:
    """Gate node of the neuron and the sources of its input: constant and positive through its own device."""
    name, bias = wiring.names[i], float(wiring.bias[i])
    if wiring.spiking[i] and (stimulus.signal is None or not np.any(wiring.signal[:, i])):
        bias += float(wiring.signal[:, i].sum())
        if bias > 0:
            return f"g_{name}", [f"Vg_{name} g_{name} 0 {_n(_gate(wiring, bias))}"]
    gate = [f"Vg_{name} g_{name} 0 {_n(_gate(wiring, 0.0))}"] if wiring.spiking[i] else []
    return f"g_{name}", gate + _current_sources(wiring, stimulus, i)


def _gate(wiring: Wiring, current: Amperes) -> float:
    """Gate bias for a current (V); the onset, where nothing flows, for none."""
    device = wiring.circuit.device
    return (
        float(bias_for_current(current, device, wiring.circuit.width)) if current > 0 else device.v_ds - device.v_onset
    )


def _current_sources(wiring: Wiring, stimulus: Stimulus, i: int) -> list[str]:
    """A current that changes sign or value: a wave in amperes, its negative part a sink."""
    name, rows = wiring.names[i], 1 if stimulus.signal is None else len(stimulus.signal)
    times = [row * wiring.dt for row in range(rows)]
    wave = [float(input_current(wiring, stimulus, t)[i]) for t in times]
    if not any(wave):
        return []
    points = [
        (t, value) for k, (t, value) in enumerate(zip(times, wave, strict=True)) if k == 0 or value != wave[k - 1]
    ]
    sink = f"sink(V(mem_{name}))" if wiring.spiking[i] else "1"
    scale = max(abs(value) for value in wave)
    return [
        *_steps(f"Vin_{name} in_{name} 0", [(t, value / scale) for t, value in points], wiring.dt),
        f"Bin_{name} 0 mem_{name} I = {_n(scale)}*(max(V(in_{name}),0)+min(V(in_{name}),0)*{sink})",
    ]


def _lines_outside(wiring: Wiring, stimulus: Stimulus) -> Iterator[str]:
    """One wave of 0 and 1 V for each external channel with synapses; pulses that overlap are one."""
    for channel in range(wiring.n_external):
        if not np.any(wiring.synapses[channel]):
            continue
        times = stimulus.spikes[channel] if stimulus.spikes else ()
        edges: list[list[float]] = []
        for t in times:
            if edges and t <= edges[-1][1]:
                edges[-1][1] = t + wiring.t_pulse
            else:
                edges.append([t, t + wiring.t_pulse])
        points = [(0.0, 0.0), *((t, float(up)) for edge in edges for t, up in zip(edge, (1, 0), strict=True))]
        yield from _steps(f"Vext_{channel} ext_{channel} 0", points, 20 * wiring.t_pulse)


def _steps(source: str, points: Sequence[tuple[float, float]], width: Seconds) -> Iterator[str]:
    """A piecewise-constant wave; its edges take a thousandth of `width`, half of it before the time of the step."""
    rise, words, last = 1e-3 * width, [], points[0][1]
    words.append(f"0 {_n(last)}")
    for t, value in points[1:] if points[0][0] == 0 else points:
        start = max(t - rise / 2, 1e-3 * rise)
        words += [f"{_n(start)} {_n(last)}", f"{_n(start + rise)} {_n(value)}"]
        last = value
    return _wrapped(f"{source} PWL(", words, ")")


def _synapses(wiring: Wiring, name: str, lines: np.ndarray, column: np.ndarray, kind: str) -> Iterator[str]:
    """Synapses of one sign onto a neuron, a few lines to a source."""
    for start in range(0, len(lines), TERMS):
        terms = [_term(wiring, int(line), float(abs(column[line]))) for line in lines[start : start + TERMS]]
        sign = "" if kind == "e" else f"-sink(V(mem_{name}))*"
        yield f"Bs{kind}{start // TERMS}_{name} 0 mem_{name} I = {sign}("
        yield from ("+ " + ("" if k == 0 else "+") + term for k, term in enumerate(terms))
        yield "+ )"


def _term(wiring: Wiring, line: int, current: Amperes) -> str:
    v_dg = wiring.circuit.device.v_ds - _gate(wiring, current)
    channel = line - wiring.n_external
    activity = f"V(ext_{line})" if channel < 0 else f"active(V(t_{wiring.names[channel]}))"
    return f"{{tun({_n(v_dg)})}}*{activity}"


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
