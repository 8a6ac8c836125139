"""Energy of learning against hand-made sums."""

from dataclasses import replace

import pytest

from circuits.energy.learning import LearningActivity, LearningHardware, learning_energy, loihi_energy
from circuits.neuron.energy_terms import spike_energy
from tests.starved import STARVED

ACTIVITY = LearningActivity(
    n_clips=20,
    time=0.1,
    weight_reads=8000,
    weight_updates=4000,
    levels_changed=6000,
    teacher_charge=8e-13,
    drive_charge=6e-13,
    readout_spikes=500,
    crowbar_time=0.004,
)
CIRCUIT = replace(STARVED, v_dd=0.8)
HARDWARE = LearningHardware(circuit=CIRCUIT, n_weights=300, bits=6, n_neurons=10, rows=5)
GATE = 3.9 * 8.8541878128e-12 * 40e-9 * 60e-9 / 1e-9  # F: an oxide of 1 nm under the gate of a control transistor
OFF = 60e-9 * 1.35e-6  # A, through one that is off; one in each inverter of a cell
WIRES = (2 + 5 * 0.1) * GATE  # F: two access transistors, and the junctions of five cells


def exactly(joules):
    return pytest.approx(joules, rel=1e-12, abs=0)


def test_the_memory_pays_for_lines_cells_and_leak():
    parts = learning_energy(ACTIVITY, HARDWARE)
    assert parts["weight_reads"] == exactly(400 * 6 * (WIRES + 2 * GATE) * 0.64)
    assert parts["weight_writes"] == exactly(200 * 6 * WIRES * 0.64)
    assert parts["weight_cells"] == exactly(300 * (63 / 32) * 4 * GATE * 0.64)
    assert HARDWARE.holding_power == exactly(300 * 6 * 2 * OFF * 0.8)
    assert parts["weight_leak"] == exactly(300 * 6 * 2 * OFF * 0.8 * 0.1 / 20)


def test_the_neurons_pay_for_currents_spikes_resets_and_leak():
    parts, spike = learning_energy(ACTIVITY, HARDWARE), spike_energy(CIRCUIT)
    assert parts["teacher"] == exactly(8e-13 / 20 * CIRCUIT.device.v_ds)
    assert parts["drive"] == exactly(6e-13 / 20 * CIRCUIT.device.v_ds)
    assert parts["readout"] == exactly(25 * (spike["control"] + spike["reset"]))
    assert parts["crowbar"] == exactly(0.004 / 20 * CIRCUIT.i_crowbar * 0.8)
    assert parts["reset"] == exactly(10 * spike["reset"])
    assert parts["static"] == exactly(10 * CIRCUIT.static_power * 0.1 / 20)


@pytest.mark.parametrize("bits", [1, 2, 6])
def test_bits_that_flip_are_those_of_a_counter(bits):
    """Mean over all moves of one level, round the clock: of 4 levels 00>01>10>11>00 flip 1, 2, 1 and 2 bits."""
    n = 2**bits
    flips = sum(int(k ^ (k + 1) % n).bit_count() for k in range(n)) / n
    cells = learning_energy(ACTIVITY, replace(HARDWARE, bits=bits))["weight_cells"]
    assert cells == exactly(300 * flips * 4 * GATE * 0.64)


def test_longer_bit_lines_cost_more_and_cells_the_same():
    short, long = (learning_energy(ACTIVITY, replace(HARDWARE, rows=rows)) for rows in (5, 256))
    assert long["weight_writes"] / short["weight_writes"] == pytest.approx(27.6 / 2.5)
    assert long["weight_cells"] == short["weight_cells"]


def test_synapses_that_hold_their_own_levels_have_no_neurons_to_pay():
    parts = learning_energy(ACTIVITY, LearningHardware(circuit=CIRCUIT, n_weights=144, bits=4))
    assert parts["reset"] == parts["static"] == 0.0


def test_a_chip_that_learns_nothing_pays_nothing():
    silent = LearningActivity(n_clips=20)
    parts = learning_energy(silent, replace(HARDWARE, n_neurons=0))
    assert set(parts.parts.values()) == {0.0}


def test_loihi_pays_120_pj_an_update():
    assert loihi_energy(ACTIVITY) == exactly(200 * 120e-12)


def test_bad_activity_is_named():
    with pytest.raises(ValueError, match=r"LearningActivity\.n_clips must be at least 1, got 0"):
        replace(ACTIVITY, n_clips=0)
    with pytest.raises(ValueError, match=r"LearningActivity\.teacher_charge must be zero or positive"):
        replace(ACTIVITY, teacher_charge=-1e-15)
    with pytest.raises(ValueError, match=r"LearningHardware\.bits must be at least 1, got 0"):
        replace(HARDWARE, bits=0)
