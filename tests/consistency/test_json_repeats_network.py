"""network.json is enough: a reader who has only the file, and its `dynamics`, gets the network's spikes."""

import json

import numpy as np
import pytest
import torch

from circuits.netlist.parameters import write_network_json
from snn.networks.spotter import Spotter
from snn.recipes.recipe import load_recipe


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def simulate(file, features):
    """Follow `dynamics` in volts and coulombs; spikes of every layer `(step, neuron)` and the label."""
    net = json.loads(file.read_text())
    reset, swing, c_mem = (net["circuit"][key] for key in ("v_reset_v", "swing_v", "c_mem_f"))
    x, trains = features, []
    for layer in net["layers"]:
        neurons = {key: np.array(value) for key, value in layer["neurons"].items()}
        alpha = np.exp(-net["dt_s"] / neurons["tau_mem_s"])
        if layer["kind"] == "encoder":
            inputs, bias = (layer["signal"][key] for key in ("charge_per_step_c", "bias_charge_per_step_c"))
        else:
            inputs, bias = layer["synapses"]["charge_c"], layer["bias"]["charge_c"]
        recurrent = np.array(layer.get("recurrent_synapses", {}).get("charge_c", 0.0))
        v, w, s, out = np.full(len(alpha), reset), np.zeros(len(alpha)), np.zeros(len(alpha)), []
        for row in x:
            charge = np.array(bias) + row @ np.array(inputs)
            charge = charge + (s @ recurrent if recurrent.ndim else 0.0)
            v = reset + (v - reset) * alpha + charge / c_mem - (1 - alpha) * w
            if layer["kind"] != "readout":
                v = np.maximum(v, net["circuit"]["v_sink_v"])
            if layer["kind"] == "readout":
                out.append((v - reset) / swing)
                continue
            s = (v > neurons["v_threshold_v"]).astype(float)
            if layer["kind"] == "adaptive_lif":
                rho = np.exp(-net["dt_s"] / neurons["tau_adapt_s"])
                w = w * rho + (1 - rho) * neurons["coupling"] * (v - reset) + neurons["jump_v"] * s
            v = np.where(s > 0, reset, v)
            out.append(s)
        x = np.array(out)
        trains.append(x)
    return trains[:-1], int(softmax(trains[-1]).mean(0).argmax())


@pytest.mark.parametrize("settings", [["recurrent=true"], ["neuron.model=lif", "v_threshold_v=0.3", "c_mem_f=1e-15"]])
def test_a_reader_of_network_json_gets_the_same_spikes_and_label(tmp_path, settings):
    recipe = load_recipe("fsdd", [*settings, "hidden=[20, 16]", "n_mels=8", "dropout=0"])
    model = Spotter(recipe, recipe.features.at(8000), "abcd", seed=1).double()
    features = torch.randn(6, 60, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    for _ in range(3):
        model(2 * features + 0.3)  # moves the normalisation away from its start
    model.eval()
    with torch.no_grad():
        for layer in model.layers:
            layer.norm.bias.fill_(0.4)
        output = model(features)
    (file,) = write_network_json(tmp_path, model.chip())
    for clip in range(6):
        trains, label = simulate(file, features[clip].numpy())
        for mine, theirs in zip(trains, output.spikes, strict=True):
            np.testing.assert_array_equal(mine, theirs[clip].numpy())
            assert mine.sum() > 0
        assert label == output.scores[clip].argmax().item()
