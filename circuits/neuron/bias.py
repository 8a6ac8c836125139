"""A neuron's constant input as silicon: the tunnelling device of its own that delivers the current.

    I = btbt_current(V_DS - V_GS, device, width),   drive = I tau_mem / (acceleration q),   q = C (V_th - V_reset)

`drive` is the potential that the current would reach, in units of the swing: above 1 the neuron fires by itself. A chip
that runs `acceleration` times faster than the speech has a leak that many times larger, and so larger currents.
"""

import math

import numpy as np

from circuits.device.btbt import Array, BTBTDevice, bias_for_current, btbt_current
from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Amperes, Metres, Seconds, Volts, si, um

WIDTHS: tuple[Metres, Metres] = (0.1 * um, 10 * um)  # ASSUMED: what one neuron's bias device may be drawn with


def gate_range(device: BTBTDevice) -> tuple[Volts, Volts]:
    """Gate biases (V) of the fitted range at which the device also stays above its floor."""
    weakest = btbt_current(device.v_ds - device.v_gs_max, device, 1.0)
    if weakest >= device.i_floor:
        return device.v_gs_min, device.v_gs_max
    return device.v_gs_min, float(bias_for_current(device.i_floor, device, 1.0))


def current_range(device: BTBTDevice) -> tuple[Amperes, Amperes]:
    """Least and largest current (A) of a bias device: the ends of `gate_range` at the ends of `WIDTHS`."""
    low, high = gate_range(device)
    least, largest = (btbt_current(device.v_ds - v, device, w) for v, w in ((high, WIDTHS[0]), (low, WIDTHS[1])))
    return float(least), float(largest)


def bias_drive(v_gs: Array, width: Array, tau_mem: Array, circuit: LIFCircuit, acceleration: float) -> Array:
    """Drive of each neuron by its bias device, in units of the swing; NumPy or torch, differentiable.

    Args:  v_gs: gate bias (V).   width: channel width (m).   tau_mem: time constant in real time (s).
    """
    current = btbt_current(circuit.device.v_ds - v_gs, circuit.device, width)
    return current * tau_mem / (acceleration * circuit.charge_per_weight)


def current_for_drive(drive: np.ndarray, tau_mem: np.ndarray, circuit: LIFCircuit, acceleration: float) -> np.ndarray:
    """The current (A) of that drive (in units of the swing): the inverse of the second half of `bias_drive`."""
    return drive * acceleration * circuit.charge_per_weight / tau_mem


def require_reach(circuit: LIFCircuit, span: tuple[Seconds, Seconds], acceleration: float) -> None:
    """Raise InputError unless a bias can leave the slowest neuron silent and make the fastest one fire.

    Args:  span: least and largest tau_mem in real time (s).   acceleration: chip time over real time.
    """
    if not (math.isfinite(acceleration) and acceleration > 0):
        raise InputError(f"acceleration must be positive and finite, got {acceleration}; 1 is real time")
    if not math.isfinite(span[1]):
        raise InputError("a bias needs a leak to balance; set g_leak above 0 S, for instance with circuit_for_tau")
    least, largest = current_range(circuit.device)
    slowest, fastest = (float(current_for_drive(1.0, tau, circuit, acceleration)) for tau in reversed(span))
    if slowest < least:
        factor = 1.01 * least / slowest  # a hundredth of room, for the three digits of the remedy
        raise InputError(_out_of_reach(circuit, acceleration, slowest, "least", least, factor))
    if fastest > largest:
        factor = 0.99 * largest / fastest
        raise InputError(_out_of_reach(circuit, acceleration, fastest, "most", largest, factor))


def _out_of_reach(
    circuit: LIFCircuit, acceleration: float, threshold: Amperes, end: str, limit: Amperes, factor: float
) -> str:
    """What the bias device cannot do, in words; `factor` mends it."""
    low, high = gate_range(circuit.device)
    never = {"least": "can never rest", "most": "never fires by itself"}[end]
    device = f"{circuit.device.name} at {low:.3g} to {high:.3g} V and {si(WIDTHS[0], 'm')} to {si(WIDTHS[1], 'm')}"
    speed, c_mem = f"{acceleration * factor:.3g}", si(circuit.c_mem * factor, "F")
    return (
        f"at an acceleration of {acceleration:g} a neuron fires from {si(threshold, 'A')} on, but its bias device, "
        f"{device}, gives at {end} {si(limit, 'A')}: it {never}; "
        f"choose an acceleration of at {end} {speed}, or a c_mem of at {end} {c_mem}"
    )
