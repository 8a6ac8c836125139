"""What the report says of currents that the device cannot make, and that the remedy it names mends them."""

import re
from dataclasses import replace

import numpy as np
import pytest

from circuits.chips.speed import (
    IDLE_LEAK,
    idle_synapses_are_quiet,
    largest_acceleration,
    noted,
    rheobase_is_above_the_floor,
    speed_notes,
)
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.neuron.control import conflicts
from circuits.neuron.synapse import T_PULSE

CIRCUIT = LIFCircuit(
    c_mem=2e-15, v_threshold=0.5, v_reset=0.1, v_dd=0.9
)  # q = 0.8 fC, floor 0.45 um x 0.4 pA/um = 0.18 pA
FLOOR = 0.18e-12


def network(tau=20e-3, fan_in=3, dt=10e-3, circuit=CIRCUIT, threshold=1.0) -> ChipNetwork:
    """A small layer in front of the one in question, and a readout whose time constant is nobody's rheobase."""
    sizes, taus, kinds = (2, fan_in, 2, 2), (1e-4, tau, 9.0), ("lif", "lif", "readout")
    layers = [
        LayerSpec(f"layer{i}", kind, np.ones((sizes[i], sizes[i + 1])), np.zeros(sizes[i + 1]),
                  np.full(sizes[i + 1], taus[i]), np.full(sizes[i + 1], threshold))
        for i, kind in enumerate(kinds)
    ]  # fmt: skip
    return ChipNetwork(NetworkSpec("net", dt, tuple(layers), v_floor=circuit.v_floor), circuit)


def notes_of(find, chip: ChipNetwork, acceleration: float) -> tuple[str, ...]:
    """What one of the two checks says of a chip, with its remedy."""
    return noted(chip, acceleration, find(chip, acceleration))


@pytest.mark.parametrize("acceleration", [1.0, 2.0, 3.5])
def test_a_rheobase_below_the_floor_is_noted_with_the_acceleration_that_mends_it(acceleration):
    """C V_th / tau = 2 fF x 0.5 V / 20 ms = 50 fA: 3.6 times below 0.18 pA."""
    (note,) = notes_of(rheobase_is_above_the_floor, network(), acceleration)
    said = f"layer 'layer1': a rheobase of {50 * acceleration:g} fA lies below the device's floor of 180 fA"
    assert note.startswith(said)
    assert "an acceleration of 4 or a c_mem of" in note
    assert notes_of(rheobase_is_above_the_floor, network(), 4) == ()


@pytest.mark.parametrize("acceleration", [1.0, 500.0])
def test_control_transistors_that_do_not_keep_up_are_noted_at_the_speed_of_the_chip(acceleration):
    """At 20 ms, as in real time, and 500 times as fast, where nothing is amiss."""
    chip = network(circuit=circuit_for_tau(20e-3))
    notes = [note for note in speed_notes(chip, acceleration) if "inverters" in note or "reset switch" in note]
    expected = conflicts(circuit_for_tau(20e-3 / acceleration))
    assert [note.split(";")[0] for note in notes] == [
        f"at an acceleration of {acceleration:g}: {one.said}" for one in expected
    ]
    assert len(expected) == (acceleration == 1)  # the open reset switch leaks more than the membrane


def test_the_rheobase_is_that_of_each_neurons_own_threshold_and_leak():
    """At half the swing V_th is 0.3 V: 30 fA, mended by 6 times the speed; at 5 ms it is 200 fA."""
    assert "a rheobase of 30 fA" in notes_of(rheobase_is_above_the_floor, network(threshold=0.5), 1)[0]
    assert "an acceleration of 6 or" in notes_of(rheobase_is_above_the_floor, network(threshold=0.5), 1)[0]
    assert notes_of(rheobase_is_above_the_floor, network(tau=5e-3), 1) == ()


def test_the_capacitor_named_mends_the_rheobase():
    (note,) = notes_of(rheobase_is_above_the_floor, network(), 1)
    farads = float(re.search(r"c_mem of ([\d.]+) fF", note)[1]) * 1e-15
    assert farads == pytest.approx(3.6 * 2e-15, rel=1e-9, abs=0)
    assert notes_of(rheobase_is_above_the_floor, network(circuit=replace(CIRCUIT, c_mem=1.001 * farads)), 1) == ()


def test_idle_synapses_of_the_worst_layer_are_set_against_the_charge_of_a_weight():
    """30 lines x 0.18 pA x 10 ms / 0.8 fC = 67.5 q per step, mended at 675 times the speed."""
    (note,) = notes_of(idle_synapses_are_quiet, network(fan_in=30), 1)
    assert note.startswith("layer 'layer1': 30 idle synapses")
    leak = 30 * FLOOR * 10e-3 / 0.8e-15
    assert f"leak {leak:.3g} q per step" in note
    assert leak == pytest.approx(67.5)
    assert "an acceleration of 675 or a c_mem of" in note
    assert notes_of(idle_synapses_are_quiet, network(fan_in=30), 675.1) == ()
    assert notes_of(idle_synapses_are_quiet, network(fan_in=30), 674) != ()


def test_absent_synapses_do_not_leak():
    net = network(fan_in=30)
    first, core, last = net.network.layers
    pruned = replace(core, weights=np.ones((30, 2)) * (np.arange(30) < 7)[:, None])
    (note,) = notes_of(idle_synapses_are_quiet, net.with_layers((first, pruned, last)), 1)
    assert note.startswith("layer 'layer1': 7 idle synapses")


def test_a_speed_that_leaves_no_time_for_a_pulse_is_not_offered():
    """At dt 20 us only 16 times the speed holds a pulse and a reset; 10 lines need far more."""
    net = network(fan_in=1000, dt=20e-6)
    assert largest_acceleration(net.network, net.circuit, net.synapse) == pytest.approx(
        20e-6 / (T_PULSE + CIRCUIT.t_refractory)
    )
    (note,) = notes_of(idle_synapses_are_quiet, net, 1)
    assert re.search(
        r"; no acceleration, but a c_mem of [\d.]+ fF with a t_refractory of [\d.]+ us would mend it$", note
    )
    leak = 1000 * FLOOR * 20e-6 / 0.8e-15
    farads = float(re.search(r"c_mem of ([\d.]+) fF", note)[1]) * 1e-15
    assert farads == pytest.approx(2e-15 * leak / IDLE_LEAK, rel=5e-3, abs=0)


def test_two_currents_below_one_floor_get_the_one_remedy_that_mends_both():
    """3.6 times the speed would lift the rheobase, 68 times quieten three idle lines: the larger is named, once."""
    rheobase, leak = speed_notes(network(), 1)
    assert rheobase.endswith("keeps the neuron at rest")
    said = r"an acceleration of (\d+) or a c_mem of ([\d.]+) fF with a t_refractory of ([\d.]+) us would mend both$"
    faster, farads, seconds = re.search(said, leak).groups()
    assert speed_notes(network(), int(faster)) == ()
    larger = replace(CIRCUIT, c_mem=1.001e-15 * float(farads), t_refractory=1e-6 * float(seconds))
    assert speed_notes(network(circuit=larger), 1) == ()
    assert rheobase_is_above_the_floor(network(), 4) == ()
    assert speed_notes(network(), 4) != ()


def test_a_fast_chip_has_no_notes():
    assert speed_notes(network(), 4000) == ()
