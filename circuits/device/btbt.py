"""The band-to-band-tunnelling (BTBT) device: current, its inverse, temperature and mismatch.

The compact form is the GIDL equation of BSIM with the band bending as an offset, per metre of width:

    I = A u exp(-B / u) m,   u = V_DG - V_0,   zero for u <= 0,   V_DG = V_DS - V_GS
    m = g(V_DS - V_body) / g(V_DS of the fit),   g(V) = V^3 / (C + V^3)

m is BSIM's drain-body factor, taken relative to the fit (body at 0 V), so that A keeps meaning the measured current.
Every curve that we have is of one body and one drain potential, so nothing constrains C: the default 0, m = 1, says
"not extracted", and `BSIM_DRAIN_BODY` is the model's own default, at which a neuron fires about half as fast.

Source of the form: BSIM4 gate-induced drain leakage. Source of the numbers: least squares in ln I over digitised
Sentaurus TCAD curves of 32 nm PD-SOI and 22 nm FDX (group course report EE724, figures 7, 14 and 15; +-5 to 10 %).
They are not the 45RFSOI silicon of the TCAS-I 2022 chip, whose device values nobody has published.
"""

import math
import warnings
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

import numpy as np
from array_api_compat import array_namespace
from scipy.special import lambertw

from circuits.errors import InputError
from circuits.units import (
    BOLTZMANN,
    ZERO_CELSIUS,
    AmperesPerMetre,
    CubicVolts,
    Kelvin,
    Metres,
    Volts,
    eV,
    freeze_si,
    require,
    require_plausible_fields,
    um,
)

Array = TypeVar("Array", bound=Any)  # of NumPy or torch, or a float: each formula stands once and runs on all

REFERENCE_TEMPERATURE: Kelvin = 300.0  # K; the temperature of the fits
RELIABILITY_YEARS = 10.0  # the one point of the published loss of current, see circuits/device/ageing.py
COLDEST, HOTTEST = 200.0, 450.0  # K; as far as the laws of temperature are taken
MOST_ACTIVATION_EV = 5.0  # eV; no gap of a semiconductor is as wide
BSIM_DRAIN_BODY: CubicVolts = 0.5  # Source: default CGIDL of BSIM4 and BSIMSOI
LEAST_DRAIN_BODY: Volts = 1e-6  # a junction with less across it carries nothing, and still a number
SUBTHRESHOLD_ACTIVATION_EV = 0.47  # eV. Source: figure 14 at V_GS = 0, x18.6 at 358 K and x86 at 398 K


@dataclass(frozen=True)
class BTBTDevice:
    """Parameters of the compact I-V at one temperature, with the range in which it was fitted.

    `i_off` is the drain-source leak at V_GS = 0 and `subthreshold_swing` its slope (V per decade); None where the
    source does not give them. `i_floor` is the least drain current of the curve: no bias reaches below it.
    """

    name: str
    prefactor: Annotated[float, "A/m/V"]
    v_slope: Volts
    v_onset: Volts
    residual: float  # rms error of ln I over the points
    i_floor: AmperesPerMetre
    v_gs_min: Volts
    v_gs_max: Volts
    source: str
    v_ds: Volts = 0.9  # figure 7 prints it; ASSUMED for figures 14 and 15
    activation_ev: float = 0.16  # eV. Source: figure 14 at V_GS = -1 V, x2.7 at 358 K and x4.6 at 398 K
    i_off: AmperesPerMetre | None = None
    subthreshold_swing: Volts | None = None  # per decade
    v_ds_fit: Volts = 0.9  # drain voltage of the fitted curve; `v_ds` elsewhere is extrapolation
    temperature: Kelvin = REFERENCE_TEMPERATURE  # of these constants
    age_years: float = 0.0  # years of use, contained in `prefactor`
    off_activation_ev: float = SUBTHRESHOLD_ACTIVATION_EV  # eV, of the drain current below onset: i_off and i_floor
    drain_body: CubicVolts = 0.0  # C of the drain-body factor; 0: none, since no curve varies the body

    def __post_init__(self):
        freeze_si(self)
        for name in ("prefactor", "v_slope", "v_ds", "v_ds_fit"):
            require(self, name, getattr(self, name) > 0, "positive")
        for name in ("residual", "i_floor", "i_off", "subthreshold_swing", "drain_body"):
            require(self, name, 0 <= (getattr(self, name) or 0) < math.inf, "zero or positive")
        for name in ("activation_ev", "off_activation_ev"):
            require(self, name, 0 <= getattr(self, name) <= MOST_ACTIVATION_EV, f"in 0..{MOST_ACTIVATION_EV} eV")
        require(self, "temperature", self.temperature > 0, "positive")
        require_plausible_fields(self)
        require(self, "age_years", 0 <= self.age_years < math.inf, "zero or positive")
        require(self, "v_gs_min", self.v_gs_min < self.v_gs_max, f"below v_gs_max = {self.v_gs_max}")


