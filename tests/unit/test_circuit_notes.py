"""What a circuit cannot do is said: below the device's floor, wider than a cell, at a temperature that is none."""

from dataclasses import replace

import pytest

from circuits.device.btbt import DEVICES, arrhenius
from circuits.neuron.circuit import LIFCircuit, at_temperature
from circuits.neuron.currents import circuit_notes
from circuits.neuron.design import design_neuron


def test_a_current_below_the_floor_is_noted():
    """At 398 K the floor of 22 nm FDX has grown more than its tunnelling current."""
    circuit = LIFCircuit(device=DEVICES["22nm-fdx"])
    assert circuit_notes(circuit) == ()
    assert "below the least drain current of 22nm-fdx" in circuit_notes(at_temperature(circuit, 398.15))[0]


def test_a_width_beyond_a_cell_is_noted():
    notes = design_neuron(40e-6, 1e6, 0.4, c_mem=1e-9).notes
    assert any("is more than the 10 um of a neuron's cell" in note for note in notes)


def test_a_device_measured_at_27_kelvin_is_a_mistake_for_celsius():
    with pytest.raises(ValueError, match=r"27 C is 300\.15 K"):
        replace(DEVICES["32nm-pdsoi"], temperature=27.0)
    with pytest.raises(ValueError, match=r"27 C is 300\.15 K"):
        arrhenius(DEVICES["32nm-pdsoi"], 27.0)
