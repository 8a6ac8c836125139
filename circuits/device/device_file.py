"""Devices by name or from a file: measured points (CSV), which are fitted, or the constants of a fit (TOML).

name = "mine"
source = "wafer 3, die (2, 5)"
prefactor_a_per_v_m = 0.279
v_slope_v = 3.63
...
"""

import tomllib
from dataclasses import MISSING, fields
from difflib import get_close_matches
from pathlib import Path
from typing import get_type_hints

from circuits.device.btbt import DEVICES, BTBTDevice
from circuits.device.fit import fit_device
from circuits.device.points import read_points
from circuits.errors import InputError, MissingInputError
from circuits.units import unit_of

DeviceTable = dict[str, str | float]
_ENDS = {"V": "_v", "A/m": "_a_per_m", "A/m/V": "_a_per_v_m", "K": "_k"}


def _key(name: str, hint: object) -> str:
    """What a field is called in a file, with its unit."""
    unit = unit_of(hint)
    return name + (_ENDS[unit] if unit else "")


_KEYS = {_key(name, hint): name for name, hint in get_type_hints(BTBTDevice, include_extras=True).items()}
_NEEDED = {field.name for field in fields(BTBTDevice) if field.default is MISSING}


def load_device(name: str | Path) -> BTBTDevice:
    """The device of that name, or of a file: points that `read_points` reads and `fit_device` fits, or a table.

    Raises: InputError for an unknown name, a missing or wrong file.
    """
    path = Path(name)
    if path.suffix.lower() == ".csv":
        points = read_points(path)
        return fit_device(points.v_dg, points.i, points.width, name=path.stem, **points.conditions)
    if path.suffix.lower() == ".toml":
        return device_of_table(_read(path), str(path))
    if str(name) not in DEVICES:
        near = get_close_matches(str(name), DEVICES, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = f"known: {', '.join(DEVICES)}, or the path of a .csv of measured points or a .toml of constants"
        raise InputError(f"unknown device {str(name)!r}{hint}; {known}")
    return DEVICES[str(name)]


def device_of_table(table: DeviceTable, place: str = "device") -> BTBTDevice:
    """The device of a table whose keys carry their units. Raises: InputError, naming key and place."""
    for key in table:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, 1)
            raise InputError(f"{place}: unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    given = {_KEYS[key]: value for key, value in table.items()}
    if missing := [key for key, name in _KEYS.items() if name in _NEEDED - given.keys()]:
        raise InputError(f"{place}: a device needs {', '.join(missing)}")
    for name in ("name", "source"):
        if not isinstance(given[name], str) or not given[name].strip():
            raise InputError(f"{place}: {name} must be text, got {given[name]!r}")
    try:
        return BTBTDevice(**given)
    except (TypeError, ValueError) as error:
        raise InputError(f"{place}: {error}") from error


def table_of_device(device: BTBTDevice) -> DeviceTable:
    """What `device_of_table` reads; what is not known is left out."""
    table = {key: getattr(device, name) for key, name in _KEYS.items()}
    return {key: value for key, value in table.items() if value is not None}


def _read(path: Path) -> DeviceTable:
    if not path.is_file():
        raise MissingInputError(f"no device file {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from error
