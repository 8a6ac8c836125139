"""Devices by name or from a file: measured points (CSV), which are fitted, or the constants of a fit (TOML).

name = "mine"
source = "wafer 3, die (2, 5)"
prefactor_a_per_v_m = 0.279
v_slope_v = 3.65
...
"""

from pathlib import Path

from circuits.device.btbt import DEVICES, BTBTDevice
from circuits.device.fit import fit_device
from circuits.device.points import read_points
from circuits.errors import InputError
from circuits.storage import reading
from circuits.tables import did_you_mean, keys_of, read_toml, record, shortened

DeviceTable = dict[str, str | float]


def load_device(name: str | Path) -> BTBTDevice:
    """The device of that name, or of a file: points that `read_points` reads and `fit_device` fits, or a table.

    Raises: InputError for an unknown name, a missing or wrong file.
    """
    if not isinstance(name, str | Path):
        raise InputError(f"a device is a name or a file, got {shortened(name)}")
    path = Path(name)
    if path.suffix.lower() == ".csv":
        with reading(path):
            points = read_points(path)
            return fit_device(points.v_dg, points.i, points.width, name=path.stem, **points.conditions)
    if path.suffix.lower() == ".toml":
        with reading(path):
            return device_of_table(read_toml(path), str(path))
    if str(name) not in DEVICES:
        hint = did_you_mean(str(name), DEVICES)
        known = f"known: {', '.join(DEVICES)}, or the path of a .csv of measured points or a .toml of constants"
        raise InputError(f"unknown device {str(name)!r}{hint}; {known}")
    return DEVICES[str(name)]


def device_of_table(table: DeviceTable, place: str = "device") -> BTBTDevice:
    """The device of a table whose keys carry their units. Raises: InputError, naming key and place."""
    device = record(table, BTBTDevice, place)
    for name in ("name", "source"):
        text = getattr(device, name)
        if not text.strip():
            raise InputError(f"{place}: {name} must be text, got {text!r}")
    return device


def table_of_device(device: BTBTDevice) -> DeviceTable:
    """What `device_of_table` reads; what is not known is left out."""
    table = {key: getattr(device, field.name) for key, field in keys_of(BTBTDevice).items()}
    return {key: value for key, value in table.items() if value is not None}
