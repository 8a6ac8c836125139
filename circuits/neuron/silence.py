"""Why a neuron is silent at its own gate bias, and the temperature from which on it is."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from circuits.device.btbt import COLDEST, HOTTEST, BTBTDevice, arrhenius
from circuits.neuron.circuit import LIFCircuit, at_temperature
from circuits.units import ZERO_CELSIUS, Amperes, Kelvin, si


def spare_current(circuit: LIFCircuit) -> Amperes:
    """What tunnels into a body at threshold less what leaks there; the neuron fires where it is above 0."""
    return float(circuit.current_at(circuit.v_threshold)) - circuit.rheobase


def silence_temperature(
    circuit: LIFCircuit, law: Callable[[BTBTDevice, Kelvin], BTBTDevice] = arrhenius
) -> Kelvin | None:
    """The temperature at which the leak at threshold equals the current of the gate bias, all else being as it is.

    The nearest to the circuit's own where there are several; None where there is none in 200..450 K.
    """

    def spare(temperature: Kelvin) -> Amperes:
        return spare_current(at_temperature(circuit, temperature, law))

    grid = np.linspace(COLDEST, HOTTEST, 26)
    signs = np.sign([spare(t) for t in grid])
    crossed = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    found = [brentq(spare, grid[k], grid[k + 1], xtol=1e-6) for k in crossed]
    return min(found, key=lambda t: abs(t - circuit.device.temperature), default=None)


def silence(circuit: LIFCircuit) -> str | None:
    """Why the neuron is silent at its own bias, in words, with the temperature at which that begins; None: it fires."""
    if spare_current(circuit) > 0:
        return None
    here, edge = circuit.device.temperature, silence_temperature(circuit)
    said = (
        f"silent at {_degrees(here)}: the leak at threshold, {si(circuit.rheobase, 'A')}, is no less than the "
        f"{si(float(circuit.current_at(circuit.v_threshold)), 'A')} of the gate bias"
    )
    if edge is None:
        return f"{said}, at every temperature; make v_gs more negative than {circuit.v_gs:g} V or lower g_leak"
    return f"{said}; it falls silent {'above' if here >= edge else 'below'} {_degrees(edge)}"


def _degrees(kelvin: Kelvin) -> str:
    return f"{kelvin:.4g} K ({kelvin - ZERO_CELSIUS:.3g} C)"
