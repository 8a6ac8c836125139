"""The sources around a network, the same in every dialect: gate biases, input currents and pulses as corner points."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from circuits.device.btbt import bias_for_current
from circuits.netlist.expected import input_current
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring
from circuits.units import Amperes, Seconds, Volts

Points = list[tuple[float, float]]  # time (s) and value, ascending
EDGE = 0.05  # rise time of a step, as a part of what it separates


def gate_bias(wiring: Wiring, current: Amperes) -> Volts:
    """Gate bias of a tunnelling current; for none that of the onset, where nothing flows."""
    device = wiring.circuit.device
    if current > 0:
        return float(bias_for_current(current, device, wiring.circuit.width))
    return device.v_ds - device.v_onset


def drain_gate(wiring: Wiring, current: Amperes) -> Volts:
    """Drain-gate voltage of a synapse of that current."""
    return wiring.circuit.device.v_ds - gate_bias(wiring, abs(current))


def input_wave(wiring: Wiring, stimulus: Stimulus, i: int) -> Points:
    """The bias and signal current of neuron i (A), as points where it changes."""
    rows = 1 if stimulus.signal is None else len(stimulus.signal)
    wave = [(row * wiring.dt, float(input_current(wiring, stimulus, row * wiring.dt)[i])) for row in range(rows)]
    return [point for k, point in enumerate(wave) if k == 0 or point[1] != wave[k - 1][1]]


def neuron_input(wiring: Wiring, stimulus: Stimulus, i: int) -> tuple[Volts | None, Points]:
    """Bias and signal of neuron i: a gate bias for its own device (None: it has none), and a wave of current (A).

    A constant positive current flows through the neuron's device, and the wave is empty. One that changes, or flows
    out, is a source beside the device, which is then off.
    """
    wave = input_wave(wiring, stimulus, i)
    if not wiring.spiking[i]:
        return None, wave if any(value for _, value in wave) else []
    if len(wave) == 1 and wave[0][1] >= 0:
        return gate_bias(wiring, wave[0][1]), []
    return gate_bias(wiring, 0.0), wave


def channel_pulses(times: Sequence[float] | np.ndarray, width: Seconds, high: float) -> Points:
    """A wave that is `high` for `width` after each time; pulses that overlap are one, as at a neuron's own line."""
    edges: list[list[float]] = []
    for t in times:
        if edges and t <= edges[-1][1]:
            edges[-1][1] = float(t) + width
        else:
            edges.append([float(t), float(t) + width])
    return [(0.0, 0.0), *((t, value) for edge in edges for t, value in zip(edge, (high, 0.0), strict=True))]


def steps(points: Points, width: Seconds) -> Points:
    """Corner points of a piecewise-constant wave; an edge takes `EDGE` of `width`, half of it before its time."""
    rise, last = EDGE * width, points[0][1]
    corners = [(0.0, last)]
    for t, value in points[1:]:
        start = max(t - rise / 2, EDGE * rise)
        corners += [(start, last), (start + rise, value)]
        last = value
    return corners


def wrapped(head: str, words: Iterable[str], tail: str = "") -> Iterator[str]:
    """A long statement as lines that `+` continues, in SPICE and in Spectre."""
    yield head
    yield from (f"+ {word}" for word in words)
    if tail:
        yield f"+ {tail}"
