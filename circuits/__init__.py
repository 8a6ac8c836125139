"""Silicon side of TunnelSpike: devices, neurons, chips and their energy, in NumPy (no torch needed).

Names are loaded when first used.

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

from importlib import import_module

_HOME = {
    "Chip": "circuits.chips",
    "load_chip": "circuits.chips",
    "EnergyReport": "circuits.chips.energy_report",
    "aged": "circuits.device.ageing",
    "DEVICES": "circuits.device.btbt",
    "BTBTDevice": "circuits.device.btbt",
    "arrhenius": "circuits.device.btbt",
    "bias_for_current": "circuits.device.btbt",
    "btbt_current": "circuits.device.btbt",
    "kane": "circuits.device.btbt",
    "mismatch": "circuits.device.btbt",
    "fit_device": "circuits.device.fit",
    "read_points": "circuits.device.points",
    "CoreLoad": "circuits.energy.core",
    "core_energy": "circuits.energy.core",
    "LearningActivity": "circuits.energy.learning",
    "LearningHardware": "circuits.energy.learning",
    "learning_energy": "circuits.energy.learning",
    "Ledger": "circuits.ledger",
    "compare": "circuits.literature.compare",
    "headline": "circuits.literature.headline",
    "BrokenLimit": "circuits.mapping",
    "MappingError": "circuits.mapping",
    "Placement": "circuits.mapping",
    "write_spice": "circuits.netlist",
    "write_network_spice": "circuits.netlist.handover",
    "write_network_json": "circuits.netlist.parameters",
    "Activity": "circuits.network.activity",
    "BiasDevices": "circuits.network.chip_network",
    "ChipNetwork": "circuits.network.chip_network",
    "LayerSpec": "circuits.network.spec",
    "NetworkSpec": "circuits.network.spec",
    "SpikeTrains": "circuits.network.spikes",
    "spike_trains": "circuits.network.spikes",
    "neuron_area": "circuits.neuron.area",
    "LIFCircuit": "circuits.neuron.circuit",
    "at_temperature": "circuits.neuron.circuit",
    "circuit_at_speed": "circuits.neuron.circuit",
    "circuit_for_device": "circuits.neuron.circuit",
    "circuit_for_tau": "circuits.neuron.circuit",
    "firing_rate": "circuits.neuron.circuit",
    "period": "circuits.neuron.circuit",
    "source_comparison": "circuits.neuron.conventional",
    "device_currents": "circuits.neuron.currents",
    "Design": "circuits.neuron.design",
    "design_neuron": "circuits.neuron.design",
    "spike_energy": "circuits.neuron.energy_terms",
    "DesignError": "circuits.neuron.request",
    "at_supply": "circuits.neuron.supply",
    "SynapseKernel": "circuits.neuron.synapse",
    "published_kernel": "circuits.neuron.synapse",
    "synapses": "circuits.neuron.synapse",
    "si": "circuits.units",
    "CORNERS": "circuits.variation.corners",
    "Corner": "circuits.variation.corners",
    "corner_circuit": "circuits.variation.corners",
    "Spread": "circuits.variation.mismatch",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """Load a name of the table of contents from its home (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'circuits' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
