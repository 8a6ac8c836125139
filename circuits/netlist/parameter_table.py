"""Every parameter of a circuit as a table: name, value, unit, source. For people and spreadsheets."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from circuits.neuron.circuit import LIFCircuit

HEADER = ("name", "value", "unit", "source")
ASSUMED = "ASSUMED"
SIMULATED = "simulated in transistors, FreePDK45 cards: snn neuron --level transistor"
_SOURCES = {  # of the default of each field; a value that differs from it is the user's own
    "width": "Chavan 2020, IEEE T-ED 10.1109/TED.2020.2985167",
    "v_gs": "where the simulated neuron fires amid the 100 to 150 kHz of Chavan 2020",
    "c_mem": SIMULATED,
    "v_threshold": SIMULATED,
    "v_reset": "the source, to which the body leaks",
    "v_sink": "rail of inhibition, ASSUMED",
    "body_factor": "not published, so none",
    "g_leak": f"{ASSUMED}: tau_mem = 40 us",
    "t_refractory": SIMULATED,
    "v_dd": "the neuron simulated in transistors",
    "leak_activation_ev": f"{ASSUMED}: as the drain current of a transistor that is off, EE724 report figure 14",
}
_OF_CONTROL = {  # likewise
    "width": "the cell that is simulated, least width of FreePDK45",
    "length": "the cell that is simulated, least length of FreePDK45",
    "oxide": "FreePDK45 cards, high threshold",
    "permittivity": "3.9 times that of vacuum, SiO2",
    "c_feedback": "the cell that is simulated",
    "i_off": SIMULATED,
    "i_on": SIMULATED,
    "i_starve": "not starved",
    "subthreshold_swing": "EE724 report figure 14",
    "off_activation_ev": SIMULATED,
}
_FOLLOW = {"c_control": "F", "c_reset": "F", "i_crowbar": "A", "v_crowbar": "V", "i_static": "A"}
GIVEN = "given by the user"


@dataclass(frozen=True)
class Parameter:
    """One row; a value of None was not published."""

    name: str
    value: float | str | None
    unit: str
    source: str


def parameter_table(circuit: LIFCircuit) -> tuple[Parameter, ...]:
    """All parameters of the circuit and of its control transistors, those of its device, and what follows from them."""
    typical = LIFCircuit()
    control = circuit.control
    rows = _sourced(circuit, typical, _SOURCES) + _sourced(control, typical.control, _OF_CONTROL, "control.")
    if control.simulated:
        known = dict.fromkeys((field.name for field in fields(control.simulated)), SIMULATED)
        rows += _sourced(control.simulated, typical.control.simulated, known, "control.simulated.")
    rows += [
        Parameter(f"device.{name}", value, unit, circuit.device.source) for name, value, unit in _values(circuit.device)
    ]
    derived = {"swing": ("V", "v_threshold - v_reset"), "tau_mem": ("s", "c_mem / g_leak")}
    derived |= {"charge_per_weight": ("C", "c_mem swing"), "input_current": ("A", "device equation at v_gs")}
    derived |= {"rheobase": ("A", "g_leak v_threshold"), "c_body": ("F", "c_mem less gates and wire of an inverter")}
    derived |= {name: (unit, "follows from control") for name, unit in _FOLLOW.items()}
    rows += [Parameter(name, _finite(getattr(circuit, name)), unit, how) for name, (unit, how) in derived.items()]
    return tuple(rows)


def _sourced(record: Any, typical: Any, sources: dict[str, str], prefix: str = "") -> list[Parameter]:
    """The plain fields of a record, each with the source of its default or as given by the user."""
    return [
        Parameter(
            f"{prefix}{name}", value, unit, sources.get(name, ASSUMED) if value == getattr(typical, name) else GIVEN
        )
        for name, value, unit in _values(record)
    ]


def parameters_csv(rows: tuple[Parameter, ...]) -> str:
    """The table as CSV with a header; a text that a spreadsheet would run as a formula is quoted away."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((row.name, _cell(row.value), row.unit, _cell(row.source)) for row in rows)
    return text.getvalue()


def parameters_record(rows: tuple[Parameter, ...]) -> list[dict[str, Any]]:
    """The table as plain data for JSON."""
    return [{name: getattr(row, name) for name in HEADER} for row in rows]


def _values(record: Any) -> Iterator[tuple[str, float | str | None, str]]:
    """Name, value and unit of each plain field of a frozen dataclass."""
    hints = get_type_hints(type(record), include_extras=True)
    for field in fields(record):
        value = getattr(record, field.name)
        if value is None or (isinstance(value, float | int | str) and not isinstance(value, bool)):
            hint = hints[field.name]
            units = [part.__metadata__[0] for part in (hint, *get_args(hint)) if getattr(part, "__metadata__", None)]
            yield field.name, value, units[0] if units else ""


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _cell(value: float | str | None) -> str | float:
    if isinstance(value, str):
        line = " ".join(value.split())
        return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line
    return "not published" if value is None else repr(float(value))
