"""What a circuit cannot do is said: below the device's floor, wider than a cell, at a temperature that is none."""

from dataclasses import replace

import pytest

from circuits.chips.speed import silicon_notes
from circuits.device.btbt import DEVICES, arrhenius
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import NetworkSpec
from circuits.neuron.circuit import LIFCircuit, at_temperature
from circuits.neuron.currents import circuit_notes
from circuits.neuron.design import design_neuron
from circuits.neuron.supply import at_condition


def test_a_current_below_the_floor_is_noted():
    """At 398 K the floor of 22 nm FDX has grown more than its tunnelling current."""
    circuit = LIFCircuit(device=DEVICES["22nm-fdx"])
    assert circuit_notes(circuit) == ()
    assert "below the least drain current of 22nm-fdx" in circuit_notes(at_temperature(circuit, 398.15))[0]


@pytest.mark.parametrize(("v_dd", "temperature", "beyond"), [
    (0.45, 233.15, ()), (0.55, 398.15, ()), (0.44, 300.0, ("0.45 to 0.55 V",)), (0.99, 300.0, ("0.45 to 0.55 V",)),
    (0.5, 440.0, ("233.15 to 398.15 K",)), (0.6, 220.0, ("0.45 to 0.55 V", "233.15 to 398.15 K")),
])  # fmt: skip
def test_a_control_circuit_beyond_what_was_simulated_is_noted(v_dd, temperature, beyond):
    """The laws hold from -40 to 125 C and within a tenth of the supply; of others nothing is said."""
    there = at_condition(LIFCircuit(), temperature, v_dd)
    found = [note for note in circuit_notes(there) if "control circuit was simulated" in note]
    assert len(found) == len(beyond)
    assert all(limits in note for note, limits in zip(found, beyond, strict=True))
    assert set(found) <= set(silicon_notes(ChipNetwork(NetworkSpec("none", 1e-3, ()), there)))
    gates = replace(LIFCircuit(), control=replace(LIFCircuit().control, simulated=None), drawn=False)
    assert not any("simulated" in note for note in circuit_notes(at_condition(gates, temperature, v_dd)))


def test_a_width_beyond_a_cell_is_noted():
    notes = design_neuron(40e-6, 1e6, 0.4, c_mem=1e-9).notes
    assert any("is more than the 10 um of a neuron's cell" in note for note in notes)


def test_a_device_measured_at_27_kelvin_is_a_mistake_for_celsius():
    with pytest.raises(ValueError, match=r"27 C is 300\.15 K"):
        replace(DEVICES["32nm-pdsoi"], temperature=27.0)
    with pytest.raises(ValueError, match=r"27 C is 300\.15 K"):
        arrhenius(DEVICES["32nm-pdsoi"], 27.0)
