"""The neuron from transistors alone, in ngspice: what it spikes at, what each branch of it costs, what it behaves like.

cards         `find_cards`, `Cards`
cell          `NeuronCell`, `Size`, `subcircuit`
simulation    `circuits.transistor.measure.measure`, over corners `circuits.transistor.corner_run.run_corners`
sizing        `circuits.transistor.sizing.search`
calibration   `circuits.transistor.behavioural.calibrate`: the `LIFCircuit` that spikes and costs alike
comparison    `circuits.transistor.sources.compare_sources`: a tunnelling source beside a sub-threshold one;
              `circuits.transistor.payoff.payoff`: whether it pays
hand-over     `circuits.transistor.lib_file.transistor_handover`
network       `circuits.transistor.crossbar.run_core`; beside the engine `circuits.signoff.small_core.sign_off_small`
"""

from circuits.transistor.cards import Cards, find_cards
from circuits.transistor.schematic import NeuronCell, Size, subcircuit

__all__ = ["Cards", "NeuronCell", "Size", "find_cards", "subcircuit"]
