"""Silicon side of TunnelSpike: devices, neurons, chips and their energy, in NumPy (no torch needed).

Contents, by question:
  how much current?       `btbt_current`, `bias_for_current`, `mismatch`, `BTBTDevice`, `DEVICES`, `device_currents`
  at other conditions?    `at_temperature` (`arrhenius`, `kane`), `at_supply`, `aged`, `corner_circuit`, `Spread`
  from measured points?   `read_points`, `fit_device`
  when does it fire?      `LIFCircuit`, `period`, `firing_rate`, `circuit_for_tau`, `circuit_for_device`,
                          `circuit_at_speed`, `design_neuron`, `DesignError`
  what does a spike cost? `spike_energy`, `Ledger`, `neuron_area`, `compare`, `headline`, `source_comparison`
  what does a chip cost?  `NetworkSpec`, `LayerSpec`, `ChipNetwork`, `BiasDevices`, `Activity`, `load_chip`,
                          `Placement`, `BrokenLimit`, `EnergyReport`, `CoreLoad`, `core_energy`, `LearningActivity`,
                          `LearningHardware`, `learning_energy`
  what spiked?            `SpikeTrains`, `spike_trains`; `SynapseKernel`, `published_kernel` between them
  who builds it?          `write_network_json`, `write_network_spice`, `write_spice`
Compiled, so imported where it is used: `circuits.transient` (arrays through time), `circuits.variation.monte_carlo`,
`circuits.signoff` (a core in ngspice).
"""

from circuits.chips import Chip, load_chip
from circuits.chips.energy_report import EnergyReport
from circuits.device.ageing import aged
from circuits.device.btbt import DEVICES, BTBTDevice, arrhenius, bias_for_current, btbt_current, kane, mismatch
from circuits.device.fit import fit_device
from circuits.device.points import read_points
from circuits.energy.core import CoreLoad, core_energy
from circuits.energy.learning import LearningActivity, LearningHardware, learning_energy
from circuits.ledger import Ledger
from circuits.literature.compare import compare
from circuits.literature.headline import headline
from circuits.mapping import BrokenLimit, MappingError, Placement
from circuits.netlist import write_spice
from circuits.netlist.handover import write_network_spice
from circuits.netlist.parameters import write_network_json
from circuits.network.activity import Activity
from circuits.network.chip_network import BiasDevices, ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.spikes import SpikeTrains, spike_trains
from circuits.neuron.area import neuron_area
from circuits.neuron.circuit import (
    LIFCircuit,
    at_temperature,
    circuit_at_speed,
    circuit_for_device,
    circuit_for_tau,
    firing_rate,
    period,
)
from circuits.neuron.conventional import source_comparison
from circuits.neuron.currents import device_currents
from circuits.neuron.design import Design, design_neuron
from circuits.neuron.energy_terms import spike_energy
from circuits.neuron.request import DesignError
from circuits.neuron.supply import at_supply
from circuits.neuron.synapse import SynapseKernel, published_kernel, synapses
from circuits.units import si
from circuits.variation.corners import CORNERS, Corner, corner_circuit
from circuits.variation.mismatch import Spread

__all__ = [
    "CORNERS",
    "DEVICES",
    "Activity",
    "BTBTDevice",
    "BiasDevices",
    "BrokenLimit",
    "Chip",
    "ChipNetwork",
    "CoreLoad",
    "Corner",
    "Design",
    "DesignError",
    "EnergyReport",
    "LIFCircuit",
    "LayerSpec",
    "LearningActivity",
    "LearningHardware",
    "Ledger",
    "MappingError",
    "NetworkSpec",
    "Placement",
    "SpikeTrains",
    "Spread",
    "SynapseKernel",
    "aged",
    "arrhenius",
    "at_supply",
    "at_temperature",
    "bias_for_current",
    "btbt_current",
    "circuit_at_speed",
    "circuit_for_device",
    "circuit_for_tau",
    "compare",
    "core_energy",
    "corner_circuit",
    "design_neuron",
    "device_currents",
    "firing_rate",
    "fit_device",
    "headline",
    "kane",
    "learning_energy",
    "load_chip",
    "mismatch",
    "neuron_area",
    "period",
    "published_kernel",
    "read_points",
    "si",
    "source_comparison",
    "spike_energy",
    "spike_trains",
    "synapses",
    "write_network_json",
    "write_network_spice",
    "write_spice",
]
