"""Silicon side of TunnelSpike: devices, neurons, chips and their energy, in NumPy (no torch needed).

Contents, by question:
  how much current?       `btbt_current`, `bias_for_current`, `mismatch`, `BTBTDevice`, `DEVICES`, `device_currents`
  at other conditions?    `at_temperature` (`arrhenius`, `kane`), `at_supply`, `aged`, `corner_circuit`, `Spread`
  from measured points?   `read_points`, `fit_device`
  when does it fire?      `LIFCircuit`, `period`, `firing_rate`, `circuit_for_tau`, `circuit_for_device`,
                          `circuit_at_speed`, `design_neuron`, `DesignError`
  what does a spike cost? `spike_energy`, `SpikeEnergy`, `neuron_area`, `compare`, `headline`, `source_comparison`
  what does a chip cost?  `NetworkSpec`, `LayerSpec`, `Activity`, `load_chip`, `place`, `energy_report`, `EnergyReport`,
                          `CoreLoad`, `core_energy`, `LearningActivity`, `LearningHardware`,
                          `learning_energy`
  what spiked?            `SpikeTrains`, `spike_trains`; `SynapseKernel`, `published_kernel` between them
  who builds it?          `write_network_json`, `write_network_spice`, `write_spice`
Compiled, so imported where it is used: `circuits.transient` (arrays through time), `circuits.monte_carlo`,
`circuits.signoff` (a core in ngspice).
"""

from circuits.ageing import aged
from circuits.area import neuron_area
from circuits.btbt import DEVICES, BTBTDevice, arrhenius, bias_for_current, btbt_current, kane, mismatch
from circuits.chips import ChipSpec, load_chip
from circuits.compare import compare
from circuits.conventional import source_comparison
from circuits.core_energy import CoreLoad, core_energy
from circuits.corners import CORNERS, Corner, corner_circuit
from circuits.currents import device_currents
from circuits.design import Design, design_neuron
from circuits.energy import EnergyReport, energy_report
from circuits.fit import fit_device
from circuits.headline import headline
from circuits.learning import LearningActivity, LearningHardware, learning_energy
from circuits.mapping import MappingError, Placement, place
from circuits.netlist import write_spice
from circuits.netlist.handover import write_network_spice
from circuits.netlist.parameters import write_network_json
from circuits.network import Activity, LayerSpec, NetworkSpec
from circuits.neuron import (
    LIFCircuit,
    SpikeEnergy,
    at_temperature,
    circuit_at_speed,
    circuit_for_device,
    circuit_for_tau,
    firing_rate,
    period,
    spike_energy,
)
from circuits.points import read_points
from circuits.spikes import SpikeTrains, spike_trains
from circuits.spread import Spread
from circuits.supply import at_supply
from circuits.synapse import SynapseKernel, published_kernel, synapses
from circuits.units import si
from circuits.wish import DesignError

__all__ = [
    "CORNERS",
    "DEVICES",
    "Activity",
    "BTBTDevice",
    "ChipSpec",
    "CoreLoad",
    "Corner",
    "Design",
    "DesignError",
    "EnergyReport",
    "LIFCircuit",
    "LayerSpec",
    "LearningActivity",
    "LearningHardware",
    "MappingError",
    "NetworkSpec",
    "Placement",
    "SpikeEnergy",
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
    "energy_report",
    "firing_rate",
    "fit_device",
    "headline",
    "kane",
    "learning_energy",
    "load_chip",
    "mismatch",
    "neuron_area",
    "period",
    "place",
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
