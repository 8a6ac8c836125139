"""Corners and mismatch for circuit simulators: `corners.lib`, its Spectre twin, and both as plain data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from circuits.device.btbt import REFERENCE_TEMPERATURE
from circuits.errors import InputError
from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit
from circuits.tables import did_you_mean
from circuits.units import ZERO_CELSIUS, Kelvin
from circuits.variation.corners import CORNERS, PROCESS_SHIFTS, Corner, ProcessShift, corner_circuit
from circuits.variation.mismatch import Spread, current_spread, static_spread

CORNERS_FILE = "corners.lib"  # beside every deck that includes it
TYPICAL = "TT"


def sections(temperature: Kelvin, shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS) -> dict[str, Corner]:
    """The sections of the library by name: each process at nominal supply and this temperature (K), then `CORNERS`."""
    processes = {name: Corner(name, name, 1.0, temperature) for name in shifts}
    return processes | {corner.name: corner for corner in CORNERS if corner.process in shifts}


def corners_lib(
    head: str,
    shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS,
    temperature: Kelvin = REFERENCE_TEMPERATURE,
) -> str:
    """Sections `.lib TT` to `.endl` of `.param` and `.temp`, for ngspice: `.lib "corners.lib" TT`.

    Args:  temperature: of the sections that are a process alone (K), that of the circuits beside the file.
    """
    lines = [head + "* volts; corner_c and corner_supply are factors. All shifts are ASSUMED: replace them by your own"]
    for number, (name, corner) in enumerate(sections(temperature, shifts).items()):
        lines += [f".lib {name}", *corner_statements(corner, number, shifts), f".endl {name}"]
    return "\n".join(lines) + "\n"


def corner_statements(
    corner: Corner, number: int = 0, shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS
) -> tuple[str, str]:
    """A corner as ngspice has it: its parameters and its temperature."""
    params = " ".join(f"{key}={spice_number(value)}" for key, value in _parameters(number, corner, shifts).items())
    return f".param {params}", f".temp {spice_number(corner.temperature - ZERO_CELSIUS)}"


def corners_scs(head: str, shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS) -> str:
    """The process corners for Spectre: `include "corners.scs" section=tt`; supply and temperature are the deck's."""
    lines = [head + "simulator lang=spectre", "library corners"]
    for number, name in enumerate(shifts):
        parameters = _parameters(number, Corner(name, name, 1.0, REFERENCE_TEMPERATURE), shifts)
        params = " ".join(f"{key}={spice_number(value)}" for key, value in parameters.items())
        lines += [f"section {name.lower()}", f"parameters {params}", f"endsection {name.lower()}"]
    return "\n".join([*lines, "endlibrary corners"]) + "\n"


def at_section(circuit: LIFCircuit, name: str, shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS) -> LIFCircuit:
    """The circuit at a section of `corners.lib`. Raises: InputError for an unknown name."""
    known = sections(circuit.device.temperature, shifts)
    if name not in known:
        raise InputError(f"unknown corner {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}")
    return corner_circuit(circuit, known[name], shifts)


def _parameters(number: int, corner: Corner, shifts: Mapping[str, ProcessShift]) -> dict[str, float]:
    """What a section sets: its number, the shift of u (V), of the threshold (V), the factors on C and on the supply."""
    shift = shifts[corner.process]
    return {
        "corner": number,
        "corner_tunnel": shift.tunnel,
        "corner_threshold": shift.threshold,
        "corner_c": shift.c_mem,
        "corner_supply": corner.supply,
    }


def corners_record(shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS) -> dict[str, Any]:
    """Plain data: the process shifts, and every corner with supply (ratio) and temperature (K)."""
    processes = {
        name: {"tunnel_v": shift.tunnel, "threshold_v": shift.threshold, "c_mem_factor": shift.c_mem}
        for name, shift in shifts.items()
    }
    corners = [
        {"name": c.name, "process": c.process, "supply_ratio": c.supply, "temperature_k": c.temperature}
        for c in CORNERS
    ]
    return {"evidence": "ASSUMED", "processes": processes, "corners": corners}


def mismatch_record(circuit: LIFCircuit, spread: Spread | None = None) -> dict[str, Any]:
    """Plain data: standard deviations from device to device, tunnelling apart from sub-threshold; they are independent.

    `sigma_ln_current` is of the tunnelling current at the circuit's own bias, `sigma_ln_static` of its static current;
    null where there is none.
    """
    spread = spread or Spread()
    tunnels = circuit.device.v_ds - circuit.v_gs > circuit.device.v_onset
    names = {"sigma_c": "sigma_ln_c_mem"}
    sigmas = {names.get(name, f"{name}_v"): value for name, value in asdict(spread).items()}
    return {
        "evidence": "ASSUMED",
        "definition": "one standard deviation, from device to device",
        "correlation_tunnel_subthreshold": 0.0,
        "sigma_ln_current": current_spread(circuit, spread) if tunnels else None,
        "sigma_ln_static": static_spread(circuit, spread) if circuit.v_crowbar else None,
    } | sigmas
