"""Arrays of BTBT circuits through time: exact between events where they are linear, second order where not.

what            `Population`, `population`, `Connections`, `SpikeInput`
through time    `simulate`, `simulate_network`, `Transient`
"""

from circuits.transient.connections import Connections, SpikeInput
from circuits.transient.network import simulate_network
from circuits.transient.population import Population, population
from circuits.transient.result import Transient
from circuits.transient.simulate import simulate

__all__ = ["Connections", "Population", "SpikeInput", "Transient", "population", "simulate", "simulate_network"]
