"""A core under a stimulus as one ngspice deck: sources, supplies with their meters, analysis and counts.

The core itself is in a file beside the deck, `CORE_FILE`, the one that is handed over. A meter is a capacitor that
integrates the current of a supply, so the solver's own steps add up the energy.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from circuits.errors import InputError
from circuits.netlist.cell import supply
from circuits.netlist.core_lib import CORE_FILE, SUPPLIES, channels, core_pins, driven_neurons
from circuits.netlist.corners_lib import TYPICAL, corner_statements
from circuits.netlist.waves import Points, channel_pulses, input_wave, steps, wrapped
from circuits.network.names import spice_number as _n
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import Wiring
from circuits.units import Seconds, Volts
from circuits.variation.corners import Corner

STEPS, STEPS_PER_TAU = 1000, 400  # of the solver, at least, in the stimulus and in the shortest tau_mem
COUNT_TOLERANCE, COUNT_SLACK = 0.01, 0.5  # of the expected number of spikes; spikes


def network_deck(
    wiring: Wiring,
    stimulus: Stimulus,
    key: str,
    header: str = "",
    corners: str | None = None,
    checks: Iterable[str] = (),
    corner: Corner | None = None,
) -> str:
    """A core under a stimulus as SPICE text that runs beside its `CORE_FILE`.

    It saves `v(spk_X)`, of readouts `v(mem_X)`, and the meters `v(q_PART)` of the `SUPPLIES`; the charge of a meter (C)
    is its voltage times `METER`.
    Args:  key: of the core.   header: comment lines for the top.   corners: file name of the corner library; None:
    the parameters of `corner`, typical ones where that is None.   checks: measurements, as text.
    """
    shown = [pin for pin in core_pins(wiring) if pin.startswith(("spk_", "mem_"))]
    parameters = "dtunnel={corner_tunnel} dvth={corner_threshold} kcmem={corner_c} vds={v_ds*corner_supply}"
    lines = (
        header.rstrip("\n") or "* network",
        f'.include "{CORE_FILE}"',
        *([f'.lib "{corners}" {TYPICAL}'] if corners else corner_statements(corner or _typical(wiring))),
        f".param v_ds={_n(wiring.circuit.device.v_ds)} v_dd={_n(wiring.circuit.v_dd)}",
        *wrapped("Xcore", (*core_pins(wiring)[:-1], "0"), f"btbt_core_{key} {parameters}"),
        *(supply(part, pin, f"{{{supply_name(part)}*corner_supply}}") for part, pin in SUPPLIES.items()),
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
    key: str,
    header: str = "",
    corners: str | None = None,
    until: np.ndarray | None = None,
) -> str:
    """The deck with a count of the spikes of every neuron against the expected one: `pass` is 1 or 0.

    Measures `n_X`, the integral of a spike output over that of one spike, and `ok_X` from neuron to neuron.
    Args:  expected: spike times (s) of every neuron, in the order of `wiring.names`, from `spike_times` or another
    simulator.   until: how far the spikes of each are counted (s); None: to the end.
    Raises:  InputError unless there is one array of times for each neuron.
    """
    if len(expected) != wiring.n_neurons:
        raise InputError(f"expected spikes of {len(expected)} neurons, the network has {wiring.n_neurons}")
    ends = np.minimum(np.inf if until is None else until, np.full(wiring.n_neurons, stimulus.duration))
    return network_deck(wiring, stimulus, key, header, corners, _counts(wiring, expected, ends))


def _typical(wiring: Wiring) -> Corner:
    return Corner(TYPICAL, TYPICAL, 1.0, wiring.circuit.device.temperature)


def longest_step(wiring: Wiring, stimulus: Stimulus) -> Seconds:
    """The solver's longest step: what comes in between, the switches find."""
    shortest_tau = wiring.circuit.c_mem / float(wiring.g_leak.max(initial=1e-30))
    return min(stimulus.duration / STEPS, shortest_tau / STEPS_PER_TAU)


def supply_name(part: str) -> str:
    """The parameter of a deck that is the nominal voltage of a supply."""
    return "v_ds" if part == "membrane" else "v_dd"


def supply_voltage(wiring: Wiring, part: str) -> Volts:
    """Voltage of the supply that a part of the energy is drawn from."""
    return {"v_ds": wiring.circuit.device.v_ds, "v_dd": wiring.circuit.v_dd}[supply_name(part)]


def _drive(wiring: Wiring, stimulus: Stimulus) -> Iterator[str]:
    """Waves of the external lines, 0 or 1 V from the delay on, and the input current of every driven neuron."""
    for channel in channels(wiring):
        times = np.asarray(stimulus.spikes[channel] if stimulus.spikes else (), dtype=float) + wiring.delay
        yield from _pwl(f"Vext_{channel} ext_{channel} 0", channel_pulses(times, wiring.t_pulse, 1.0), wiring.t_pulse)
    for i in np.flatnonzero(driven_neurons(wiring)):
        wave, name = input_wave(wiring, stimulus, i), wiring.names[i]
        for way, sign in (("in", 1), ("out", -1)):
            part = [(t, max(sign * value, 0.0)) for t, value in wave]
            yield from _pwl(f"I{way}_{name} 0 {way}_{name}", part, wiring.dt)


def _pwl(source: str, wave: Points, width: Seconds) -> Iterator[str]:
    return wrapped(f"{source} PWL(", (f"{_n(t)} {_n(value)}" for t, value in steps(wave, width)), ")")


def _analysis(wiring: Wiring, stimulus: Stimulus) -> str:
    step = _n(longest_step(wiring, stimulus))
    return f".tran {step} {_n(stimulus.duration)} 0 {step} uic"


def _counts(wiring: Wiring, expected: Sequence[np.ndarray], ends: np.ndarray) -> Iterator[str]:
    """Measurements of each count; `ok_X` is 1 where this count and all before it are right.

    A spike that the end of the count cuts counts by the part that is left of it.
    """
    width, so_far = wiring.circuit.t_refractory, "1"
    for name, fires, times, end in zip(wiring.names, wiring.spiking, expected, ends, strict=True):
        if fires:
            count = float(np.clip((end - np.asarray(times)) / width, 0, 1).sum())
            slack = COUNT_SLACK + COUNT_TOLERANCE * count
            yield f".meas tran q_{name} integ v(spk_{name}) from=0 to={_n(end)}"
            yield f".meas tran n_{name} param='q_{name}/{_n(wiring.circuit.v_dd * width)}'"
            yield f".meas tran ok_{name} param='abs(n_{name}-{_n(count)}) < {_n(slack)} ? {so_far} : 0'"
            so_far = f"ok_{name}"
    if so_far != "1":  # silence proves nothing
        yield f".meas tran pass param='{so_far}'"
