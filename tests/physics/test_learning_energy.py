"""Energy of learning against hand-made sums."""

from dataclasses import replace

import pytest

from circuits.learning import LearningActivity, learning_energy, loihi_energy
from circuits.neuron import LIFCircuit, spike_energy

ACTIVITY = LearningActivity(
    weight_updates=4000,
    levels_changed=6000,
    teacher_charge=8e-13,
    readout_spikes=500,
    n_clips=20,
    drive_charge=6e-13,
    neuron_time=0.1,
)
GATE = 3.9 * 8.8541878128e-12 * 40e-9 * 0.45e-6 / 1e-9  # F: an oxide of 1 nm under the gate of the device


def test_each_part_is_counts_times_capacitance_and_voltage():
    circuit = LIFCircuit(v_dd=0.8)
    parts = learning_energy(ACTIVITY, circuit, bits=6)
    spike = spike_energy(circuit)
    assert parts["teacher"] == pytest.approx(8e-13 / 20 * circuit.device.v_ds, rel=1e-12, abs=0)
    assert parts["drive"] == pytest.approx(6e-13 / 20 * circuit.device.v_ds, rel=1e-12, abs=0)
    assert parts["static"] == pytest.approx(0.1 / 20 * circuit.static_power, rel=1e-12, abs=0)
    assert parts["weight_lines"] == pytest.approx(200 * 6 * 51.2 * GATE * 0.64, rel=1e-12, abs=0)
    assert parts["weight_cells"] == pytest.approx(300 * (63 / 32) * 4 * GATE * 0.64, rel=1e-12, abs=0)
    assert parts["readout"] == pytest.approx(25 * (spike.control + spike.reset + spike.crowbar), rel=1e-12, abs=0)


@pytest.mark.parametrize("bits", [1, 2, 6])
def test_bits_that_flip_are_those_of_a_counter(bits):
    """Mean over all moves of one level, round the clock: of 4 levels 00>01>10>11>00 flip 1, 2, 1 and 2 bits."""
    n = 2**bits
    flips = sum(int(k ^ (k + 1) % n).bit_count() for k in range(n)) / n
    cells = learning_energy(ACTIVITY, LIFCircuit(), bits)["weight_cells"]
    assert cells == pytest.approx(300 * flips * 4 * GATE * 0.81, rel=1e-12, abs=0)


def test_a_chip_that_learns_nothing_pays_nothing():
    silent = LearningActivity(0.0, 0.0, 0.0, 0.0, n_clips=20)
    assert set(learning_energy(silent, LIFCircuit(), 4).values()) == {0.0}


def test_loihi_pays_120_pj_an_update():
    assert loihi_energy(ACTIVITY) == pytest.approx(200 * 120e-12, rel=1e-12, abs=0)


def test_bad_activity_is_named():
    with pytest.raises(ValueError, match=r"LearningActivity\.n_clips must be at least 1, got 0"):
        replace(ACTIVITY, n_clips=0)
    with pytest.raises(ValueError, match=r"LearningActivity\.teacher_charge must be zero or positive"):
        replace(ACTIVITY, teacher_charge=-1e-15)
    with pytest.raises(ValueError, match="at least 1 bit"):
        learning_energy(ACTIVITY, LIFCircuit(), 0)
