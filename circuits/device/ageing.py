"""Loss of tunnelling current over years of use."""

from dataclasses import replace

from circuits.device.btbt import RELIABILITY_YEARS, BTBTDevice
from circuits.errors import InputError

LOSS = 0.17  # after ten years at operating bias. Source: IIT Gandhinagar repository, handle 123456789/10640
EXPONENT = 0.25  # ASSUMED: one point is published; wear of a gate oxide commonly goes with a power of time near this


def current_left(years: float, exponent: float = EXPONENT) -> float:
    """Fraction of the current left after years of use: 1 - 0.17 (t / 10 y)^n, n = 1/4.

    Raises: InputError for years that are negative or not finite, or so many that nothing would be left.
    """
    if not 0 <= years < float("inf"):
        raise InputError(f"years of use must be zero or more, got {years}")
    left = 1 - LOSS * (years / RELIABILITY_YEARS) ** exponent
    if not left > 0:
        raise InputError(f"the law leaves no current after {years:g} years; it is known at {RELIABILITY_YEARS:g} years")
    return left


def aged(device: BTBTDevice, years: float, exponent: float = EXPONENT) -> BTBTDevice:
    """The device after so many more years of use, its current times `current_left`; 3 and 4 years are 7.

    Beyond ten years of use in all, `validity_notes` says that the loss is extrapolated. Floor and off-current keep
    their values: nothing is published about their wear. Raises: InputError for negative years.
    """
    if not years >= 0:
        raise InputError(f"years of use must be zero or more, got {years}")
    total = device.age_years + years
    factor = current_left(total, exponent) / current_left(device.age_years, exponent)
    return replace(device, prefactor=device.prefactor * factor, age_years=total)