def _fit(name, prefactor_a_um, v_slope, v_onset, residual, floor_a_um, figure, **rest) -> BTBTDevice:
    """A device from the units of the figures (A per um of width)."""
    v_gs_min, v_gs_max = rest.pop("v_gs_min", -1.49), rest.pop("v_gs_max", -0.4)
    return BTBTDevice(
        name, prefactor_a_um / um, v_slope, v_onset, residual, floor_a_um / um, v_gs_min, v_gs_max,
        f"fit of digitised TCAD, EE724 report {figure}", **rest,
    )  # fmt: skip


DEVICES: dict[str, BTBTDevice] = {
    device.name: device
    for device in (
        _fit("32nm-pdsoi", 2.835552998e-7, 3.65053319, 0.923129317, 0.0319512898, 4e-13, "figure 14 (300 K)",
             i_off=1.35e-10 / um, subthreshold_swing=0.091),
        _fit("32nm-pdsoi-nsd1e20", 2.674136349e-7, 2.38982872, 1.06976918, 0.0378968597, 9e-13,
             "figure 7 (N_SD 1e20 cm^-3)", v_gs_max=-0.5, i_off=3e-10 / um),
        _fit("32nm-pdsoi-nsd5e19", 2.864797154e-7, 4.75579921, 0.888043113, 0.0633006379, 2e-13,
             "figure 7 (N_SD 5e19 cm^-3)", v_gs_min=-1.4),
        _fit("32nm-pdsoi-nsd3e19", 1.034406592e-7, 6.30051238, 0.883127675, 0.0579068887, 3e-14,
             "figure 7 (N_SD 3e19 cm^-3)", v_gs_max=-0.5),  # at -0.4 V the curve lies on its floor
        _fit("22nm-fdx", 1.976771940e-10, 8.48414568, 0.386909834, 0.0273174393, 2e-14, "figure 15 (300 K)",
             v_gs_max=-0.5, activation_ev=0.27),  # eV; figure 15 at V_GS = -1 V, x13.6 at 398 K
    )
}  # fmt: skip


def btbt_current(v_dg: Array, device: BTBTDevice, width: Metres, v_body: Volts | np.ndarray = 0.0) -> Array:
    """Tunnelling current: I = W A u exp(-B / u) m, u = V_DG - V_0, zero for u <= 0, m the `drain_body_factor`.

    Args: v_dg: drain-gate voltage (V), NumPy array, torch tensor or float. width: channel width (m). v_body: potential
    of the body (V).
    Returns: current (A), same shape; its gradient is finite everywhere, zero below onset.
    """
    v_dg = np.float64(v_dg) if isinstance(v_dg, (int, float)) else v_dg
    xp, u = array_namespace(v_dg), v_dg - device.v_onset
    safe = xp.where(u > 0, u, device.v_slope * xp.ones_like(u))  # keeps exp and its gradient finite below onset
    prefactor = drain_body_factor(v_body, device) * device.prefactor
    return xp.where(u > 0, width * prefactor * safe * xp.exp(-device.v_slope / safe), xp.zeros_like(u))


def drain_body_factor(v_body: Volts | np.ndarray, device: BTBTDevice) -> float | np.ndarray:
    """m = g(V_DS - V_body) / g(V_DS of the fit), g(V) = V^3 / (C + V^3): exactly 1 where C is 0."""
    here, at_fit = (
        cube / (device.drain_body + cube)
        for cube in (np.maximum(v_db, LEAST_DRAIN_BODY) ** 3 for v_db in (device.v_ds - v_body, device.v_ds_fit))
    )
    return here / at_fit if np.ndim(here) else float(here / at_fit)


