"""Energy of one inference on a chip: counts times the circuit's own energies, parts that sum to the total.

    neuron_dynamic = spikes (C_control + C_reset) V_DD^2 + I_crowbar V_DD t_window
    neuron_static  = time neurons P_static
    synapse_events = (sum over events of max(w, 0) + steps sum of max(bias, 0)) q V_DS,   q = C (V_th - V_reset)
    encoder        = dynamic and static as above, and the positive charge of its signal and bias currents times V_DS

The membrane is charged by the synapses, so its charge is counted there and not again per spike. Excitation comes from
V_DS; inhibition is a sink that draws nothing from it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.chips.speed import require_acceleration, silicon_notes
from circuits.ledger import Ledger
from circuits.mapping.place import Placement
from circuits.mapping.route import core_crossings
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit, circuit_at_speed
from circuits.neuron.energy_terms import control, crowbar, reset, static, unknown_laws
from circuits.units import Joules, Seconds

BOUNDARY = "encoder, neurons and synapses of the cores; microphone, front end, host and supply excluded"


@dataclass(frozen=True)
class EnergyReport:
    """One inference on one chip. `parts_j` holds only what is modelled and sums to `total_j`."""

    chip: str
    parts_j: dict[str, Joules]
    boundary: str
    cores_used: int
    latency_s: Seconds
    not_modelled: tuple[str, ...]
    notes: tuple[str, ...]
    counts: dict[str, float | None]  # energy_per_spike_j: total over all spikes, encoder included; None without spikes

    @property
    def total_j(self) -> Joules:
        return sum(self.parts_j.values())

    def as_dict(self) -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""
        return {"total_j": self.total_j} | {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }


def energy_report(
    chip: ChipNetwork, activity: Activity, placement: Placement, acceleration: float = 1.0
) -> EnergyReport:
    """Charge every event of the measured activity (mean of one inference).

    `acceleration` runs the chip that many times faster than the speech: time constants and steps shrink alike, leak and
    starving current grow, the events and their charges stay, and static power has less time. 1 is real time.
    Raises: ValueError unless a step holds a synaptic pulse and a reset, and the activity is of this network.
    """
    net = chip.network
    require_acceleration(chip, acceleration)
    activity.require_fits(net)
    circuit, time = circuit_at_speed(chip.circuit, acceleration), activity.duration / acceleration
    crossings = core_crossings(net, activity, placement)
    parts = _network_parts(chip, activity, circuit, acceleration)
    parts |= _chip_parts(net, activity, placement, crossings, time)
    spikes = activity.spikes_per_inference
    return EnergyReport(
        chip=placement.chip.name,
        parts_j=parts,
        boundary=BOUNDARY,
        cores_used=placement.cores_used,
        latency_s=time,
        not_modelled=_not_modelled(chip, placement),
        notes=placement.notes + silicon_notes(chip, acceleration),
        counts={
            "spikes": spikes,
            "synaptic_operations": activity.synaptic_operations(net),
            "core_crossings": crossings,
            "energy_per_spike_j": sum(parts.values()) / spikes if spikes else None,
        },
    )


def _network_parts(
    chip: ChipNetwork, activity: Activity, circuit: LIFCircuit, acceleration: float
) -> dict[str, Joules]:
    """Parts that the circuit itself decides."""
    layers = chip.network.layers
    neurons = [layer for layer in layers if layer.kind in ("lif", "adaptive_lif")]
    parts = {
        "neuron_dynamic": sum(_dynamic(activity, layer, circuit, acceleration) for layer in neurons),
        "neuron_static": sum(_static(activity, layer, circuit, acceleration) for layer in neurons),
        "synapse_events": _synaptic_charge(chip, activity) * circuit.device.v_ds,
    }
    for layer in layers:
        if layer.kind == "encoder":
            signal = float(activity.encoder_charge.sum()) * circuit.charge_per_weight * circuit.device.v_ds
            cells = _dynamic(activity, layer, circuit, acceleration) + _static(activity, layer, circuit, acceleration)
            parts["encoder"] = cells + signal
    return parts


def _dynamic(activity: Activity, layer: LayerSpec, circuit: LIFCircuit, acceleration: float) -> Joules:
    """Switching of every spike, and the crowbar current of the time near threshold."""
    spikes, near = (float(of[layer.name].sum()) for of in (activity.spikes, activity.near_threshold))
    return Ledger((control(circuit, spikes), reset(circuit, spikes), crowbar(circuit, near / acceleration))).total


def _static(activity: Activity, layer: LayerSpec, circuit: LIFCircuit, acceleration: float) -> Joules:
    """Static power of the layer's neurons over the inference."""
    return static(circuit, layer.n_neurons * activity.duration / acceleration).energy_j


def _synaptic_charge(chip: ChipNetwork, activity: Activity) -> float:
    """Charge (C) that excitatory synapses and biases draw from the supply of the sources."""
    net, weight = chip.network, 0.0
    steps = activity.duration / net.dt
    for layer in net.layers:
        weight += float(activity.presynaptic(net, layer) @ np.maximum(layer.crossbar, 0).sum(1))
        if layer.kind != "encoder":
            weight += steps * float(np.maximum(chip.bias_per_step(layer), 0).sum())
    return weight * chip.circuit.charge_per_weight


def _chip_parts(
    net: NetworkSpec, activity: Activity, placement: Placement, crossings: float, time: Seconds
) -> dict[str, Joules]:
    """Parts that need a published constant of the chip; absent where there is none."""
    chip, parts = placement.chip, {}
    if chip.energy_j("hop_j") is not None:
        parts["routing"] = crossings * chip.energy_j("hop_j")
    if chip.energy_j("synapse_wire_j") is not None:
        parts["synapse_wires"] = activity.synaptic_operations(net) * chip.energy_j("synapse_wire_j")
    if chip.power_w("bias_w") is not None:
        parts["bias"] = placement.cores_used * chip.power_w("bias_w") * time
    if chip.power_w("standby_w") is not None:
        parts["standby"] = placement.cores_used * chip.power_w("standby_w") * time
    return parts


def _not_modelled(chip: ChipNetwork, placement: Placement) -> tuple[str, ...]:
    """Every cost that exists in silicon and has no number here."""
    net, known = chip.network, placement.chip
    unknown = ["off-state leak of synapses"] if net.n_synapses else []
    unknown += [] if known.energy_j("hop_j") is not None else ["routing"]
    unknown += [] if known.energy_j("synapse_wire_j") is not None else ["synapse wires and switches"]
    unknown += [] if known.power_w("bias_w") is not None else ["bias generation"]
    unknown += [] if known.power_w("standby_w") is not None else ["standby power of the core"]
    if not any(layer.kind == "encoder" for layer in net.layers):
        unknown.append("encoder")
    if any(layer.kind == "adaptive_lif" for layer in net.layers):
        unknown.append("adaptation circuit")
    if any(layer.kind == "readout" for layer in net.layers):
        unknown.append("readout: signed integration")
    if chip.circuit.v_sink < 0:
        unknown.append("rail that raises the sources above ground")
    return (*unknown, *unknown_laws(chip.circuit).not_modelled)
