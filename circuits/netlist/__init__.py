"""The neuron as circuit designers use it: SPICE text, a self-checking test bench, and a run of it.

text        `neuron_netlist`, `bench_netlist`, `write_spice`
names       `safe_name`
simulation  `run_ngspice`
"""

from circuits.netlist.names import safe_name
from circuits.netlist.ngspice import run_ngspice
from circuits.netlist.spice import bench_netlist, neuron_netlist, write_spice

__all__ = ["bench_netlist", "neuron_netlist", "run_ngspice", "safe_name", "write_spice"]
