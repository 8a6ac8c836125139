"""Bias devices in a `NetworkSpec`: refused where they do not fit, charged for their current, noted at another speed."""

from dataclasses import replace

import numpy as np
import pytest

from circuits.chips import load_chip
from circuits.chips.energy_report import energy_report
from circuits.device.btbt import btbt_current
from circuits.mapping import place
from circuits.network.spec import Activity, LayerSpec, NetworkSpec
from circuits.network.wiring import wire
from circuits.neuron.bias import bias_drive
from circuits.neuron.circuit import LIFCircuit, circuit_for_tau

DT, SPEED = 0.01, 1000.0
CIRCUIT = circuit_for_tau(0.02, LIFCircuit())
V_GS, WIDTH, TAU = np.array([-0.42, -0.45]), np.array([0.3e-6, 0.8e-6]), np.array([0.015, 0.03])
DRIVE = bias_drive(V_GS, WIDTH, TAU, CIRCUIT, SPEED)


def layer(**change):
    own = {"kind": "lif", "bias_v_gs": V_GS, "bias_width": WIDTH, "bias_acceleration": SPEED}
    return LayerSpec(
        name="hidden",
        weights=np.zeros((1, 2)),
        bias=(1 - np.exp(-DT / TAU)) * DRIVE,
        tau_mem=TAU,
        v_threshold=np.ones(2),
        **own | change,
    )


def network(layer):
    return NetworkSpec("biased", DT, CIRCUIT, (layer,))


def report(net, acceleration):
    spikes = {"hidden": np.zeros(2)}
    activity = Activity(1, 50, spikes, spikes, input_spikes=np.zeros(1))
    return energy_report(net, activity, place(net, load_chip("btbt-45rfsoi")), acceleration)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bias_width": None}, "give bias_v_gs, bias_width and bias_acceleration together"),
        ({"bias_acceleration": None}, "give bias_v_gs, bias_width and bias_acceleration together"),
        ({"bias_v_gs": np.zeros(3)}, r"bias_v_gs has shape \(3,\), expected \(2,\)"),
        ({"bias_width": np.array([1e-6, np.nan])}, "bias_width holds NaN"),
        ({"bias_width": np.array([1e-6, 0.0])}, "bias_width must be positive, got 0.0 m"),
        ({"kind": "readout"}, "'hidden' is of kind 'readout', which has no bias devices"),
        ({"bias_acceleration": -1.0}, "bias_acceleration must be positive, got -1.0"),
    ],
)
def test_devices_that_do_not_fit_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        layer(**change)


def test_a_bias_that_its_device_does_not_deliver_is_refused():
    """The second device is shifted by 10 mV, which is 12 % and more."""
    with pytest.raises(ValueError, match=r"'hidden': the device of neuron 1, -0.46 V, 8e-07 m, gives a bias of"):
        network(layer(bias_v_gs=V_GS + np.array([0.0, -0.01])))
    assert network(layer()).layers[0].silicon_bias


def test_a_current_draws_all_of_its_charge_and_not_only_what_the_step_leaves():
    """I dt / (N q) per step: bias drive times dt / tau."""
    np.testing.assert_allclose(layer().bias_charge(DT), DRIVE * DT / TAU, rtol=1e-12)
    pulsed = layer(bias_v_gs=None, bias_width=None, bias_acceleration=None)
    np.testing.assert_array_equal(pulsed.bias_charge(DT), pulsed.bias)
    joules = report(network(layer()), SPEED).parts_j["synapse_events"]
    expected = 50 * (DRIVE * DT / TAU).sum() * CIRCUIT.charge_per_weight * CIRCUIT.device.v_ds
    assert joules == pytest.approx(expected, rel=1e-12, abs=0)


def test_a_device_of_its_own_needs_no_always_active_line():
    def lines(net):
        return [note for note in place(net, load_chip("btbt-45rfsoi")).notes if "always-active" in note]

    assert lines(network(layer())) == []
    assert len(lines(network(layer(bias_v_gs=None, bias_width=None, bias_acceleration=None)))) == 1


def test_another_speed_than_the_biases_were_trained_for_is_said():
    def said(speed):
        return [note for note in report(network(layer()), speed).notes if "bias devices" in note]

    assert said(SPEED) == []
    assert said(500.0) == [
        "layer 'hidden': its bias devices are set for an acceleration of 1000, not 500: other biases than the "
        "network's; run it at that, or train for this"
    ]


def test_a_network_may_be_one_without_devices():
    """As before: a bias of pulses."""
    plain = replace(layer(), bias_v_gs=None, bias_width=None, bias_acceleration=None)
    assert not network(plain).layers[0].silicon_bias


def test_as_wires_the_current_is_that_of_the_device():
    """In real time, SPEED times slower than the device runs."""
    current = btbt_current(CIRCUIT.device.v_ds - V_GS, CIRCUIT.device, WIDTH) / SPEED
    np.testing.assert_allclose(wire(network(layer())).bias, current, rtol=1e-9)
