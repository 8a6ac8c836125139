"""A network handed over as JSON: every neuron and synapse in SI units."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from circuits.device.btbt import bias_for_current, btbt_current, validity_notes
from circuits.netlist.provenance import STATUS, network_hash, tool
from circuits.network.chip_network import BiasDevices, ChipNetwork
from circuits.network.spec import LayerSpec
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.neuron.synapse import SynapseKernel, synapses
from circuits.storage import write_json
from circuits.units import si

FORMAT = "tunnelspike-network/1"
DYNAMICS = (  # enough to repeat the network from the file alone, step by step
    "v = v_reset + (v - v_reset) exp(-dt / tau_mem) + (charges of the step) / c_mem - (1 - exp(-dt / tau_mem)) w",
    "charges: bias, synapses of the layer before in this step, recurrent synapses of the step before",
    "v of a neuron that spikes is never below v_sink",
    "an encoder's charges: bias_charge_per_step_c, and signal times charge_per_step_c",
    "spike where v > v_threshold, then v = v_reset; a readout does not spike: its potential is the result",
    "adaptive_lif, after the spike is decided and before the reset: w = w exp(-dt / tau_adapt) "
    "+ (1 - exp(-dt / tau_adapt)) coupling (v - v_reset) + jump_v at a spike; starts at 0",
    "decision: the label with the largest mean over time of softmax((v - v_reset) / swing) over the readout",
)
ADAPTATION_NOTE = "adaptation circuit: no BTBT circuit is published"
DRIVE_OVER_RHEOBASE = 3.0  # operating point of the netlist's neuron: I = 3 g V_th, a period of 0.41 tau


def network_parameters(chip: ChipNetwork) -> dict[str, Any]:
    """Plain data for JSON: circuit, neurons and synapses of every layer, keys with their unit.

    Synapse tables are `[from][to]`; a missing synapse (weight 0) is null in `gate_bias_v`. A bias is one pulse per
    time step from an always-active line, an encoder's a current like its signal, and one with `bias_gate_v` the current
    of the neuron's own device, on a chip `acceleration` times faster. `notes` lists what lies outside the device's
    range, and what no published circuit does.
    """
    net = chip.network
    layers = [_layer(layer, chip) for layer in net.layers]
    return {
        "format": FORMAT,
        "tool": tool(),
        "status": STATUS,
        "content_sha256": network_hash(chip),
        "name": net.name,
        "labels": list(net.labels),
        "dt_s": net.dt,
        "input": net.input_name,
        "dynamics": list(DYNAMICS),
        "circuit": _circuit(chip.circuit),
        "synapse": _synapse(chip.synapse),
        "layers": layers,
        "notes": sorted({note for layer in layers for note in layer.pop("notes")}) + synapse_notes(chip.synapse),
    }


def write_network_json(folder: str | Path, chip: ChipNetwork) -> tuple[Path, ...]:
    """Write network.json, whole or not at all."""
    path = Path(folder) / "network.json"
    write_json(path, network_parameters(chip))
    return (path,)


def typical_circuit(chip: ChipNetwork, layer: LayerSpec) -> LIFCircuit:
    """The layer's circuit at its median tau_mem and threshold, biased at three times its rheobase, at threshold too."""
    circuit = circuit_for_tau(float(np.median(layer.tau_mem)), chip.circuit)
    circuit = replace(circuit, v_threshold=circuit.v_reset + circuit.swing * float(np.median(layer.v_threshold)))
    wanted = DRIVE_OVER_RHEOBASE * circuit.rheobase
    v_gs = float(bias_for_current(wanted, circuit.device, circuit.width, circuit.v_threshold))
    return replace(circuit, v_gs=v_gs - circuit.body_factor * circuit.v_threshold)


def _circuit(circuit: LIFCircuit) -> dict[str, Any]:
    unit = {"width": "width_m", "c_mem": "c_mem_f", "v_reset": "v_reset_v", "v_sink": "v_sink_v", "v_dd": "v_dd_v"}
    unit |= {"t_refractory": "t_refractory_s", "c_control": "c_control_f", "c_reset": "c_reset_f"}
    unit |= {"i_crowbar": "i_crowbar_a", "v_crowbar": "v_crowbar_v", "i_static": "i_static_a"}
    values = {key: getattr(circuit, name) for name, key in unit.items()}
    derived = {"swing_v": circuit.swing, "charge_per_weight_c": circuit.charge_per_weight}
    return {"device": asdict(circuit.device)} | derived | values