def drain_body_slope(v_body: Volts | np.ndarray, device: BTBTDevice) -> float | np.ndarray:
    """-d ln m / dV_body = 3 C / (V_db (C + V_db^3)) (1/V)."""
    v_db = np.maximum(device.v_ds - v_body, LEAST_DRAIN_BODY)
    return 3 * device.drain_body / (v_db * (device.drain_body + v_db**3))


def bias_for_current(
    current: np.ndarray | float, device: BTBTDevice, width: Metres, v_body: Volts | np.ndarray = 0.0
) -> np.ndarray:
    """Gate bias V_GS that drives the wanted current, the inverse of `btbt_current` at V_DS = `device.v_ds`.

    With y = B / u the equation reads y exp(y) = W A B / I, so u = B / W_0(W A B / I), the Lambert function.
    Args: current: wanted current (A), positive, any shape. Returns: V_GS (V), same shape.
    Raises: InputError for a current that is not positive and finite. Warns: ExtrapolationWarning, once per device.
    """
    current = np.asarray(current, dtype=float)
    if not (np.all(np.isfinite(current)) and np.all(current > 0)):
        raise InputError(f"a tunnelling current must be positive and finite, got {current.min():g} A; leave it out")
    prefactor = drain_body_factor(v_body, device) * device.prefactor
    u = device.v_slope / lambertw(width * prefactor * device.v_slope / current).real
    v_gs = device.v_ds - device.v_onset - u
    warn_outside_fit(device, v_gs)
    return v_gs


def log_slope(v_dg: Array, device: BTBTDevice) -> Array:
    """d ln I / dV_DG = 1 / u + B / u^2 (1/V), same shape as `v_dg` (V); valid for u > 0."""
    u = v_dg - device.v_onset
    return 1 / u + device.v_slope / u**2


def drain_leak(v_gs: float, device: BTBTDevice, width: Metres) -> float | None:
    """Drain-source leak below threshold, I = W I_off 10^(V_GS / SS) (A): wasted power. None where not published."""
    if device.i_off is None or device.subthreshold_swing is None:
        return None
    return width * device.i_off * 10 ** (v_gs / device.subthreshold_swing)


def boltzmann_factor(activation_ev: float, temperature: Kelvin, since: Kelvin = REFERENCE_TEMPERATURE) -> float:
    """exp(-E_a/k (1/T - 1/T_since)): how a thermally activated current has grown since another temperature (K)."""
    for kelvin in (temperature, since):
        if not COLDEST <= kelvin <= HOTTEST:
            there = COLDEST <= kelvin + ZERO_CELSIUS <= HOTTEST
            celsius = f"; {kelvin:g} C is {kelvin + ZERO_CELSIUS:g} K" if there else ""
            raise InputError(
                f"temperature must lie in {COLDEST:g}..{HOTTEST:g} K (TCAD: 300 to 398 K), got {kelvin} K{celsius}"
            )
    return math.exp(activation_ev * thermal(temperature, since))


def thermal(temperature: Kelvin, since: Kelvin) -> float:
    """(1/T_since - 1/T) / k (1/eV): times an activation energy it is the exponent of an Arrhenius factor."""
    return (1 / since - 1 / temperature) * eV / BOLTZMANN


def band_gap_ev(temperature: Kelvin) -> float:
    """Silicon band gap by Varshni, E_g = 1.17 - 4.73e-4 T^2 / (T + 636) (eV). Source: Sze, table of E_g(T)."""
    return 1.17 - 4.73e-4 * temperature**2 / (temperature + 636)


def arrhenius(device: BTBTDevice, temperature: Kelvin) -> BTBTDevice:
    """The device at another temperature (K), current times exp(-E_a/k (1/T - 1/T_0)): what the TCAD curves show."""
    return _scaled(device, temperature, boltzmann_factor(device.activation_ev, temperature, device.temperature), 1.0)


def kane(device: BTBTDevice, temperature: Kelvin) -> BTBTDevice:
    """The device at another temperature by Kane's law: A goes with E_g^-1/2 and B with E_g^3/2."""
    gap = band_gap_ev(temperature) / band_gap_ev(device.temperature)
    return _scaled(device, temperature, gap**-0.5, gap**1.5)


