"""Energy of learning on the chip: weights read and rewritten, teacher current, and the readout neurons that learn.

    weight_reads   = weights read x bits (C_line + C_cell / 2) V_DD^2        a register's bit flips every other time
    weight_writes  = weights written x bits C_line V_DD^2,                   C_line = 2 C_gate + rows C_junction
    weight_cells   = levels moved x (2 - 2^(1 - bits)) C_cell V_DD^2         bits that flip as a counter moves by one
    weight_leak    = n_weights bits I_static V_DD time                       while a clip is heard and presented
    teacher, drive = charge V_DS                                             drive: bias and exciting synapses
    readout, crowbar, static of its neurons; reset: every clip begins at rest      circuits.neuron.energy_terms

A level is kept in `bits` six-transistor cells beside each other, which have a word line of their own. Nothing about
memory on a BTBT chip has been published, so capacitances and leak are ASSUMED those of the control transistors.
"""

from dataclasses import dataclass, fields, replace

from circuits.ledger import Entry, Ledger, unknown
from circuits.neuron.circuit import LIFCircuit
from circuits.neuron.energy_terms import control, crowbar, reset, static, supplied
from circuits.units import Coulombs, Joules, Seconds, Watts, freeze_si, require

# ASSUMED: the two inverters of a cell, four gates of control transistors, all of which swing when a bit flips.
CELL_GATES = 4
# ASSUMED: what a cell loads its bit line with, the junction of an access transistor, weighs a tenth of a gate.
JUNCTION_GATES = 0.1
# Source: Davies et al. 2018 (10.1109/MM.2018.112130359), pairwise STDP, pre-silicon; found in a secondary text.
LOIHI_WEIGHT_UPDATE: Joules = 120e-12


@dataclass(frozen=True, kw_only=True)
class LearningActivity:
    """What learning, or recognising alone, did; all but `n_clips` summed over as many presentations of a clip."""

    n_clips: int
    time: Seconds = 0.0  # of the chip
    weight_reads: float = 0.0  # weights fetched from the memory
    weight_updates: float = 0.0  # weights written
    levels_changed: float = 0.0  # steps on the grid; more than the updates where one write moves several
    teacher_charge: Coulombs = 0.0  # drawn from the supply by excitatory teacher currents
    drive_charge: Coulombs = 0.0  # likewise by bias currents and exciting synapses
    readout_spikes: float = 0.0
    crowbar_time: Seconds = 0.0  # of the chip, that readout neurons spent in the window below threshold

    def __post_init__(self):
        freeze_si(self)
        for name in (field.name for field in fields(self)):
            require(self, name, getattr(self, name) >= 0, "zero or positive")
        require(self, "n_clips", self.n_clips >= 1, "at least 1")


@dataclass(frozen=True, kw_only=True)
class LearningHardware:
    """Readout neurons, none where the reservoir itself learns, and the memory of their weights.

    rows: weights on one bit line, of which one at a time is in use; 1: each synapse holds its own.
    """

    circuit: LIFCircuit  # of a readout neuron, at the chip's speed; its device and supply are those of the memory
    n_weights: int
    bits: int  # of a weight, ceil(log2(levels))
    n_neurons: int = 0
    rows: int = 1

    def __post_init__(self):
        for name, least in (("n_weights", 0), ("bits", 1), ("n_neurons", 0), ("rows", 1)):
            require(self, name, getattr(self, name) >= least, f"at least {least}")

    @property
    def holding_power(self) -> Watts:
        """What the memory leaks, and has to be paid for as long as it is to remember."""
        return self.n_weights * self.bits * self.circuit.i_static * self.circuit.v_dd  # two inverters, as a neuron's


RULES_UNKNOWN = unknown(
    "traces of calcium and of spike pairs, and their comparators",
    "random numbers of stochastic updates",
)
READOUT_UNKNOWN = RULES_UNKNOWN + unknown(
    "holding the weights while the chip hears nothing",
    "decoders, sense amplifiers and clock of the weight memory",
    "the buffer that holds the spikes of a clip until it is replayed",
)


def learning_energy(activity: LearningActivity, hardware: LearningHardware) -> Ledger[float]:
    """Energy of what is modelled, mean of one presentation of a clip."""
    circuit, spikes = hardware.circuit, activity.readout_spikes
    neurons = Ledger(
        (
            supplied(circuit, activity.teacher_charge, "teacher"),
            supplied(circuit, activity.drive_charge, "drive"),
            replace(control(circuit, spikes), part="readout"),
            replace(reset(circuit, spikes), part="readout"),
            crowbar(circuit, activity.crowbar_time),
            reset(circuit, activity.n_clips * hardware.n_neurons),
            static(circuit, hardware.n_neurons * activity.time),
        )
    )
    return (_memory(activity, hardware) + neurons) * (1 / activity.n_clips)


def _memory(activity: LearningActivity, hardware: LearningHardware) -> Ledger[float]:
    square, gate = hardware.circuit.v_dd**2, hardware.circuit.control.gate
    cell, line = CELL_GATES * gate, (2 + hardware.rows * JUNCTION_GATES) * gate
    reading, writing = hardware.bits * (line + cell / 2) * square, hardware.bits * line * square
    flipping = (2 - 2.0 ** (1 - hardware.bits)) * cell * square
    source = "capacitances ASSUMED, of control transistors"
    return Ledger(
        (
            Entry("weight_reads", activity.weight_reads, reading, per="weight", source=source),
            Entry("weight_writes", activity.weight_updates, writing, per="weight", source=source),
            Entry("weight_cells", activity.levels_changed, flipping, per="level", source=source),
            Entry("weight_leak", activity.time, hardware.holding_power, "static", "second", "paths ASSUMED"),
        )
    )


def loihi_energy(activity: LearningActivity) -> Joules:
    """What the weight updates of one presentation would cost on Loihi: 120 pJ each."""
    return activity.weight_updates * LOIHI_WEIGHT_UPDATE / activity.n_clips
