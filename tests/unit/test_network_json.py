"""network.json: every neuron and synapse in SI units, and what lies outside the device."""

import json
from dataclasses import replace

import numpy as np
import pytest

from circuits.device.btbt import btbt_current
from circuits.netlist.handover import write_network_spice
from circuits.netlist.parameters import network_parameters, typical_circuit, write_network_json
from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit, period

CIRCUIT = LIFCircuit(c_mem=0.8e-15, v_threshold=0.5, v_reset=0.1, v_dd=0.9)
Q = 0.8e-15 * 0.4  # C


def chip():
    """Two signals, three encoders, two recurrent adaptive neurons, two readouts."""
    encoder = LayerSpec(
        name="encoder",
        kind="encoder",
        weights=np.array([[0.3, 0.2, 0.0], [0.0, 0.0, -0.4]]),
        bias=np.array([0.1, 0.2, 0.3]),
        tau_mem=np.full(3, 0.02),
        v_threshold=np.ones(3),
    )
    hidden = LayerSpec(
        name="hidden1",
        kind="adaptive_lif",
        weights=np.array([[0.5, -0.25], [0.0, 0.1], [1.0, 0.02]]),
        bias=np.array([0.05, 0.0]),
        tau_mem=np.array([0.01, 0.04]),
        v_threshold=np.array([1.0, 0.5]),
        recurrent=np.array([[0.0, 0.2], [-0.2, 0.0]]),
        tau_adapt=np.array([0.1, 0.2]),
        adapt_a=np.array([0.3, -0.1]),
        adapt_b=np.array([0.4, 0.0]),
    )
    readout = LayerSpec(
        name="readout",
        kind="readout",
        weights=np.array([[0.1, -0.1], [-0.2, 0.2]]),
        bias=np.zeros(2),
        tau_mem=np.full(2, 0.05),
        v_threshold=np.ones(2),
    )
    return ChipNetwork(NetworkSpec("tiny", 0.01, (encoder, hidden, readout), ("no", "yes")), CIRCUIT)


def network():
    return chip().network


def tables(record):
    """Every synapse table of a layer with the weights it stands for."""
    layer = network().layer(record["name"])
    weights = None if layer.kind == "encoder" else layer.weights
    bias = None if layer.kind == "encoder" else layer.bias
    named = {"bias": bias, "synapses": weights, "recurrent_synapses": layer.recurrent}
    assert {key for key in named if key in record} == {key for key, weights in named.items() if weights is not None}
    return [(record[key], weights) for key, weights in named.items() if weights is not None]


@pytest.mark.parametrize("index", range(3))
def test_charges_are_weights_times_q_and_gate_biases_drive_their_currents(index):
    for table, weights in tables(network_parameters(chip())["layers"][index]):
        np.testing.assert_allclose(table["charge_c"], weights * Q, rtol=1e-12)
        np.testing.assert_allclose(table["current_a"], np.abs(weights) * Q / table["t_pulse_s"], rtol=1e-12)
        v_gs = np.array(table["gate_bias_v"], dtype=float)  # null becomes NaN
        np.testing.assert_array_equal(np.isnan(v_gs), weights == 0)
        present = weights != 0
        current = btbt_current(CIRCUIT.device.v_ds - v_gs[present], CIRCUIT.device, CIRCUIT.width)
        np.testing.assert_allclose(current, np.array(table["current_a"])[present], rtol=1e-9)


def test_neurons_are_in_volts_seconds_and_siemens():
    neurons = network_parameters(chip())["layers"][1]["neurons"]
    assert neurons["v_threshold_v"] == pytest.approx([0.5, 0.3])  # 0.1 V + 0.4 V times 1 and 0.5
    assert neurons["tau_mem_s"] == [0.01, 0.04]
    assert neurons["g_leak_s"] == pytest.approx([0.8e-15 / 0.01, 0.8e-15 / 0.04], rel=1e-12, abs=0)
    assert (neurons["tau_adapt_s"], neurons["coupling"]) == ([0.1, 0.2], [0.3, -0.1])
    assert neurons["jump_v"] == pytest.approx([0.16, 0.0])  # 0.4 swings of 0.4 V
    assert "coupling" not in network_parameters(chip())["layers"][0]["neurons"]


def test_an_adaptive_layer_is_noted_as_without_a_circuit():
    notes = network_parameters(chip())["notes"]
    assert [note for note in notes if "adaptation" in note] == [
        "hidden1 adaptation circuit: no BTBT circuit is published"
    ]


def test_signal_and_bias_of_an_encoder_are_charges_per_step():
    signal = network_parameters(chip())["layers"][0]["signal"]
    encoder = network().layers[0]
    np.testing.assert_allclose(signal["charge_per_step_c"], encoder.weights * Q, rtol=1e-12)
    np.testing.assert_allclose(signal["bias_charge_per_step_c"], encoder.bias * Q, rtol=1e-12)


