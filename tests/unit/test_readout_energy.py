"""Energy of a readout that learns on chip, against sums made by hand."""

import numpy as np
import pytest

from circuits.network.spikes import spike_trains
from circuits.neuron.energy_terms import spike_energy
from snn.plasticity.online_rule import learn_online, recognise
from snn.recipes.recipe import parse_recipe
from snn.training.learning_energy import online_metrics
from snn.training.online import OnlineResult


def recipe(*settings):
    return parse_recipe(
        'name = "tiny"\nkind = "reservoir"\n[reservoir]\n[readout]\nn_bins = 4\nwidth_s = 0.1', list(settings)
    )


def told(setting):
    """Energies after one line that fires three times in each of two clips of two labels."""
    rule, lines = setting.rule(), [spike_trains([np.array([0.1, 0.2, 0.3])], 0.4)] * 2
    learning = learn_online(lines, [0, 1], rule, np.zeros((1, 2)), np.random.default_rng(0), setting.learning.epochs)
    answer = recognise(lines, learning.weights, rule)
    result = OnlineResult(learning, 0.5, 0.5, answer, 0.4, 0.7)
    return learning, answer, online_metrics(result, setting)


def test_the_rail_of_inhibition_lies_as_deep_as_the_recipe_says():
    circuit = recipe("readout_floor=-8").readout_circuit()
    assert (circuit.v_sink - circuit.v_reset) / circuit.swing == pytest.approx(-8.0, rel=1e-12, abs=0)
    assert circuit.tau_mem == pytest.approx(1e-3)  # a second of speech


def test_recognising_pays_for_spikes_currents_leaks_and_each_weight_once():
    setting = recipe("learning.epochs=3")
    learning, answer, energies = told(setting)
    circuit, parts = setting.readout_circuit(), energies.recognition_energy_per_clip_j
    spike, gate = spike_energy(circuit), circuit.control.gate
    each = spike["control"] + spike["reset"]
    assert parts["readout"] == pytest.approx(answer.spikes.sum() / 2 * each, rel=1e-12, abs=0)
    crowbar = answer.crowbar_time / 2 / setting.neuron.acceleration * circuit.i_crowbar * circuit.v_dd
    assert parts["crowbar"] == pytest.approx(crowbar, rel=1e-9, abs=0)
    assert answer.crowbar_time > 0.1  # of 1.6 s of speech: with a swing of 36 mV most of the climb is window
    bias = setting.learning.rule.neuron.bias * 2 * 0.4 / setting.learning.rule.neuron.tau_mem
    swings = bias + 3 * np.maximum(learning.weights, 0).sum()
    assert parts["drive"] == pytest.approx(swings * circuit.charge_per_weight * circuit.v_ds, rel=1e-9, abs=0)
    seconds = 0.7 / setting.neuron.acceleration  # the clip is heard, then replayed
    assert parts["static"] == pytest.approx(circuit.static_power * 2 * seconds, rel=1e-9, abs=0)
    wires_and_register = (2 + 4 * 0.1 + 2) * gate  # a bit line of four bins
    assert parts["weight_reads"] == pytest.approx(2 * 8 * wires_and_register * circuit.v_dd**2, rel=1e-9, abs=0)
    assert parts["weight_leak"] == pytest.approx(2 * 8 * circuit.i_static * circuit.v_dd * seconds, rel=1e-9, abs=0)


def test_without_an_epoch_only_recognising_is_told():
    energies = told(recipe("learning.epochs=0"))[2]
    assert energies.learning_per_clip_j is energies.learning_energy_per_clip_j is None
    assert energies.learning_energy_per_clip_loihi_j is None
    assert energies.recognition_per_clip_j == sum(energies.recognition_energy_per_clip_j.values())
    assert "weight_writes" not in energies.recognition_energy_per_clip_j
