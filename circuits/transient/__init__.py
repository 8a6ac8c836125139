"""Arrays of BTBT circuits through time: exact between events where they are linear, second order where not.

Synapses are pulses, exponentials or differences of two (order 0, 1, 2): `Connections`, `circuits.neuron.synapse`.

what            `Population`, `population`, `Connections`, `SpikeInput`
through time    `simulate`, `simulate_network`, `Transient`
"""

from circuits.transient.connections import Connections, SpikeInput
from circuits.transient.placed import simulate_network
from circuits.transient.population import Population, population
from circuits.transient.result import Transient
from circuits.transient.simulate import simulate

__all__ = ["Connections", "Population", "SpikeInput", "Transient", "population", "simulate", "simulate_network"]
