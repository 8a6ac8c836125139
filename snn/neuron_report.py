"""What `snn neuron` shows: one circuit's figures, or the circuit beside published neurons."""

from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from circuits.btbt import DEVICES, validity_notes
from circuits.compare import compare
from circuits.neuron import LIFCircuit, at_temperature, circuit_for_device, firing_rate, spike_energy

ASSUMPTIONS = (
    "TCAD fit of 32 nm class devices, not the 45RFSOI silicon, whose values are not published",
    "body 0.5 fF, swing 0.4 V, leak 12.5 pS: consistent with 100 to 150 kHz, not measured",
    "control: five gates of the device's own size switched once per spike at 0.9 V",
    "first inverter starved to 250 pA, one leaking path of 61 pA per neuron",
)


def neuron_circuit(device: str, v_gs: float, temperature: float) -> LIFCircuit:
    """The default circuit with another device, bias (V) or temperature (K). Raises: ValueError."""
    if device not in DEVICES:
        near = get_close_matches(device, DEVICES, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown device {device!r}{hint}; known: {', '.join(DEVICES)}")
    circuit = LIFCircuit()
    if device != circuit.device.name:
        circuit = circuit_for_device(DEVICES[device], -0.5, circuit)
    if v_gs != circuit.v_gs:
        circuit = LIFCircuit(**{**vars(circuit), "v_gs": v_gs})
    return at_temperature(circuit, temperature)


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
        "assumptions": list(ASSUMPTIONS),
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
