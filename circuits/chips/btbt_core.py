"""The technology `btbt-core`: cores of BTBT neurons under a crossbar of gate-biased synapses.

The circuit is the chip's own, brought to the time constants of the network. For a network that was trained for this
chip (`trained`) the circuit of its recipe takes its place, with the bias devices that were trained, and a note says so.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from circuits.chips.acceleration import allowed_accelerations, cheapest
from circuits.chips.chip_area import ChipArea
from circuits.chips.chip_record import ChipRecord
from circuits.chips.energy_report import EnergyReport, energy_report
from circuits.chips.front_end_ledger import Sensed
from circuits.chips.inference_ledger import CoreCosts, inference_ledger
from circuits.chips.operation import AUTO, Operation, is_trained_here, other_circuit
from circuits.chips.speed import acceleration_fits, only_acceleration
from circuits.device.device_file import load_device
from circuits.mapping.limits import BrokenLimit, CoreLimits
from circuits.mapping.place import Placement, place
from circuits.mapping.rules import broken_limits
from circuits.network.activity import Activity
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.neuron.area import neuron_area
from circuits.neuron.circuit import LIFCircuit, circuit_at_speed, circuit_for_tau
from circuits.neuron.supply import at_condition
from circuits.neuron.synapse import SynapseKernel
from circuits.tables import NOT_IN_FILE, Table, record
from circuits.units import YEAR, Seconds, require_plausible_fields
from circuits.variation.mismatch import Spread


@dataclass(frozen=True)
class BTBTCore(ChipRecord):
    """One chip of this kind, with the circuit of its file or that of a network trained for it."""

    limits: CoreLimits
    circuit: LIFCircuit
    costs: CoreCosts = field(default_factory=CoreCosts)
    trained: ChipNetwork | None = field(default=None, metadata=NOT_IN_FILE)

    def __post_init__(self):
        super().__post_init__()
        require_plausible_fields(self)

    @property
    def ages(self) -> bool:
        """Whether what it computes changes with its age: transistors under stress do."""
        return True

    @property
    def alike(self) -> bool:
        """Whether every piece computes the same: no transistor is like another."""
        return False

    def on_chip(self, net: NetworkSpec) -> ChipNetwork:
        """The network on the circuit that it was trained for, or else on the chip's at its typical time constant; at
        the temperature and supply of the operation."""
        chip = ChipNetwork(net, self.circuit) if self.trained is None else replace(self.trained, network=net)
        if not self._trained_here:
            taus = [layer.tau_mem for layer in net.layers if layer.spiking]
            typical = float(np.exp(np.log(np.concatenate(taus)).mean())) if taus else self.circuit.tau_mem
            chip = chip.on(circuit_for_tau(typical, self.circuit))
        return chip.on(at_condition(chip.circuit, self.operation.temperature, self.operation.v_dd))

    def check(self, net: NetworkSpec) -> tuple[BrokenLimit, ...]:
        """Every limit that the network breaks; none where it can be placed."""
        synapse = SynapseKernel() if self.trained is None else self.trained.synapse
        speed = self.operation.acceleration
        if speed == AUTO:
            speed = only_acceleration(net, {} if self.trained is None else self.trained.bias_devices) or 1.0
        return broken_limits(net, self.limits) + acceleration_fits(net, self._circuit, synapse, speed)

    def place(self, net: NetworkSpec, activity: Activity | None = None, seed: int = 0) -> Placement:
        """Tiles on cores, first fit in layer order; neither activity nor seed changes it. Raises: MappingError."""
        del activity, seed
        self.require_fits(net)
        return place(net, self.limits)

    def realise(self, net: NetworkSpec, rng: np.random.Generator, age: Seconds = 0.0) -> NetworkSpec:
        """The network as one chip of default mismatch computes it after `age` (s) of use, not calibrated.

        A faster chip works with larger currents, which deviate less: so it depends on the acceleration. Where that is
        AUTO it is the largest that the device allows (`speed_for`); `settled` knows the cheapest.
        Raises: MappingError; InputError for bias devices, whose spread is not modelled.
        """
        from circuits.variation.chip_spread import Condition, draw_silicon, perturbed  # compiled, so only where used
        from circuits.variation.realised import realised

        self.require_fits(net)
        own, speed = self.on_chip(net), self.speed_for(net)
        chip = replace(own, network=net.at_speed(speed), circuit=circuit_at_speed(own.circuit, speed))
        condition = Condition(chip.circuit.device.temperature, years=age / YEAR)
        piece = realised(*perturbed(chip, condition, draw_silicon(chip, Spread(), rng)))
        return replace(piece.at_speed(1 / speed), dt=net.dt)

    def speed_for(self, net: NetworkSpec) -> float:
        """How many times faster than the network's time it is run; where that is AUTO, the largest allowed."""
        asked = self.operation.acceleration
        return max(allowed_accelerations(self.on_chip(net))) if isinstance(asked, str) else asked

    def settled(self, net: NetworkSpec, activity: Activity) -> "BTBTCore":
        """The chip at the acceleration that `price` charges for; itself where one is given."""
        if self.operation.acceleration != AUTO:
            return self
        found = self.price(net, activity, self.place(net, activity)).acceleration
        return replace(self, operation=replace(self.operation, acceleration=found))

    def price(
        self, net: NetworkSpec, activity: Activity, placement: Placement, sensed: Sensed | None = None
    ) -> EnergyReport:
        """Energy of one inference, part by part. Raises: MappingError; InputError for activity of another network."""
        self.require_fits(net, activity)
        chip, speed, chosen = self.on_chip(net), self.operation.acceleration, "given"
        if speed == AUTO:
            chosen, tried = AUTO, allowed_accelerations(chip)
            speed = cheapest(tried, lambda a: inference_ledger(chip, activity, placement, self.costs, a).total)
        report = energy_report(chip, activity, placement, self.name, self.costs, speed)
        said = other_circuit(self.name, self.circuit, self.trained) if self.trained else ()
        return self.heard(replace(report, notes=said + report.notes, chosen=chosen), sensed)

    def area(self, placement: Placement) -> ChipArea:
        """All neuron sites of the cores that the placement uses, each of the size of `neuron_area`."""
        sites = placement.cores_used * (self.limits.input_neurons + self.limits.neurons)
        unknown = ("synapses and their switches", "wires between cores", "bias generation")
        return ChipArea({"neurons": sites * neuron_area(self._circuit)}, unknown)

    @property
    def _circuit(self) -> LIFCircuit:
        return self.trained.circuit if self._trained_here else self.circuit

    @property
    def _trained_here(self) -> bool:
        """Whether the circuit of a recipe stands in for that of the file."""
        return self.trained is not None and is_trained_here(self.name, self.trained)

    @classmethod
    def read(cls, table: Table, place: str, trained: ChipNetwork | None, operation: Operation) -> "BTBTCore":
        """With the circuit of a network that was trained for it. Raises: as `ChipRecord.read`."""
        return replace(super().read(table, place, trained, operation), trained=trained)

    @classmethod
    def of_values(cls, values: Table, place: str) -> "BTBTCore":
        """With the device that its circuit names. Raises: InputError."""
        circuit: Any = values.get("circuit")
        if isinstance(circuit, dict) and "device" in circuit:
            circuit["device"] = load_device(circuit["device"])
        return record(values, cls, place)
