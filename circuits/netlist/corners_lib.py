"""Process corners and mismatch for circuit simulators: `corners.lib`, its Spectre twin, and both as plain data."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from circuits.network.names import spice_number
from circuits.neuron.circuit import LIFCircuit
from circuits.variation.corners import CORNERS, PROCESS_SHIFTS, Corner, ProcessShift, corner_circuit
from circuits.variation.mismatch import Spread, current_spread, static_spread

CORNERS_FILE = "corners.lib"  # beside every deck that includes it


def _parameters(number: int, shift: ProcessShift) -> dict[str, float]:
    """What a section sets: its number, the shift of u (V), of the threshold (V) and the factor on C."""
    return {
        "corner": number,
        "corner_tunnel": shift.tunnel,
        "corner_threshold": shift.threshold,
        "corner_c": shift.c_mem,
    }


def corners_lib(head: str, shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS) -> str:
    """Sections `.lib TT` to `.endl` that hold only `.param`, for ngspice: `.lib "corners.lib" TT`."""
    lines = [head + "* volts; corner_c is a factor. All shifts are ASSUMED: replace them by the foundry's"]
    for number, (name, shift) in enumerate(shifts.items()):
        params = " ".join(f"{key}={spice_number(value)}" for key, value in _parameters(number, shift).items())
        lines += [f".lib {name}", f".param {params}", f".endl {name}"]
    return "\n".join(lines) + "\n"


def corners_scs(head: str, shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS) -> str:
    """The same for Spectre: `include "corners.scs" section=tt`."""
    lines = [head + "simulator lang=spectre", "library corners"]
    for number, (name, shift) in enumerate(shifts.items()):
        params = " ".join(f"{key}={spice_number(value)}" for key, value in _parameters(number, shift).items())
        lines += [f"section {name.lower()}", f"parameters {params}", f"endsection {name.lower()}"]
    return "\n".join([*lines, "endlibrary corners"]) + "\n"


def at_process(circuit: LIFCircuit, process: str, shifts: Mapping[str, ProcessShift] = PROCESS_SHIFTS) -> LIFCircuit:
    """The circuit at a process corner, nominal supply and temperature, as that section of `corners.lib` has it."""
    return corner_circuit(circuit, Corner(process, process, 1.0, circuit.device.temperature), shifts)


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
