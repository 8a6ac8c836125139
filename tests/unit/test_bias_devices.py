"""Bias devices of a `ChipNetwork`: refused where they do not fit, charged for their current, noted at another speed."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.chips import Operation, load_chip
from circuits.device.btbt import btbt_current
from circuits.errors import InputError
from circuits.network.activity import Activity
from circuits.network.chip_network import BiasDevices, ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.network.wiring import wire
from circuits.neuron.bias import bias_drive
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau
from circuits.neuron.supply import at_condition

DT, SPEED = 0.01, 1000.0
CIRCUIT = circuit_for_tau(0.02, LIFCircuit())
V_GS, WIDTH, TAU = np.array([-0.42, -0.45]), np.array([0.3e-6, 0.8e-6]), np.array([0.015, 0.03])
DRIVE = bias_drive(V_GS, WIDTH, TAU, CIRCUIT, SPEED)


LAYER = LayerSpec("hidden", "lif", np.zeros((1, 2)), (1 - np.exp(-DT / TAU)) * DRIVE, TAU, np.ones(2))
DEVICES = BiasDevices(V_GS, WIDTH, SPEED)


def network(devices=DEVICES, kind="lif", name="hidden"):
    net = NetworkSpec("biased", DT, (replace(LAYER, kind=kind),))
    return ChipNetwork(net, CIRCUIT, {name: devices} if devices else {})


def report(net, acceleration):
    spikes = {"hidden": np.zeros(2)}
    activity = Activity(1, 50 * DT, spikes, spikes, CIRCUIT.crowbar_window, input_spikes=np.zeros(1))
    chip = load_chip("btbt-45rfsoi", net, Operation(acceleration))
    return chip.price(net.network, activity, chip.place(net.network, activity))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"v_gs": np.zeros(3)}, r"'hidden': v_gs of its bias devices has shape \(3,\), expected \(2,\)"),
        ({"width": np.ones(3)}, r"'hidden': width of its bias devices has shape \(3,\), expected \(2,\)"),
        ({"v_gs": np.array([np.inf, -0.4])}, "v_gs holds NaN"),
        ({"width": np.array([1e-6, np.nan])}, "width holds NaN"),
        ({"width": np.array([1e-6, 0.0])}, "width must be positive, got 0.0 m"),
        ({"acceleration": -1.0}, "acceleration must be positive, got -1.0"),
    ],
)
def test_devices_that_do_not_fit_are_refused(change, said):
    with pytest.raises(InputError, match=said):
        network(replace(DEVICES, **change))


def test_devices_of_a_layer_without_a_bias_circuit_are_refused():
    with pytest.raises(InputError, match="'hidden' is of kind 'readout', which has no bias devices"):
        network(kind="readout")
    with pytest.raises(KeyError, match="no layer 'hiden'; there are hidden"):
        network(name="hiden")


def test_a_bias_that_its_device_does_not_deliver_is_refused():
    """The second device is shifted by 10 mV, which is 12 % and more."""
    with pytest.raises(InputError, match=r"'hidden': the device of neuron 1, -0.46 V, 8e-07 m, gives a bias of"):
        network(replace(DEVICES, v_gs=V_GS + np.array([0.0, -0.01])))


def test_a_current_draws_all_of_its_charge_and_not_only_what_the_step_leaves():
    """I dt / (N q) per step: bias drive times dt / tau."""
    np.testing.assert_allclose(network().bias_per_step(LAYER), DRIVE * DT / TAU, rtol=1e-12)
    np.testing.assert_array_equal(network(None).bias_per_step(LAYER), LAYER.bias)
    joules = report(network(), SPEED).ledger["synapse_events"]
    expected = 50 * (DRIVE * DT / TAU).sum() * CIRCUIT.charge_per_weight * CIRCUIT.device.v_ds
    assert joules == pytest.approx(expected, rel=1e-12, abs=0)


def test_a_device_of_its_own_needs_no_always_active_line():
    def lines(net):
        return [note for note in report(net, SPEED).notes if "always-active" in note]

    assert lines(network()) == []
    assert lines(network(None)) == ["bias of hidden: one always-active line per core beside the others, ASSUMED"]


def test_another_speed_than_the_biases_were_trained_for_is_said():
    def said(speed):
        return [note for note in report(network(), speed).notes if "bias devices" in note]

    assert said(SPEED) == []
    assert said(500.0) == [
        "layer 'hidden': its bias devices are set for an acceleration of 1000, not 500: other biases than the "
        "network's; an acceleration of 1000 would mend it"
    ]
    assert sum("would mend" in note for note in report(network(), 1.0).notes) == 1


def test_biases_that_are_set_for_a_speed_leave_only_that():
    found = report(network(), "auto")
    assert (found.acceleration, found.chosen) == (SPEED, "auto")
    assert found.ledger == report(network(), SPEED).ledger
    assert report(network(None), "auto").acceleration > SPEED


def test_as_wires_the_current_is_that_of_the_device():
    """In real time, SPEED times slower than the device runs."""
    current = btbt_current(CIRCUIT.device.v_ds - V_GS, CIRCUIT.device, WIDTH) / SPEED
    np.testing.assert_allclose(wire(network()).bias, current, rtol=1e-9)


def test_on_another_circuit_the_gates_are_set_anew_and_the_bias_stays():
    """The new device, at its own V_DS, gives the drive that was trained; a part of it would be refused."""
    circuit = at_condition(CIRCUIT, temperature=340.0, v_dd=0.85)
    moved = network().on(circuit)
    devices = moved.bias_devices["hidden"]
    np.testing.assert_allclose(bias_drive(devices.v_gs, WIDTH, TAU, circuit, SPEED), DRIVE, rtol=1e-9)
    assert not np.allclose(devices.v_gs, V_GS, rtol=1e-3)
    assert network().on(CIRCUIT).bias_devices["hidden"].v_gs == pytest.approx(V_GS, rel=1e-9)
