"""SI units: annotated float aliases, prefixes, printing, and quantities accepted at constructors.

Every number inside the project is a float in SI units. A field says its unit in its annotation (`c_mem: Farads`),
a prefix lives on one line only (`c_mem = 0.5 * fF`), and a Brian2 quantity is accepted wherever a value is stored.
"""

import math
import re
from dataclasses import fields
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, get_args, get_type_hints

from circuits.errors import InputError, InputTypeError

Volts = Annotated[float, "V"]
Amperes = Annotated[float, "A"]
AmperesPerMetre = Annotated[float, "A/m"]
Farads = Annotated[float, "F"]
FaradsPerMetre = Annotated[float, "F/m"]
Siemens = Annotated[float, "S"]
Seconds = Annotated[float, "s"]
Hertz = Annotated[float, "Hz"]
Joules = Annotated[float, "J"]
Watts = Annotated[float, "W"]
Metres = Annotated[float, "m"]
SquareMetres = Annotated[float, "m^2"]
Kelvin = Annotated[float, "K"]
Coulombs = Annotated[float, "C"]
CubicVolts = Annotated[float, "V^3"]
VoltMetres = Annotated[float, "V m"]
VoltsPerKelvin = Annotated[float, "V/K"]
PerSquareMetre = Annotated[float, "1/m^2"]

fF, pF = 1e-15, 1e-12
pS, fS = 1e-12, 1e-15
pA, nA, fA = 1e-12, 1e-9, 1e-15
mV = 1e-3
ns, us, ms = 1e-9, 1e-6, 1e-3
nm, um = 1e-9, 1e-6
ZERO_CELSIUS: Kelvin = 273.15
YEAR: Seconds = 365.25 * 86400  # the Julian year
kHz, MHz = 1e3, 1e6
eV = 1.602176634e-19  # J, exact. Source: SI definition of the elementary charge

BOLTZMANN: Annotated[float, "J/K"] = 1.380649e-23  # exact. Source: SI definition
VACUUM_PERMITTIVITY: FaradsPerMetre = 8.8541878128e-12  # Source: CODATA 2018

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
    "V^3": (6, 3, -9, -3, 0),
    "V m": (3, 1, -3, -1, 0),
    "V/K": (2, 1, -3, -1, -1),
    "1/m^2": (-2, 0, 0, 0, 0),
}
_PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_MICRO = str.maketrans("\u00b5\u03bc", "uu")  # the micro sign, and the Greek letter that looks like it
_NUMBER = re.compile(r"([-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d++)?)\s*+(\D*+)", re.IGNORECASE)
MOST_TEXT = 80  # characters of a quantity
_MINUTES_AND_HOURS = {"min": 60, "h": 3600}  # not SI, but what people write
_LONG = {"hour": 3600.0, "day": 86400.0, "d": 86400.0, "week": 604800.0, "year": YEAR}  # s; with an s at the end too

# Where no type says it, the end of a key does: `energy_j`, `width_m`.
KEY_UNITS = {"_j": "J", "_w": "W", "_hz": "Hz", "_s": "s", "_a": "A", "_v": "V", "_k": "K", "_f": "F", "_m": "m"}

