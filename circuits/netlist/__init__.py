"""Neuron and network for circuit designers: SPICE, Spectre and Verilog-A with benches that check themselves, and runs.

neuron      `neuron_netlist`, `bench_netlist`, `write_spice`, `event_view`, `smooth_view`, `neuron_spectre`
network     `wire`, `Stimulus`, `core_lib`, `network_bench`, `network_spectre`
expected    `interval`, `spike_times`
hand-over   `circuits.netlist.handover.handover`, `circuits.netlist.verify.verify`
names       `safe_name`
simulation  `run_ngspice`, `run_waves`, `read_raw`
"""

from circuits.netlist.core_lib import core_lib
from circuits.netlist.deck_of_network import network_bench
from circuits.netlist.expected import spike_times
from circuits.netlist.ngspice import run_ngspice, run_waves
from circuits.netlist.rawfile import read_raw
from circuits.netlist.spectre import network_spectre, neuron_spectre
from circuits.netlist.spice import bench_netlist, neuron_netlist, write_spice
from circuits.netlist.veriloga import event_view, smooth_view
from circuits.network.names import safe_name
from circuits.network.stimulus import Stimulus
from circuits.network.wiring import wire
from circuits.neuron.circuit import interval

__all__ = [
    "Stimulus",
    "bench_netlist",
    "core_lib",
    "event_view",
    "interval",
    "network_bench",
    "network_spectre",
    "neuron_netlist",
    "neuron_spectre",
    "read_raw",
    "run_ngspice",
    "run_waves",
    "safe_name",
    "smooth_view",
    "spike_times",
    "wire",
    "write_spice",
]