def synapse_notes(kernel: SynapseKernel) -> list[str]:
    """What devices stand for where the time course has no circuit; none for a pulse."""
    pulse = si(kernel.device_pulse, "s")
    return [f"{kernel.without_circuit}: devices are those of a pulse of {pulse}"] if kernel.without_circuit else []


def _synapse(kernel: SynapseKernel) -> dict[str, float]:
    times = {f"{name}_s": value for name, value in asdict(kernel).items() if name != "order" and value is not None}
    return {"order": kernel.order} | times


def _layer(layer: LayerSpec, chip: ChipNetwork) -> dict[str, Any]:
    circuit, devices = chip.circuit, chip.bias_devices.get(layer.name)
    neurons = _neurons(layer, circuit, devices)
    record: dict[str, Any] = {"name": layer.name, "kind": layer.kind, "neurons": neurons, "notes": []}
    if layer.tau_adapt is not None:
        record["notes"].append(f"{layer.name} {ADAPTATION_NOTE}")
    tables = {"recurrent_synapses": layer.recurrent}
    if layer.kind == "encoder":  # signal and bias currents flow all the time: they have no pulse
        record["signal"] = {
            "charge_per_step_c": (layer.weights * circuit.charge_per_weight).tolist(),
            "bias_charge_per_step_c": (layer.bias * circuit.charge_per_weight).tolist(),
        }
    else:
        tables = {"bias": layer.bias, "synapses": layer.weights} | tables
    if devices:  # a current flows all the time
        tables["bias"] = None
        record["bias"], notes = _bias_table(layer, circuit, devices)
        record["notes"] += notes
    for key, weights in tables.items():
        if weights is not None:
            record[key], notes = _synapse_table(weights, chip, f"{layer.name} {key}")
            record["notes"] += notes
    return record


def _neurons(layer: LayerSpec, circuit: LIFCircuit, devices: BiasDevices | None) -> dict[str, list[float]]:
    """Per neuron: leak and threshold, the bias device where there is one; of an adaptive neuron what adapts it."""
    neurons = {
        "tau_mem_s": layer.tau_mem,
        "g_leak_s": circuit.c_mem / layer.tau_mem,
        "v_threshold_v": circuit.v_reset + circuit.swing * layer.v_threshold,
    }
    if layer.tau_adapt is not None:
        neurons |= {
            "tau_adapt_s": layer.tau_adapt,
            "coupling": layer.adapt_a,
            "jump_v": layer.adapt_b * circuit.swing,
        }
    if devices:
        neurons |= {"bias_gate_v": devices.v_gs, "bias_width_m": devices.width}
    return {key: value.tolist() for key, value in neurons.items()}


def _bias_table(layer: LayerSpec, circuit: LIFCircuit, devices: BiasDevices) -> tuple[dict[str, Any], list[str]]:
    """Currents of the bias devices of the neurons, and the charge that a step leaves on the membrane."""
    current = btbt_current(circuit.device.v_ds - devices.v_gs, circuit.device, devices.width)
    table = {
        "acceleration": devices.acceleration,
        "charge_c": (layer.bias * circuit.charge_per_weight).tolist(),
        "current_a": current.tolist(),
    }
    return table, [f"{layer.name} bias: {note}" for note in validity_notes(circuit.device, devices.v_gs)]


def _synapse_table(weights: np.ndarray, chip: ChipNetwork, place: str) -> tuple[dict[str, Any], list[str]]:
    array = synapses(weights, chip.circuit, chip.synapse.device_pulse)
    v_gs = array.v_gs[np.isfinite(array.v_gs)]
    notes = [f"{place}: {note}" for note in validity_notes(chip.circuit.device, v_gs)] if v_gs.size else []
    if array.below_floor:
        notes.append(
            f"{place}: {array.below_floor} of {v_gs.size} currents lie below the device's floor of "
            f"{array.i_floor:.2g} A; prune them or shorten t_pulse"
        )
    table = {
        "t_pulse_s": array.t_pulse,
        "charge_c": array.charge.tolist(),
        "current_a": array.current.tolist(),
        "gate_bias_v": np.where(np.isfinite(array.v_gs), array.v_gs, None).tolist(),
    }
    return table, notes
