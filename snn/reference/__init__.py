"""The Brian2 twin: an independent simulator checks this one, and may extend it.

neuron    `brian2_neuron`
circuits  `brian2_network`, `TwinTiming`, `CircuitTwin`, `spike_times`
steps     `run_brian2`, `StepRun`
"""

from snn.reference.brian2_network import CircuitTwin, TwinTiming, brian2_network, spike_times
from snn.reference.brian2_neuron import brian2_neuron
from snn.reference.brian2_steps import StepRun, run_brian2

__all__ = ["CircuitTwin", "StepRun", "TwinTiming", "brian2_network", "brian2_neuron", "run_brian2", "spike_times"]
