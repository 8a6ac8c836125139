"""`snn neuron`: its assumptions are those of the circuit shown, and no bias breaks the oxide."""

import re
from dataclasses import replace

import pytest

from circuits.btbt import DEVICES
from circuits.neuron import LIFCircuit
from circuits.units import si
from snn.neuron_report import assumptions, neuron_circuit, neuron_figures


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("temperature", [300.0, 358.0])
def test_assumptions_state_the_leak_and_currents_of_the_circuit_shown(device, temperature):
    circuit = neuron_circuit(device, -1.0, temperature)
    text = " ".join(neuron_figures(circuit, temperature)["assumptions"])
    assert DEVICES[device].source in text
    for value, unit in ((circuit.g_leak, "S"), (circuit.i_crowbar, "A"), (circuit.i_static, "A"), (circuit.c_mem, "F")):
        assert f" {si(value, unit)}" in text
    assert ("22nm" in device) == ("7.46 fS" in text)
    assert ("the leaking path is that of 32nm-pdsoi" in text) == (device != "32nm-pdsoi")


def test_assumptions_follow_every_field_they_mention():
    base = LIFCircuit()
    changed = replace(base, c_mem=1e-15, v_threshold=0.3, g_leak=1e-12, v_dd=0.7, c_reset=0.0, i_crowbar=1e-12)
    before, after = " ".join(assumptions(base)), " ".join(assumptions(changed))
    assert re.search(r"body 500 aF, swing 400 mV, leak 12\.5 pS.* 5 gates .* at 0\.9 V.* 250 pA, .* 60\.8 pA", before)
    assert re.search(r"body 1 fF, swing 300 mV, leak 1 pS.* 4 gates .* at 0\.7 V.* 1 pA, .* 60\.8 pA", after)


@pytest.mark.parametrize("v_gs", [-3.01, 3.01, -1e9])
def test_a_bias_that_breaks_the_oxide_is_refused(v_gs):
    with pytest.raises(ValueError, match=r"breaks the gate oxide; keep it within 3 V"):
        neuron_circuit("32nm-pdsoi", v_gs, 300.0)
    assert neuron_circuit("32nm-pdsoi", -3.0, 300.0).v_gs == -3.0


def test_a_bias_outside_the_fit_is_noted():
    assert "extrapolated" in neuron_figures(neuron_circuit("32nm-pdsoi", -2.5, 300.0), 300.0)["notes"][0]
    assert neuron_figures(neuron_circuit("32nm-pdsoi", -1.0, 300.0), 300.0)["notes"] == []


def test_a_misspelt_device_is_named_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean '22nm-fdx'"):
        neuron_circuit("22nm-fxd", -0.5, 300.0)
