"""SI units: annotated float aliases, prefixes, printing, and quantities accepted at constructors.

Every number inside the project is a float in SI units. A field says its unit in its annotation (`c_mem: Farads`),
a prefix lives on one line only (`c_mem = 0.5 * fF`), and a Brian2 quantity is accepted wherever a value is stored.
"""

import math
from dataclasses import fields
from typing import Annotated, Any, get_args, get_type_hints

from circuits.errors import InputError

Volts = Annotated[float, "V"]
Amperes = Annotated[float, "A"]
AmperesPerMetre = Annotated[float, "A/m"]
Farads = Annotated[float, "F"]
Siemens = Annotated[float, "S"]
Seconds = Annotated[float, "s"]
Hertz = Annotated[float, "Hz"]
Joules = Annotated[float, "J"]
Watts = Annotated[float, "W"]
Metres = Annotated[float, "m"]
SquareMetres = Annotated[float, "m^2"]
Kelvin = Annotated[float, "K"]
Coulombs = Annotated[float, "C"]

fF, pF = 1e-15, 1e-12
pS, fS = 1e-12, 1e-15
pA, nA, fA = 1e-12, 1e-9, 1e-15
mV = 1e-3
ns, us, ms = 1e-9, 1e-6, 1e-3
nm, um = 1e-9, 1e-6
ZERO_CELSIUS: Kelvin = 273.15
kHz, MHz = 1e3, 1e6
eV = 1.602176634e-19  # J, exact. Source: SI definition of the elementary charge

BOLTZMANN: Annotated[float, "J/K"] = 1.380649e-23  # exact. Source: SI definition
VACUUM_PERMITTIVITY: Annotated[float, "F/m"] = 8.8541878128e-12  # Source: CODATA 2018

# Exponents of (metre, kilogram, second, ampere, kelvin) of each unit: the order in which Brian2 keeps them, before
# the mole and the candela, which no unit here has.
_DIMENSIONS = {
    "V": (2, 1, -3, -1, 0),
    "A": (0, 0, 0, 1, 0),
    "A/m": (-1, 0, 0, 1, 0),
    "A/m/V": (-3, -1, 3, 2, 0),
    "F": (-2, -1, 4, 2, 0),
    "S": (-2, -1, 3, 2, 0),
    "s": (0, 0, 1, 0, 0),
    "Hz": (0, 0, -1, 0, 0),
    "J": (2, 1, -2, 0, 0),
    "W": (2, 1, -3, 0, 0),
    "m": (1, 0, 0, 0, 0),
    "K": (0, 0, 0, 0, 1),
    "C": (0, 0, 1, 1, 0),
    "m^2": (2, 0, 0, 0, 0),
    "F/m": (-3, -1, 4, 2, 0),
    "F/m^2": (-4, -1, 4, 2, 0),
}
_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


def si(value: float | None, unit: str, digits: int = 3) -> str:
    """The value with an SI prefix, `si(3.2e-15, "J") == "3.2 fJ"`; None prints "not modelled"."""
    if value is None:
        return "not modelled"
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    exponent = min(max(3 * math.floor(math.log10(abs(value)) / 3), min(_PREFIXES)), max(_PREFIXES))
    mantissa = f"{value / 10.0**exponent:.{digits}g}"
    if abs(float(mantissa)) >= 1000 and exponent < max(_PREFIXES):  # 999.9 rounds up into the next prefix
        exponent += 3
        mantissa = f"{value / 10.0**exponent:.{digits}g}"
    return f"{float(mantissa):g} {_PREFIXES[exponent]}{unit}"


def si_float(value: Any, unit: str, name: str) -> float:
    """A number or a Brian2 quantity as a finite SI float.

    Raises: TypeError for something that is not a number, ValueError for NaN, infinity or another dimension.
    """
    dimension = getattr(getattr(value, "dim", None), "_dims", None)  # `dim` is a method on a torch tensor
    if dimension is not None and tuple(dimension) != (*_DIMENSIONS[unit], 0, 0):
        raise InputError(f"{name} must be in {unit}, got {value}; write for example 1*{unit}, or a float in {unit}")
    if isinstance(value, bool | str):
        raise TypeError(f"{name} must be a number in {unit}, got {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be a number in {unit}, got {value!r}") from error
    if not math.isfinite(number):
        raise InputError(f"{name} must be finite, got {number} {unit}")
    return number


def freeze_si(record: Any) -> None:
    """Turn each unit-annotated field of a frozen dataclass into a finite SI float; call it first in `__post_init__`.

    A field of type `Volts | None` keeps None: not published.
    """
    hints = get_type_hints(type(record), include_extras=True)
    for field in fields(record):
        hint, value = hints[field.name], getattr(record, field.name)
        optional = type(None) in get_args(hint)
        units = [part.__metadata__[0] for part in (hint, *get_args(hint)) if getattr(part, "__metadata__", None)]
        if units and not (optional and value is None):
            name = f"{type(record).__name__}.{field.name}"
            object.__setattr__(record, field.name, si_float(value, units[0], name))


def require(record: Any, name: str, holds: bool, limit: str) -> None:
    """Raise ValueError naming the field, its value and the limit that it breaks, unless `holds`."""
    if not holds:
        raise InputError(f"{type(record).__name__}.{name} must be {limit}, got {getattr(record, name)!r}")
