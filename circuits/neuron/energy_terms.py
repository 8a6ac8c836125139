"""Energy terms of the neuron, each written once: what a spike, a second or a coulomb costs, as entries of a ledger.

    control, reset   C V_DD^2 a spike            crowbar   I_crowbar V_DD while the potential is in the window
    from V_DS        V_DS a coulomb              static    I_static V_DD + I_drain_leak V_DS

A circuit is a `LIFCircuit`, or the population of the transient engine with an array for each parameter.
"""

import math
from typing import Protocol

import numpy as np

from circuits.device.btbt import drain_leak
from circuits.errors import InputError
from circuits.ledger import Entry, Ledger, unknown
from circuits.neuron.circuit import LIFCircuit, biased_rise, period, rise_time
from circuits.neuron.control import ROUNDING
from circuits.units import Amperes, Coulombs, Farads, Seconds, Volts, Watts

Number = float | np.ndarray


class Supplied(Protocol):
    """What the terms ask of a circuit: numbers, or arrays `(neuron,)`."""

    c_mem: Farads
    swing: Volts
    v_ds: Volts
    v_dd: Volts
    c_control: Farads
    c_reset: Farads
    i_crowbar: Amperes
    static_power: Watts


def control(circuit: Supplied, spikes: Number) -> Entry:
    """C_control V_DD^2 a spike."""
    return Entry("control", spikes, circuit.c_control * circuit.v_dd**2, source=f"C_control V_DD^2, {_known(circuit)}")


def reset(circuit: Supplied, spikes: Number) -> Entry:
    """C_reset V_DD^2 a spike, or a reset without one."""
    return Entry("reset", spikes, circuit.c_reset * circuit.v_dd**2, source=f"C_reset V_DD^2, {_known(circuit)}")


def crowbar(circuit: Supplied, seconds: Number) -> Entry:
    """I_crowbar V_DD during the time spent in the window below threshold (s)."""
    power, source = circuit.i_crowbar * circuit.v_dd, f"I_crowbar V_DD, {_known(circuit)}"
    return Entry("crowbar", seconds, power, per="second near threshold", source=source)


def static(circuit: Supplied, seconds: Number) -> Entry:
    """P_static, paid for each neuron and second (s) whether it fires or not."""
    source = f"I_static V_DD + I_drain_leak V_DS, {_known(circuit)}"
    return Entry("static", seconds, circuit.static_power, "static", "neuron second", source)


def supplied(circuit: Supplied, charge: Coulombs | np.ndarray, part: str) -> Entry:
    """V_DS for each coulomb that tunnelling sources draw from the drain supply."""
    leak = ", leak ASSUMED" if part.endswith("leak") else ""
    source = f"charge V_DS, device fitted, capacitance {_known(circuit)}{leak}"
    return Entry(part, charge, circuit.v_ds, per="coulomb", source=source)


def _known(circuit: Supplied) -> str:
    """How the constants of the control circuit and its load are known; a population may have any."""
    return circuit.control.evidence(circuit.v_dd) if isinstance(circuit, LIFCircuit) else "constants of the population"


def neuron_ledger(
    circuit: Supplied, *, spikes: Number, charge: Coulombs | np.ndarray, window: Number, time: Number
) -> Ledger:
    """What neurons draw: `spikes` in `time` (s), of which `window` (s) near threshold, with `charge` (C) from V_DS.

    membrane_charge is C (V_th - V_reset) V_DS a spike; membrane_leak the rest of the charge: leaked while rising,
    drained while refractory, or still on the body.
    """
    stored = spikes * circuit.c_mem * circuit.swing
    return Ledger(
        (
            supplied(circuit, stored, "membrane_charge"),
            supplied(circuit, charge - stored, "membrane_leak"),
            control(circuit, spikes),
            crowbar(circuit, window),
            reset(circuit, spikes),
            static(circuit, time),
        )
    )


def spike_energy(circuit: LIFCircuit, i_in: Amperes | None = None) -> Ledger[float]:
    """Energy of one spike under a constant input current (A; default: the circuit's own gate bias).

    Its dynamic part is what one more spike costs; `static` is the static power times the interval.
    Raises: InputError at or below rheobase, where there is no spike to charge.
    """
    near = max(circuit.v_threshold - circuit.v_crowbar, circuit.v_reset)
    if i_in is None and circuit.follows_body:
        interval, charge, window = _biased(circuit, near)
        i_in = float(circuit.current_at(circuit.v_threshold))
    else:
        i_in = circuit.input_current if i_in is None else i_in
        interval = period(circuit, i_in)
        charge, window = i_in * interval, rise_time(circuit, i_in, near, circuit.v_threshold)
    if math.isinf(interval):
        raise InputError(
            f"input current {i_in:.3g} A does not exceed the rheobase {circuit.rheobase:.3g} A: no spike at "
            f"{circuit.device.temperature:g} K; make v_gs more negative than {circuit.v_gs} V, cool it or lower g_leak"
        )
    return neuron_ledger(circuit, spikes=1, charge=charge, window=window, time=interval)


def _biased(circuit: LIFCircuit, near: Volts) -> tuple[Seconds, Coulombs, Seconds]:
    """Interval, tunnelled charge and time from `near` to threshold where the current follows the body."""
    (rise, charge), (window, _) = (biased_rise(circuit, v) for v in (circuit.v_reset, near))
    held = circuit.t_refractory * float(circuit.current_at(circuit.v_reset))  # drained while the reset lasts
    return circuit.t_refractory + rise, charge + held, window


def unknown_laws(circuit: LIFCircuit) -> Ledger:
    """What is not published of the currents that are charged, wherever the neuron stands."""
    leak, missing = drain_leak(circuit.v_gs, circuit.device, circuit.width), []
    if leak is None:
        missing.append(f"drain-source leak of {circuit.device.name}")
    if not circuit.i_crowbar:
        missing.append("short-circuit current of the first inverter")
    if circuit.t_refractory > circuit.control.t_switch(circuit.v_dd) * (1 + ROUNDING):
        missing.append("what holds the reset for longer than the inverters switch")
    return unknown(*missing)


def unknown_of_neuron(circuit: LIFCircuit) -> Ledger:
    """What a bare neuron at its own gate bias costs besides, or depends on, and nobody has published."""
    missing = ["bias generation"]
    if not circuit.control.simulated:
        missing.append("short-circuit current of the second inverter")
    if not circuit.follows_body:
        missing.append("body-bias dependence of the tunnelling current")
    return unknown(*missing) + unknown_laws(circuit)
