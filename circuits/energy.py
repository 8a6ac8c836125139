"""Energy of one inference on a chip: counts times the circuit's own energies, parts that sum to the total.

    neuron_dynamic = spikes (C_control + C_reset) V_DD^2 + I_crowbar V_DD t_window
    neuron_static  = time neurons P_static + time |I_bias| V_DS
    synapse_events = sum over events of |w| q V_DS,   q = C (V_th - V_reset)
    encoder        = the same three for the encoding neurons, their signal charge included

The membrane is charged by the synapses, so its charge is counted there and not again per spike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from circuits.mapping.place import Placement
from circuits.network import Activity, LayerSpec, NetworkSpec
from circuits.neuron import switching_energy
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
    counts: dict[str, float]

    @property
    def total_j(self) -> Joules:
        return sum(self.parts_j.values())

    def as_dict(self) -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds."""
        return {"total_j": self.total_j} | {
            name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()
        }


def energy_report(
    net: NetworkSpec, activity: Activity, placement: Placement, acceleration: float = 1.0
) -> EnergyReport:
    """Charge every event of the measured activity (mean of one inference).

    `acceleration` runs the chip that many times faster than the speech: time constants and steps shrink alike, the
    events stay, and static power has less time. 1 is real time. Raises: ValueError unless it is positive.
    """
    if not acceleration > 0:
        raise ValueError(f"acceleration must be positive, got {acceleration}; 1 is real time")
    step = net.dt / acceleration
    time = activity.n_steps * step
    encoders = [layer for layer in net.layers if layer.kind == "encoder"]
    splits = [_split(net, activity, layer, step, time) for layer in net.layers if layer.kind != "encoder"]
    crossings = core_crossings(net, activity, placement)
    parts = {
        "neuron_dynamic": sum(dynamic for dynamic, _ in splits),
        "neuron_static": sum(static for _, static in splits),
        "synapse_events": _synapse_energy(net, activity),
    }
    if encoders:
        parts["encoder"] = sum(_layer_energy(net, activity, layer, step, time) for layer in encoders)
    parts |= _chip_parts(net, activity, placement, crossings, time)
    return EnergyReport(
        chip=placement.chip.name,
        parts_j=parts,
        boundary=BOUNDARY,
        cores_used=placement.cores_used,
        latency_s=time,
        not_modelled=_not_modelled(net, placement),
        notes=placement.notes,
        counts={
            "spikes": activity.spikes_per_inference,
            "synaptic_operations": activity.synaptic_operations(net),
            "core_crossings": crossings,
        },
    )


def _split(net: NetworkSpec, activity: Activity, layer: LayerSpec, step: float, time: float) -> tuple[float, float]:
    """Dynamic and static energy (J) of one layer's neurons; a readout has no comparator to switch."""
    circuit, charge = net.circuit, net.circuit.charge_per_weight * net.circuit.device.v_ds
    bias = 0.0 if layer.kind == "encoder" else float(np.abs(layer.bias).sum()) * activity.n_steps * charge
    if not layer.spiking:
        return 0.0, bias
    window = float(activity.near_threshold[layer.name].sum()) * step
    dynamic = float(activity.spikes[layer.name].sum()) * switching_energy(circuit)
    dynamic += window * circuit.i_crowbar * circuit.v_dd
    return dynamic, layer.n_neurons * circuit.static_power * time + bias


def _layer_energy(net: NetworkSpec, activity: Activity, layer: LayerSpec, step: float, time: float) -> float:
    """All of an encoder: dynamic, static, and the charge that its signal currents deliver."""
    signal = float(activity.encoder_charge.sum()) * net.circuit.charge_per_weight * net.circuit.device.v_ds
    return sum(_split(net, activity, layer, step, time)) + signal


def _synapse_energy(net: NetworkSpec, activity: Activity) -> float:
    """Charge that all synaptic events deliver, from the supply of the current sources (J)."""
    weight = 0.0
    for layer in net.layers:
        if layer.kind != "encoder":
            weight += float(activity.presynaptic(net, layer) @ np.abs(layer.weights).sum(1))
        if layer.recurrent is not None:
            weight += float(activity.spikes[layer.name] @ np.abs(layer.recurrent).sum(1))
    return weight * net.circuit.charge_per_weight * net.circuit.device.v_ds


def core_crossings(net: NetworkSpec, activity: Activity, placement: Placement) -> float:
    """Spikes times the foreign cores that need them (multicast), per inference; external input is not counted."""
    cores: dict[str, np.ndarray] = {}
    for piece in placement.slices:
        home = cores.setdefault(piece.layer, np.zeros(net.layer(piece.layer).n_neurons, int))
        home[piece.start : piece.stop] = piece.core
    total = 0.0
    for index, source in enumerate(net.layers):
        if not source.spiking:
            continue
        targets = [(source.recurrent, cores[source.name])] if source.recurrent is not None else []
        if index + 1 < len(net.layers):
            after = net.layers[index + 1]
            targets.append((after.weights, cores[after.name]))
        reached = np.zeros((source.n_neurons, placement.cores_used), bool)
        for weights, home in targets:
            for core in np.unique(home):
                reached[:, core] |= np.any(weights[:, home == core] != 0, axis=1)
        reached[np.arange(source.n_neurons), cores[source.name]] = False
        total += float(activity.spikes[source.name] @ reached.sum(1))
    return total


def _chip_parts(
    net: NetworkSpec, activity: Activity, placement: Placement, crossings: float, time: float
) -> dict[str, float]:
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


def _not_modelled(net: NetworkSpec, placement: Placement) -> tuple[str, ...]:
    """Every cost that exists in silicon and has no number here."""
    chip = placement.chip
    unknown = [] if chip.energy_j("hop_j") is not None else ["routing"]
    unknown += [] if chip.energy_j("synapse_wire_j") is not None else ["synapse wires and switches"]
    unknown += [] if chip.power_w("bias_w") is not None else ["bias generation"]
    unknown += [] if chip.power_w("standby_w") is not None else ["standby power of the core"]
    if not any(layer.kind == "encoder" for layer in net.layers):
        unknown.append("encoder")
    if any(layer.kind == "adaptive_lif" for layer in net.layers):
        unknown.append("adaptation circuit")
    if any(layer.kind == "readout" for layer in net.layers):
        unknown.append("readout comparison")
    # the chip's own file decides on the bias; the body bias is a limit of the current, not a cost of its own
    known = {*unknown, "bias generation", "body-bias dependence of the tunnelling current"}
    return (*unknown, *(line for line in net.circuit.not_modelled if line not in known))