def test_the_head_says_what_it_is_and_which_circuit():
    record = network_parameters(chip())
    assert (record["format"], record["name"], record["labels"]) == ("tunnelspike-network/1", "tiny", ["no", "yes"])
    assert record["dt_s"] == 0.01
    assert record["tool"].startswith("tunnelspike ")
    assert "not foundry-qualified" in record["status"]
    circuit = record["circuit"]
    assert circuit["charge_per_weight_c"] == pytest.approx(Q, rel=1e-12, abs=0)
    assert (circuit["c_mem_f"], circuit["v_reset_v"], circuit["width_m"]) == (0.8e-15, 0.1, CIRCUIT.width)
    assert circuit["device"]["name"] == CIRCUIT.device.name
    assert circuit["device"]["source"]


def test_a_file_gives_back_the_same_parameters(tmp_path):
    (path,) = write_network_json(tmp_path / "new" / "folder", chip())
    assert json.loads(path.read_text(encoding="utf-8")) == network_parameters(chip())
    assert [p.name for p in path.parent.iterdir()] == ["network.json"]


def notes_for(weight):
    layer = replace(network().layers[2], weights=np.array([[weight, 0.1], [0.1, 0.1]]))
    return network_parameters(chip().with_layers((*network().layers[:2], layer)))["notes"]


def test_currents_below_the_floor_are_noted_with_their_place():
    floor = CIRCUIT.device.i_floor * CIRCUIT.width
    said = [note for note in notes_for(0.5 * floor * 1e-6 / Q) if "below the device's floor" in note]
    assert len(said) == 1
    assert said[0].startswith("readout synapses: 1 of 4 currents")
    assert not any("floor" in note for note in notes_for(2 * floor * 1e-6 / Q))


def test_gate_biases_outside_the_fitted_range_are_noted():
    assert any(note.startswith("readout synapses: gate bias") and "extrapolated" in note for note in notes_for(1e3))
    assert not any(note.startswith("readout synapses: gate bias") for note in notes_for(0.1))


def test_notes_stand_once_at_the_top():
    assert all("notes" not in layer for layer in network_parameters(chip())["layers"])


def test_the_typical_circuit_is_the_median_neuron_at_three_times_its_rheobase():
    circuit = typical_circuit(chip(), network().layer("hidden1"))
    assert circuit.tau_mem == pytest.approx(0.025)
    assert circuit.v_threshold == pytest.approx(0.1 + 0.4 * 0.75)
    assert circuit.input_current == pytest.approx(3 * circuit.g_leak * circuit.v_threshold, rel=1e-9, abs=0)
    assert np.isfinite(period(circuit, circuit.input_current))


def test_every_spiking_layer_gets_a_netlist(tmp_path):
    written = {path.name for path in write_network_spice(tmp_path, chip())}
    assert all(any(layer in name for name in written) for layer in ("encoder", "hidden1"))
    assert not any("readout" in name for name in written)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bias": np.zeros(3)}, r"bias has shape \(3,\), expected \(2,\)"),
        ({"recurrent": np.zeros((2, 3))}, "recurrent has shape"),
        ({"weights": np.full((3, 2), np.nan)}, "weights holds nan"),
        ({"weights": np.full((3, 2), -1e10)}, r"weights holds -1e\+10, at most 1e\+09 is possible"),
        ({"bias": np.array([0.0, np.inf])}, "bias holds inf"),
        ({"tau_mem": np.array([0.01, 0.0])}, "tau_mem must be positive"),
    ],
)
def test_a_layer_that_does_not_fit_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        replace(network().layer("hidden1"), **change)


def test_a_chain_that_does_not_fit_is_refused():
    encoder, hidden, readout = network().layers
    with pytest.raises(ValueError, match="'readout' takes 2 inputs, 'encoder' has 3"):
        replace(network(), layers=(encoder, readout))
    with pytest.raises(ValueError, match="must come first"):
        replace(network(), layers=(hidden, replace(encoder, weights=np.ones((2, 3)))))
    with pytest.raises(ValueError, match="names must differ"):
        replace(network(), layers=(encoder, replace(hidden, name="encoder")))
    with pytest.raises(ValueError, match="none may be 'external input'"):
        replace(network(), layers=(encoder, replace(hidden, name="external input")))
    with pytest.raises(KeyError, match="there are encoder, hidden1, readout"):
        network().layer("hidden9")


def test_synapses_are_the_weights_that_are_not_zero():
    assert [layer.n_synapses for layer in network().layers] == [0, 5 + 2, 4]
    assert (network().n_neurons, network().n_synapses) == (7, 11)
