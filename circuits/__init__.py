"""Silicon side of TunnelSpike: devices, neurons, chips and their energy, in NumPy (no torch needed).

Contents, by question:
  how much current?      `btbt_current`, `bias_for_current`, `mismatch`, `DEVICES`
  when does it fire?     `LIFCircuit`, `period`, `firing_rate`
  what does it cost?     `spike_energy`, `compare`
"""

from circuits.btbt import DEVICES, BTBTDevice, arrhenius, bias_for_current, btbt_current, kane, mismatch
from circuits.neuron import (
    LIFCircuit,
    SpikeEnergy,
    at_temperature,
    circuit_for_tau,
    firing_rate,
    period,
    spike_energy,
)

__all__ = [
    "DEVICES",
    "BTBTDevice",
    "LIFCircuit",
    "SpikeEnergy",
    "arrhenius",
    "at_temperature",
    "bias_for_current",
    "btbt_current",
    "circuit_for_tau",
    "firing_rate",
    "kane",
    "mismatch",
    "period",
    "spike_energy",
]
