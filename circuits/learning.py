"""Energy of learning on the chip: teacher current, rewritten weights, and the readout neurons that learn.

    teacher, drive = charge V_DS                                 drive: bias currents and excitatory synapses
    weight_lines   = weights written x bits C_bit_line V_DD^2
    weight_cells   = levels moved x (2 - 2^(1 - bits)) C_cell V_DD^2      the bits that flip when a counter moves by one
    readout        = spikes ((C_control + C_reset) V_DD^2 + crowbar)
    static         = P_static sum of the times of all readout neurons

A level is kept in `bits` six-transistor cells. Nothing about memory on a BTBT chip has been published, so capacitances
are ASSUMED from the gate of the device itself.
"""

from dataclasses import dataclass

from circuits.neuron import GATE_CAPACITANCE, LIFCircuit, spike_energy, switching_energy
from circuits.units import Coulombs, Farads, Joules, Seconds, freeze_si, require

# ASSUMED: the two inverters of a cell, four gates of the device's own size, all of which swing when a bit flips.
CELL_CAPACITANCE: Farads = 4 * GATE_CAPACITANCE
# ASSUMED: a bit line passes 256 cells, one a synapse of the core, and the junction of each access transistor weighs a
# tenth of a gate; one line of the pair swings to read and one to write.
BIT_LINE_CAPACITANCE: Farads = 2 * 256 * 0.1 * GATE_CAPACITANCE
# Source: Davies et al. 2018 (10.1109/MM.2018.112130359), pairwise STDP, pre-silicon; found in a secondary text.
LOIHI_WEIGHT_UPDATE: Joules = 120e-12


@dataclass(frozen=True)
class LearningActivity:
    """What learning did, summed over `n_clips` presentations."""

    weight_updates: float  # weights written
    levels_changed: float  # steps on the grid; more than the updates where one write moves several
    teacher_charge: Coulombs  # drawn from the supply by excitatory teacher currents
    readout_spikes: float
    n_clips: int
    drive_charge: Coulombs = 0.0  # drawn by bias currents and excitatory synapses of the readout neurons
    neuron_time: Seconds = 0.0  # of the chip, summed over readout neurons

    def __post_init__(self):
        freeze_si(self)
        for name in (
            "weight_updates", "levels_changed", "teacher_charge", "readout_spikes", "drive_charge", "neuron_time",
        ):  # fmt: skip
            require(self, name, getattr(self, name) >= 0, "zero or positive")
        require(self, "n_clips", self.n_clips >= 1, "at least 1")


NOT_MODELLED = (
    "traces of calcium and of spike pairs, and their comparators",
    "random numbers of stochastic updates",
    "leak of the weight memory",
)


def learning_energy(activity: LearningActivity, circuit: LIFCircuit, bits: int) -> dict[str, Joules]:
    """Energy of learning by part, mean of one presentation (J).

    Args:  circuit: of the readout neurons, at the chip's speed.  bits: of one weight, ceil(log2(levels)).
    Raises:  ValueError unless bits >= 1, and for a circuit whose own current does not fire it.
    """
    if bits < 1:
        raise ValueError(f"a weight needs at least 1 bit, got {bits}")
    flips = activity.levels_changed * (2 - 2.0 ** (1 - bits))
    totals = {
        "teacher": activity.teacher_charge * circuit.device.v_ds,
        "drive": activity.drive_charge * circuit.device.v_ds,
        "weight_lines": activity.weight_updates * bits * BIT_LINE_CAPACITANCE * circuit.v_dd**2,
        "weight_cells": flips * CELL_CAPACITANCE * circuit.v_dd**2,
        "readout": activity.readout_spikes * (switching_energy(circuit) + spike_energy(circuit).crowbar),
        "static": activity.neuron_time * circuit.static_power,
    }
    return {name: joules / activity.n_clips for name, joules in totals.items()}


def loihi_energy(activity: LearningActivity) -> Joules:
    """What the weight updates of one presentation would cost on Loihi: 120 pJ each."""
    return activity.weight_updates * LOIHI_WEIGHT_UPDATE / activity.n_clips