def _scaled(device: BTBTDevice, temperature: Kelvin, prefactor: float, v_slope: float) -> BTBTDevice:
    """The device with A and B multiplied, and its off and floor currents by their own activation."""
    leak = boltzmann_factor(device.off_activation_ev, temperature, device.temperature)
    return replace(
        device,
        temperature=temperature,
        prefactor=device.prefactor * prefactor,
        v_slope=device.v_slope * v_slope,
        i_floor=device.i_floor * leak,
        i_off=None if device.i_off is None else device.i_off * leak,
        subthreshold_swing=None  # SS = n kT/q ln 10 is proportional to T
        if device.subthreshold_swing is None
        else device.subthreshold_swing * temperature / device.temperature,
    )


def mismatch(v_dg: np.ndarray | float, device: BTBTDevice, sigma_v: Volts, rng: np.random.Generator) -> np.ndarray:
    """Device-to-device factors on the current, lognormal with sigma_lnI = (d ln I / dV) sigma_V.

    Args: v_dg: drain-gate voltage per device (V). sigma_v: spread of the local tunnelling voltage (V), the
    `sigma_tunnel` of `circuits.variation.mismatch.Spread`, where sigma is defined; sub-threshold spread is apart,
    uncorrelated.
    Returns: factors, same shape as `v_dg`, median 1. Source of the law: TCAD slope, 4.9 /V at V_GS = -1 V and
    19 /V at -0.5 V, hence 10 % and 47 % for 20 mV.
    """
    v_dg = np.asarray(v_dg, dtype=float)
    if sigma_v < 0:
        raise InputError(f"sigma_v is a standard deviation (V) and must not be negative, got {sigma_v}")
    if np.any(v_dg <= device.v_onset):
        raise InputError(f"v_dg = {v_dg.min():g} V is not above the onset {device.v_onset} V: no current; leave it out")
    return np.exp(log_slope(v_dg, device) * sigma_v * rng.standard_normal(v_dg.shape))


def within_fit(device: BTBTDevice, v_gs: np.ndarray | float) -> bool:
    """Whether all gate biases (V) lie in the range that the device was fitted in, up to rounding."""
    v_gs, rounding = np.asarray(v_gs, dtype=float), 1e-9 * (device.v_gs_max - device.v_gs_min)
    return bool(np.all((v_gs >= device.v_gs_min - rounding) & (v_gs <= device.v_gs_max + rounding)))


def validity_notes(device: BTBTDevice, v_gs: np.ndarray | float) -> tuple[str, ...]:
    """One line for each way in which gate biases (V), drain voltage or age leave what the device was fitted to."""
    low, high = float(np.min(v_gs)), float(np.max(v_gs))
    span, notes = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}", ()
    if not within_fit(device, v_gs):
        notes += (
            f"gate bias {span} V leaves the fitted range of {device.name}, "
            f"{device.v_gs_min:g} to {device.v_gs_max:g} V: extrapolated",
        )
    if not math.isclose(device.v_ds, device.v_ds_fit, rel_tol=1e-9):
        notes += (f"V_DS = {device.v_ds:.3g} V, {device.name} is fitted at {device.v_ds_fit:g} V: extrapolated",)
    if device.age_years > RELIABILITY_YEARS:
        notes += (f"{device.age_years:g} years of use, the loss is known at {RELIABILITY_YEARS:g}: extrapolated",)
    return notes


class ExtrapolationWarning(UserWarning):
    """A device is used where it was not fitted."""


_warned: set[tuple[str, float, float]] = set()  # devices already warned of; nothing computed depends on it


def warn_outside_fit(device: BTBTDevice, v_gs: np.ndarray | float, stacklevel: int = 3) -> None:
    """Warn where gate biases (V) leave the fitted range, once in a process for each device.

    Where a designer chooses a bias, not in the formulas: those run on tensors, in loops and in gradients.
    """
    key = (device.name, device.v_gs_min, device.v_gs_max)
    if key not in _warned and not within_fit(device, v_gs):
        warnings.warn(f"{validity_notes(device, v_gs)[0]} (said once)", ExtrapolationWarning, stacklevel)
        _warned.add(key)
