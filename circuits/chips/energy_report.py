"""Energy of one inference on a chip: its ledger, and why a spike of a network is not as cheap as a neuron's."""

from dataclasses import dataclass
from typing import Any

from circuits.chips.inference_ledger import CoreCosts, inference_ledger, is_gated, window_ratio
from circuits.chips.inference_report import LedgerReport
from circuits.chips.speed import largest_acceleration, silicon_notes, speed_notes
from circuits.device.btbt import validity_notes
from circuits.energy.core import GATING
from circuits.ledger import Group, Ledger
from circuits.mapping.place import Placement
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.neuron.circuit import LIFCircuit, circuit_at_speed, period
from circuits.neuron.energy_terms import spike_energy
from circuits.units import si

COVERS = "encoder, neurons and synapses of the cores; microphone, front end, host and supply excluded"


@dataclass(frozen=True)
class RealTime:
    """The same inference at an acceleration of 1, the supply always on, and what the device cannot make then."""

    ledger: Ledger[float]
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class EnergyReport(LedgerReport):
    """One inference on one chip; its total is that of the modelled parts, a lower bound.

    acceleration: how many times faster than its network's time it ran, `chosen` "given" or "auto".
    real_time: beside it; None where a step has no room for that, or the network is in the time of its chip.
    """

    covers: str = COVERS
    circuit: LIFCircuit  # in real time, at the temperature and supply of the chip
    cores_used: int
    n_neurons: int
    counts: dict[str, float]
    acceleration: float = 1.0
    chosen: str = "given"
    real_time: RealTime | None = None

    @property
    def heading(self) -> str:
        speed = f", {self.acceleration:g} times real time" if self.acceleration != 1 else ""
        return super().heading + speed

    @property
    def silicon_boundary(self) -> str:
        """Neurons and synapses: wires, routing and bias generation are not modelled."""
        return "array"

    @property
    def energy_per_spike_j(self) -> float | None:
        """Total over all spikes, encoder included; None without spikes."""
        return self.ledger.total / self.counts["spikes"] if self.counts["spikes"] else None

    def as_dict(self, by: Group = "part") -> dict[str, Any]:
        """What `snn map --json` prints; energies in joules, times in seconds.

        `total_j`, `parts_j`, `ledger` and `not_modelled` are of the network alone; `total_with_front_end_j` adds the
        entries of `front_end`, None (not modelled) where there is no figure. `notes` are of the acceleration that it
        runs at; `real_time_total_j` and what `real_time_notes` says besides are of an acceleration of 1, never off.
        """
        slow = self.real_time
        return {
            "acceleration": self.acceleration,
            "acceleration_chosen": self.chosen,
            "real_time_total_j": slow and slow.ledger.total,
            "chip": self.chip,
            "temperature_k": self.circuit.device.temperature,
            "v_dd_v": self.circuit.v_dd,
            "covers": self.covers,
            "cores_used": self.cores_used,
            "latency_s": self.latency_s,
            "notes": list(self.notes),
            "real_time_notes": [note for note in slow.notes if note not in self.notes] if slow else [],
            "counts": self.counts | {"energy_per_spike_j": self.energy_per_spike_j},
            "per_spike": self.per_spike(),
            **self.ledgers(by),
        }

    def per_spike(self) -> str:
        """Why the energy per spike of this network is not that of the neuron, with figures."""
        spikes, total = self.counts["spikes"], self.ledger.total
        if not spikes:
            return f"no spike: all of the {si(total, 'J')} is paid for time and for biases"
        wait, share = self.n_neurons * self.latency_s / spikes, (self.ledger.static or 0.0) / total
        here = (
            f"a spike of this network costs {si(total / spikes, 'J')}: each neuron waits {si(wait, 's')} for its next "
            f"one, so {share:.1%} is static power, and synapses and encoder are paid too; without static power it is "
            f"{si((self.ledger.dynamic or 0.0) / spikes, 'J')}"
        )
        return here + _alone(self.circuit)


def _alone(circuit: LIFCircuit) -> str:
    """What a spike of the neuron costs that its own gate bias drives as far above rheobase as that of `snn neuron`."""
    default = LIFCircuit()
    slowest = circuit.rheobase * default.input_current / default.rheobase  # the current of that drive, at this speed
    neuron = circuit_at_speed(circuit, circuit.input_current / slowest) if slowest else circuit
    current = neuron.input_current
    if not current > neuron.rheobase:
        return ""
    energy = spike_energy(neuron, current)
    return (
        f"; a spike of its neuron alone, under the constant current of `snn neuron`, costs {si(energy.total, 'J')}: it "
        f"fires every {si(period(neuron, current), 's')}, {energy.static / energy.total:.1%} is static power, and "
        f"without that it is {si(energy.dynamic, 'J')}"
    )


def energy_report(
    chip: ChipNetwork,
    activity: Activity,
    placement: Placement,
    name: str,
    costs: CoreCosts,
    acceleration: float = 1.0,
) -> EnergyReport:
    """Charge every event of the measured activity (mean of one inference).

    `acceleration` runs the chip that many times faster than the speech: time constants and steps shrink alike, the leak
    and a starving current grow, the events and their charges stay, and static power, like the crowbar of inverters
    that nothing starves, has less time: afterwards the supply is switched off. 1 is real time, which stands beside it.
    For another temperature or supply give `chip.on(circuit)`.
    Raises: InputError unless the activity is of this network.
    """
    net = chip.network
    activity.require_fits(net)
    ledger = inference_ledger(chip, activity, placement, costs, acceleration)
    slow = None
    if not net.event_driven and largest_acceleration(net, chip.circuit, chip.synapse) >= 1:
        slow = RealTime(inference_ledger(chip, activity, placement, costs), speed_notes(chip, 1.0))
    notes = placement.notes + silicon_notes(chip) + speed_notes(chip, acceleration) + _moved(chip, activity)
    return EnergyReport(
        chip=name,
        circuit=chip.circuit,
        ledger=ledger,
        cores_used=placement.cores_used,
        latency_s=activity.duration / acceleration,
        notes=notes + (GATING,) * is_gated(net, acceleration),
        n_neurons=sum(layer.n_neurons for layer in net.layers if layer.spiking),
        counts={
            "spikes": activity.spikes_per_inference,
            "synaptic_operations": ledger.count("synapse_wires"),
            "core_crossings": ledger.count("routing"),
        },
        acceleration=acceleration,
        real_time=slow,
    )


def _moved(chip: ChipNetwork, activity: Activity) -> tuple[str, ...]:
    """What is assumed where the activity was measured on another circuit than the one that is charged."""
    ratio = window_ratio(chip, activity)
    if ratio == 1:
        return ()
    circuit = chip.circuit
    return (
        f"at {circuit.device.temperature:g} K and {circuit.v_dd:g} V gate biases are set anew, so weights, biases and "
        f"time constants stay (ASSUMED); time near threshold is {ratio:.3g} times the measured, as the crowbar window "
        "is (ASSUMED)",
        *validity_notes(circuit.device, circuit.v_gs),
    )
