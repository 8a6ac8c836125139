"""What `snn neuron` shows: one circuit's figures, or the circuit beside published neurons."""

from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from circuits.btbt import DEVICES, validity_notes
from circuits.compare import compare
from circuits.neuron import (
    GATE_CAPACITANCE,
    LIFCircuit,
    at_temperature,
    circuit_for_device,
    firing_rate,
    spike_energy,
)
from circuits.units import Volts, si

MAX_V_GS: Volts = 3.0  # ASSUMED: a field of 3 V over 1 nm of oxide breaks it


def neuron_circuit(device: str, v_gs: float, temperature: float) -> LIFCircuit:
    """The default circuit with another device, bias (V) or temperature (K).

    Raises: ValueError for an unknown device, a bias beyond `MAX_V_GS` or a temperature that no curve covers.
    """
    if device not in DEVICES:
        near = get_close_matches(device, DEVICES, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown device {device!r}{hint}; known: {', '.join(DEVICES)}")
    if abs(v_gs) > MAX_V_GS:
        raise ValueError(f"v_gs = {v_gs:g} V breaks the gate oxide; keep it within {MAX_V_GS:g} V of zero")
    circuit = LIFCircuit()
    if device != circuit.device.name:
        circuit = circuit_for_device(DEVICES[device], circuit.v_gs, circuit)
    if v_gs != circuit.v_gs:
        circuit = LIFCircuit(**{**vars(circuit), "v_gs": v_gs})
    return at_temperature(circuit, temperature)


def assumptions(circuit: LIFCircuit) -> tuple[str, ...]:
    """What the figures of this circuit stand on and nobody has published, one line each."""
    default, gates = LIFCircuit(), (circuit.c_control + circuit.c_reset) / GATE_CAPACITANCE
    at_default = circuit.device.name == default.device.name
    known = f"consistent with 100 to 150 kHz at {default.v_gs:g} V, not measured"
    lines = (
        f"device {circuit.device.name}, {circuit.device.source}: not the 45RFSOI silicon, which is not published",
        f"body {si(circuit.c_mem, 'F')}, swing {si(circuit.swing, 'V')}, leak {si(circuit.g_leak, 'S')}: "
        + (known if at_default else f"the leak scaled with the device's current at {default.v_gs:g} V"),
        f"control and reset: {gates:.3g} gates of the device's own size switched once per spike at {circuit.v_dd:g} V",
        f"first inverter starved to {si(circuit.i_crowbar, 'A')}, "
        f"one leaking path of {si(circuit.i_static, 'A')} per neuron",
    )
    if not at_default:
        lines += (f"the leaking path is that of {default.device.name}: {circuit.device.name} publishes none",)
    return lines


def neuron_figures(circuit: LIFCircuit, temperature: float) -> dict[str, Any]:
    """Rate and energy at the circuit's own bias, part by part, with what was assumed and what is missing."""
    energy = spike_energy(circuit)
    return {
        "device": circuit.device.name,
        "temperature_k": temperature,
        "v_gs_v": circuit.v_gs,
        "input_current_a": circuit.input_current,
        "rheobase_a": circuit.rheobase,
        "rate_hz": firing_rate(circuit, circuit.input_current),
        "tau_mem_s": circuit.tau_mem,
        "energy_per_spike_j": energy.total,
        "parts_j": energy.parts,
        "marginal_energy_j": energy.marginal,
        "static_power_w": circuit.static_power,
        "assumptions": list(assumptions(circuit)),
        "notes": list(validity_notes(circuit.device, circuit.v_gs)),
        "not_modelled": list(circuit.not_modelled),
    }


def comparison(circuit: LIFCircuit, scope: str) -> dict[str, Any]:
    """Published neurons of one scope beside the circuit, cheapest first."""
    energy = spike_energy(circuit).total
    rows = [asdict(row) for row in compare(energy, scope=scope)]
    return {"device": circuit.device.name, "energy_per_spike_j": energy, "scope": scope, "rows": rows}


def plot_neuron(circuit: LIFCircuit, path: Path, scope: str | None) -> None:
    """Draw the f-I curve, or with a scope the comparison."""
    from snn.report.pictures import picture_comparison, picture_f_i

    if scope is None:
        picture_f_i(path, circuit)
    else:
        energy = spike_energy(circuit).total
        picture_comparison(path, compare(energy, scope=scope), energy)