# Least, most and usual magnitude of what a neuron, a device or a synapse has. ASSUMED, and wide: they are there to tell
# a forgotten prefix (20 for 20 ms) from a figure. Zero is always allowed.
_PLAUSIBLE = {
    "s": (1e-15, 10.0, 20 * ms),  # time constants, pulses and delays, on a chip and in the time of the speech
    "F": (1e-20, 1e-3, 1 * fF),  # the capacitor of a conventional twin may be microfarads
    "m": (1e-10, 0.1, 1 * um),
    "V": (1e-9, 100.0, 1.0),
    "A": (1e-24, 1.0, 100 * pA),
    "S": (1e-24, 1.0, 10 * pS),
    "K": (50.0, 1000.0, 300.0),
    "Hz": (0.0, math.inf, 100 * kHz),
    "A/m": (0.0, 1e6, 1e-4),
}


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

    Raises: TypeError for something that is not a number, InputError for NaN, infinity or another dimension.
    """
    dimension = getattr(getattr(value, "dim", None), "_dims", None)  # `dim` is a method on a torch tensor
    if dimension is not None and tuple(dimension) != (*_DIMENSIONS[unit], 0, 0):
        raise InputError(f"{name} must be in {unit}, got {value}; write for example 1*{unit}, or a float in {unit}")
    if isinstance(value, bool | str):
        raise InputTypeError(f"{name} must be a number in {unit}, got {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"{name} must be a number in {unit}, got {value!r}") from error
    except OverflowError as error:
        raise InputError(f"{name} must be finite, got a whole number of over 300 digits; write it in {unit}") from error
    if not math.isfinite(number):
        raise InputError(f"{name} must be finite, got {number} {unit}")
    return number


def quantity(text: str, unit: str, name: str) -> float:
    """A number in its unit or with a prefix, `quantity("50 kHz", "Hz", "rate") == 50e3`, in SI; no unit means `unit`.

    Raises: InputError for what is no number, or in another unit.
    """
    if len(text) > MOST_TEXT:
        raise InputError(f"{name} must be a number in {unit} of at most {MOST_TEXT} characters, got {text[:40]!r}...")
    found = _NUMBER.fullmatch(text.strip())
    written = found[2].strip().translate(_MICRO) if found else ""
    exponents = {f"{prefix}{unit}": exponent for exponent, prefix in _PREFIXES.items()} | {"": 0}
    if found and written in exponents:
        try:  # the float that 0.02 is, not that of 20 times 0.001
            return float(Decimal(found[1]).scaleb(exponents[written]))
        except ArithmeticError as error:
            raise InputError(f"{name} must be a finite number in {unit}, got {text.strip()!r}") from error
    try:
        return float(text)  # nan and inf, which whoever takes the number judges
    except ValueError:
        factor = _MINUTES_AND_HOURS.get(written) if unit == "s" else None
        usual = f"for example {si(_PLAUSIBLE.get(unit, (0, 0, 1.0))[2], unit)}"
        remedy = f"{float(found[1]) * factor:g} s" if factor else usual
        raise InputError(f"{name} must be a number in {unit}, got {text.strip()!r}; write {remedy}") from None


def duration(text: str, name: str) -> Seconds:
    """A time that may be long, `duration("1 week", "age") == 604800.0`; no unit means s.

    Raises: InputError for what is no number, below zero, infinite, or in another unit.
    """
    found = _NUMBER.fullmatch(text.strip()) if len(text) <= MOST_TEXT else None
    written = found[2].strip() if found else ""
    factor = (_MINUTES_AND_HOURS | _LONG).get(written, _LONG.get(written.removesuffix("s")))
    try:
        seconds = float(found[1]) * factor if found and factor else quantity(text, "s", name)
    except InputError as error:
        units = ", ".join(("s", *_MINUTES_AND_HOURS, *_LONG))
        raise InputError(
            f"{name} must be a time in one of {units}, got {text.strip()[:40]!r}; write for example 1week"
        ) from error
    if not 0 <= seconds < math.inf:
        raise InputError(f"{name} must be zero or a later time, got {text.strip()!r}; write for example 1week")
    return seconds


def require_plausible(value: float, unit: str, name: str) -> None:
    """Raise InputError for a magnitude that no neuron, device or synapse has, naming the unit that was meant."""
    least, most, usual = _PLAUSIBLE.get(unit, (0.0, math.inf, 1.0))
    if value == 0 or not math.isfinite(value) or least <= abs(value) <= most:
        return
    near = (exponent for exponent in _PREFIXES if least <= abs(value) * 10.0**exponent <= most)
    meant = min(near, key=lambda exponent: abs(math.log10(abs(value) / usual) + exponent), default=None)
    hint = "" if meant is None else f"; was {value:g} {_PREFIXES[meant]}{unit} meant?"
    if unit == "K" and least <= value + ZERO_CELSIUS <= most:
        hint = f"; {value:g} C is {value + ZERO_CELSIUS:g} K"
    raise InputError(f"{name} = {value:g} {unit} is not plausible, {si(least, unit)} to {si(most, unit)}{hint}")


def unit_of(hint: Any) -> str | None:
    """The unit in an annotation such as `Volts` or `Volts | None`; None for what has no unit."""
    units = (part.__metadata__[0] for part in (hint, *get_args(hint)) if getattr(part, "__metadata__", None))
    return next(units, None)


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The annotation of each field of a dataclass; looked up once, since circuits are made by the thousand."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def unit_of_field(kind: type, name: str) -> str | None:
    """The unit of a field of a dataclass; None for one that has none."""
    return unit_of(_hints(kind)[name])


def require_plausible_fields(record: Any) -> None:
    """`require_plausible` of each unit-annotated field of a dataclass; call it after `freeze_si`."""
    for name, hint in _hints(type(record)).items():
        value = getattr(record, name, None)
        if value is not None and (unit := unit_of(hint)):
            require_plausible(value, unit, f"{type(record).__name__}.{name}")


def freeze_si(record: Any) -> None:
    """Turn each unit-annotated field of a frozen dataclass into a finite SI float; call it first in `__post_init__`.

    A field of type `Volts | None` keeps None: not published.
    """
    for name, hint in _hints(type(record)).items():
        value = getattr(record, name)
        optional = type(None) in get_args(hint)
        if (unit := unit_of(hint)) and not (optional and value is None):
            object.__setattr__(record, name, si_float(value, unit, f"{type(record).__name__}.{name}"))


def require(record: Any, name: str, holds: bool, limit: str) -> None:
    """Raise InputError naming the field, its value and the limit that it breaks, unless `holds`."""
    if not holds:
        raise InputError(f"{type(record).__name__}.{name} must be {limit}, got {getattr(record, name)!r:.200}")
