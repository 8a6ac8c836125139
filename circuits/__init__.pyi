# Contents of circuits by question. `__init__.py` loads them from here when they are first used; editors read it too.

# how much current?
from .device.btbt import DEVICES as DEVICES
from .device.btbt import BTBTDevice as BTBTDevice
from .device.btbt import bias_for_current as bias_for_current
from .device.btbt import btbt_current as btbt_current
from .device.btbt import mismatch as mismatch
from .neuron.currents import device_currents as device_currents

# at other conditions?
from .device.ageing import aged as aged
from .device.btbt import arrhenius as arrhenius
from .device.btbt import kane as kane
from .neuron.circuit import at_temperature as at_temperature
from .neuron.supply import at_supply as at_supply
from .variation.corners import CORNERS as CORNERS
from .variation.corners import Corner as Corner
from .variation.corners import corner_circuit as corner_circuit
from .variation.mismatch import Spread as Spread

# from measured points?
from .device.fit import fit_device as fit_device
from .device.points import read_points as read_points

# when does it fire?
from .neuron.circuit import LIFCircuit as LIFCircuit
from .neuron.circuit import circuit_at_speed as circuit_at_speed
from .neuron.circuit import circuit_for_device as circuit_for_device
from .neuron.circuit import circuit_for_tau as circuit_for_tau
from .neuron.circuit import firing_rate as firing_rate
from .neuron.circuit import period as period
from .neuron.design import Design as Design
from .neuron.design import design_neuron as design_neuron
from .neuron.request import DesignError as DesignError

# what does a spike cost?
from .ledger import Ledger as Ledger
from .literature.compare import compare as compare
from .literature.headline import headline as headline
from .neuron.area import neuron_area as neuron_area
from .neuron.conventional import source_comparison as source_comparison
from .neuron.energy_terms import spike_energy as spike_energy
from .units import si as si

# what does a chip cost?
from .chips import Chip as Chip
from .chips import load_chip as load_chip
from .chips.energy_report import EnergyReport as EnergyReport
from .energy.core import CoreLoad as CoreLoad
from .energy.core import core_energy as core_energy
from .energy.learning import LearningActivity as LearningActivity
from .energy.learning import LearningHardware as LearningHardware
from .energy.learning import learning_energy as learning_energy
from .mapping import BrokenLimit as BrokenLimit
from .mapping import MappingError as MappingError
from .mapping import Placement as Placement
from .network.activity import Activity as Activity
from .network.chip_network import BiasDevices as BiasDevices
from .network.chip_network import ChipNetwork as ChipNetwork
from .network.spec import LayerSpec as LayerSpec
from .network.spec import NetworkSpec as NetworkSpec

# what does a digital chip compute, and what does it cost to make?
from .accelerator.assembler import assemble as assemble
from .accelerator.assembler import disassemble as disassemble
from .accelerator.compiler import compile_network as compile_network
from .accelerator.cycles import schedule as schedule
from .accelerator.executor import execute as execute
from .accelerator.machine import Machine as Machine
from .chips.digital_systolic import DigitalSystolic as DigitalSystolic
from .cost.die import gross_dies as gross_dies
from .cost.price import die_cost as die_cost
from .quantised.integer_run import run_integers as run_integers
from .quantised.integers import IntegerNetwork as IntegerNetwork
from .quantised.quantise import quantise as quantise

# what spiked, and what is between two neurons?
from .network.spikes import SpikeTrains as SpikeTrains
from .network.spikes import spike_trains as spike_trains
from .neuron.synapse import SynapseKernel as SynapseKernel
from .neuron.synapse import published_kernel as published_kernel
from .neuron.synapse import synapses as synapses

# who builds it?
from .netlist import write_spice as write_spice
from .netlist.handover import write_network_spice as write_network_spice
from .netlist.parameters import write_network_json as write_network_json
