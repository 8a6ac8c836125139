"""The designer's inverse: from time constant, rate and swing to the gate bias, the width and the capacitor.

A request that cannot be met is refused with the reason and with what meets it; each remedy is tried before it is named.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from circuits.device.btbt import bias_for_current
from circuits.errors import InputError
from circuits.neuron.bias import WIDTHS
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau, firing_rate
from circuits.neuron.currents import circuit_notes
from circuits.neuron.request import (
    NARROWEST,
    DesignError,
    Remedy,
    Request,
    check_body,
    check_current,
    check_slope,
    check_timing,
    current_range,
    round_down,
    round_up,
)
from circuits.units import Amperes, AmperesPerMetre, Farads, Hertz, Metres, Seconds, Volts, si

MOST_CHANGES = 3  # that a remedy may combine; more are looked for only where fewer do not help
MOST_REMEDIES = 6  # that one refusal names
FLOOR_SHARE = 0.1  # from where on a note tells how much of the input the least drain current is


@dataclass(frozen=True)
class Design:
    """A circuit that meets a request: `circuit.device`, `.v_gs`, `.width`, `.c_mem`, and what is worth knowing."""

    circuit: LIFCircuit
    notes: tuple[str, ...]

    @property
    def rate(self) -> Hertz:
        """What the circuit fires at its own gate bias."""
        return firing_rate(self.circuit, self.circuit.input_current)

    @property
    def tau_mem(self) -> Seconds:
        return self.circuit.tau_mem


def design_neuron(
    tau_mem: Seconds,
    rate: Hertz,
    swing: Volts,
    circuit: LIFCircuit | None = None,
    *,
    width: Metres | None = None,
    c_mem: Farads | None = None,
) -> Design:
    """The neuron that fires at `rate` with the leak of `tau_mem` over `swing` = V_th - V_reset.

    The current follows from the f-I curve (`current_for_rate`), the bias from `bias_for_current`. Left to choose, the
    width is the circuit's own (with a given capacitor: the nearest to it that works) and the capacitor the body's,
    larger where that would need less current than the device controls.
    Args:  circuit: device, supply, refractory time and control circuit, and as its `c_mem` the body of a device of its
    `width`; None: the default `LIFCircuit`.
    Raises:  DesignError with reason and remedies; InputError for a request that is not positive and finite.
    """
    request = Request(tau_mem, rate, swing, circuit or LIFCircuit(), width, c_mem)
    try:
        return _solve(request)
    except DesignError as unmet:
        for n_changes in range(1, MOST_CHANGES + 1):
            if tried := tuple(islice(_working(request, unmet.remedies, n_changes), MOST_REMEDIES)):
                break
        raise DesignError(unmet.why, tried) from None


def current_for_rate(circuit: LIFCircuit, rate: Hertz) -> Amperes:
    """Input current that fires at `rate` (Hz), the inverse of `firing_rate`.

    I = C (V_th - V_reset) / T x / (1 - exp(-x)) + g V_reset, T = 1 / rate - t_refractory, x = g T / C.
    Raises: InputError where 1 / rate does not exceed the refractory time.
    """
    rise = 1 / rate - circuit.t_refractory
    if not rise > 0:
        raise InputError(
            f"rate = {rate:g} Hz leaves no time beside t_refractory = {circuit.t_refractory:g} s; lower it"
        )
    x = circuit.g_leak * rise / circuit.c_mem
    return circuit.charge_per_weight / rise * (x / -math.expm1(-x) if x > 0 else 1.0) + circuit.g_leak * circuit.v_reset


def with_membrane(circuit: LIFCircuit, tau_mem: Seconds, swing: Volts, c_mem: Farads) -> LIFCircuit:
    """The circuit with another membrane; its control circuit is that of its speed, whatever the capacitor."""
    leak, v_threshold = circuit.g_leak * c_mem / circuit.c_mem, circuit.v_reset + swing
    return circuit_for_tau(tau_mem, replace(circuit, c_mem=c_mem, g_leak=leak, v_threshold=v_threshold, drawn=False))


def _solve(request: Request) -> Design:
    """The design, or a DesignError whose remedies are not yet tried."""
    check_timing(request)
    circuit = request.circuit
    unit = with_membrane(circuit, request.tau_mem, request.swing, circuit.c_mem)
    slope = current_for_rate(unit, request.rate) / unit.c_mem  # V/s: the current is proportional to the capacitor
    check_slope(request, slope)
    width, c_mem = _sizes(request, slope)
    check_body(request, width, c_mem)
    check_current(request, slope, width, c_mem)
    v_gs = float(bias_for_current(slope * c_mem, circuit.device, width))
    sized = replace(circuit, width=width, v_gs=v_gs)
    designed = with_membrane(sized, request.tau_mem, request.swing, c_mem)
    return Design(designed, _notes(request, slope, designed))


def _sizes(request: Request, slope: float) -> tuple[Metres, Farads]:
    """Width (m) and capacitor (F): what is requested, else chosen as `design_neuron` says."""
    low, high = current_range(request.circuit.device)
    own = request.circuit.width
    if request.c_mem is None:
        width = request.width or own
        return width, max(request.least_capacitor(width), round_up(low * width / slope))
    return request.width or _nearest_width(request, slope * request.c_mem, low, high), request.c_mem


def _nearest_width(request: Request, current: Amperes, low: AmperesPerMetre, high: AmperesPerMetre) -> Metres:
    """The width nearest to the circuit's own at which the device controls the current and the body fits."""
    own = request.circuit.width
    least, most = current / high, min(current / low, request.widest(request.c_mem))
    if own > most:
        return max(round_down(most), NARROWEST * own) if most > 0 else NARROWEST * own
    return own if own >= least else round_up(least)


def _notes(request: Request, slope: float, circuit: LIFCircuit) -> tuple[str, ...]:
    """What the designer should know: an explicit capacitor and why, the share of the floor, the fitted range."""
    body, floor = request.least_capacitor(circuit.width), circuit.device.i_floor * circuit.width
    notes = circuit_notes(circuit)
    if circuit.c_mem > body * (1 + 1e-9):
        notes += (f"{si(circuit.c_mem - body, 'F')} of the capacitor is drawn, body and load are {si(body, 'F')}",)
    if request.c_mem is None and circuit.c_mem > body:
        least = current_range(circuit.device)[0] * circuit.width
        notes += (
            f"the body alone needs {si(slope * body, 'A')}, {circuit.device.name} controls {si(least, 'A')} or more",
        )
    if circuit.width > WIDTHS[1]:
        notes += (f"a width of {si(circuit.width, 'm')} is more than the {si(WIDTHS[1], 'm')} of a neuron's cell",)
    if floor > FLOOR_SHARE * circuit.input_current:
        notes += (f"the least drain current, {si(floor, 'A')}, is {floor / circuit.input_current:.0%} of the input",)
    return notes


def _working(request: Request, remedies: tuple[Remedy, ...], n_changes: int) -> Iterator[Remedy]:
    """The remedies that meet the request, each alone or, with more than one change, with what is then still unmet."""
    for remedy in remedies:
        try:
            changed = replace(request, **remedy.change)
            _solve(changed)
            yield remedy
        except DesignError as unmet:
            if n_changes > 1:
                yield from (_both(remedy, more) for more in _working(changed, unmet.remedies, n_changes - 1))
        except ValueError:  # a figure that no circuit can have
            continue


def _both(one: Remedy, more: Remedy) -> Remedy:
    return Remedy(f"{one.text} with {more.text}", one.change | more.change)
