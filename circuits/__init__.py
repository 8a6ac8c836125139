"""Silicon side of TunnelSpike: devices, neurons, chips and their energy, in NumPy (no torch needed).

Contents, by question:
  how much current?       `btbt_current`, `bias_for_current`, `mismatch`, `BTBTDevice`, `DEVICES`, `arrhenius`, `kane`
  when does it fire?      `LIFCircuit`, `period`, `firing_rate`, `circuit_for_tau`, `circuit_for_device`,
                          `circuit_at_speed`, `at_temperature`
  what does a spike cost? `spike_energy`, `SpikeEnergy`, `compare`
  what does a chip cost?  `NetworkSpec`, `LayerSpec`, `Activity`, `load_chip`, `place`, `energy_report`, `EnergyReport`
  who builds it?          `write_network_json`, `write_network_spice`, `write_spice`
"""

from circuits.btbt import DEVICES, BTBTDevice, arrhenius, bias_for_current, btbt_current, kane, mismatch
from circuits.chips import ChipSpec, load_chip
from circuits.compare import compare
from circuits.energy import EnergyReport, energy_report
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
from circuits.synapse import synapses
from circuits.units import si

__all__ = [
    "DEVICES",
    "Activity",
    "BTBTDevice",
    "ChipSpec",
    "EnergyReport",
    "LIFCircuit",
    "LayerSpec",
    "MappingError",
    "NetworkSpec",
    "Placement",
    "SpikeEnergy",
    "arrhenius",
    "at_temperature",
    "bias_for_current",
    "btbt_current",
    "circuit_at_speed",
    "circuit_for_device",
    "circuit_for_tau",
    "compare",
    "energy_report",
    "firing_rate",
    "kane",
    "load_chip",
    "mismatch",
    "period",
    "place",
    "si",
    "spike_energy",
    "synapses",
    "write_network_json",
    "write_network_spice",
    "write_spice",
]
