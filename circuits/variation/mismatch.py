"""Mismatch of neurons on one die. Here "sigma" is defined, once: one standard deviation, from device to device.

No sigma of a BTBT neuron is published, only two relations: the spread of the tunnelling current is about three times
smaller than that of sub-threshold current, and uncorrelated with it. Source: IEEE T-ED, process-voltage-temperature
variability of the tunnelling current, IIT Gandhinagar repository 123456789/9630. One voltage spread for both explains
the ratio, by the slopes d ln I / dV: 25 /V below threshold, 18 /V at the onset of tunnelling, 4 /V deep in it.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from circuits.device.btbt import log_slope
from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from circuits.units import Volts, freeze_si, require, require_plausible_fields


@dataclass(frozen=True)
class Spread:
    """Standard deviations from device to device, independent of one another; the defaults are ASSUMED."""

    sigma_tunnel: Volts = 0.010  # of u = V_DG - V_0; the `sigma_v` of `mismatch`
    sigma_subthreshold: Volts = 0.010  # of the transistor thresholds behind `i_static`
    sigma_threshold: Volts = 0.010  # of v_threshold, the inverter's switching point
    sigma_c: float = 0.02  # of ln c_mem

    def __post_init__(self):
        freeze_si(self)
        for field in fields(self):
            require(self, field.name, getattr(self, field.name) >= 0, "zero or positive")
        require_plausible_fields(self)


def current_spread(circuit: LIFCircuit, spread: Spread) -> float:
    """Standard deviation of ln I at the circuit's own bias, sigma_lnI = (d ln I / dV) sigma_tunnel (no unit)."""
    v_dg = circuit.device.v_ds - circuit.v_gs
    if v_dg <= circuit.device.v_onset:
        raise InputError(
            f"V_DG = {v_dg:g} V is not above the onset {circuit.device.v_onset:g} V: no tunnelling current"
        )
    return float(log_slope(v_dg, circuit.device)) * spread.sigma_tunnel


def spread_of_current(circuit: LIFCircuit, sigma: float) -> Spread:
    """The spread of devices whose ln I deviates by `sigma` at the circuit's own bias: the default one, scaled.

    ASSUMED: one process makes all of it, so thresholds and capacitors deviate more where currents do.
    Raises: InputError for a sigma below zero, or a circuit without tunnelling current.
    """
    if not sigma >= 0:
        raise InputError(f"sigma = {sigma:g} is a standard deviation of ln I: give zero or more")
    default = Spread()
    scale = sigma / current_spread(circuit, default)
    return replace(default, **{field.name: scale * getattr(default, field.name) for field in fields(default)})


def static_spread(circuit: LIFCircuit, spread: Spread) -> float:
    """Standard deviation of ln i_static, sigma_subthreshold ln 10 / SS (no unit); SS / ln 10 is `v_crowbar`."""
    if spread.sigma_subthreshold and not circuit.v_crowbar:
        raise InputError("sigma_subthreshold needs the sub-threshold slope: set control.subthreshold_swing above 0 V")
    return spread.sigma_subthreshold / circuit.v_crowbar if spread.sigma_subthreshold else 0.0


def sample(circuit: LIFCircuit, spread: Spread, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw n devices: normal voltages, lognormal capacitances and currents, medians those of the circuit.

    Each field draws from a child generator of its own, so no draw depends on another field's sigma, and the first
    devices are the same however many are drawn.
    Returns: `tunnel_shift` (V, added to u of the device), `i_static` (A), `v_threshold` (V), `c_mem` (F), each `(n,)`.
    Raises: InputError where a threshold falls to v_reset, naming the number of devices.
    """
    if n < 1:
        raise InputError(f"n counts devices and must be at least 1, got {n}")
    tunnel, static, threshold, c_mem = (child.standard_normal(n) for child in rng.spawn(4))
    v_threshold = circuit.v_threshold + spread.sigma_threshold * threshold
    dead = int(np.count_nonzero(v_threshold <= circuit.v_reset))
    if dead:
        raise InputError(
            f"sigma_threshold = {spread.sigma_threshold:g} V puts {dead} of {n} thresholds at or below v_reset = "
            f"{circuit.v_reset:g} V; lower it or raise v_threshold = {circuit.v_threshold:g} V"
        )
    return {
        "tunnel_shift": spread.sigma_tunnel * tunnel,
        "i_static": circuit.i_static * np.exp(static_spread(circuit, spread) * static),
        "v_threshold": v_threshold,
        "c_mem": circuit.c_mem * np.exp(spread.sigma_c * c_mem),
    }
