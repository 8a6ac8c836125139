"""A spotter in whole numbers of 8 bits fires as the trained one does, but for the rounding of its weights."""

import numpy as np
import pytest
import torch

from circuits.quantised.integer_run import layer_outputs, potentials, quantised_input
from circuits.quantised.quantise import quantise
from snn.encoders.events import delta_encode
from snn.networks.answers import log_scores
from tests.consistency.trained_spotter import CASES, NEURONS, TOPOLOGIES, features, trained


@CASES
@NEURONS
@TOPOLOGIES
def test_most_spikes_are_those_of_the_kernels(kind, neuron, recurrent):
    """Behind an encoder and two random layers, in each place and step; two random trains would agree on 62 to 86 %."""
    model, x = trained(kind, neuron, recurrent), features(99)
    with torch.no_grad():
        out = model(x)
    heard = [part.numpy() if kind == "lif" else delta_encode(part, model.encoder.threshold).numpy() for part in
             (features(5), x)]  # fmt: skip
    integers = quantise(model.chip().network, heard[0])
    *spikes, readout = layer_outputs(integers, quantised_input(heard[1], integers))
    expected = [part.numpy() for part in (out.spikes if kind == "lif" else out.spikes[1:])]
    agreed = [float((a == b).mean()) for a, b in zip(spikes, expected, strict=True)]
    assert agreed[0] > 0.98
    assert np.mean(agreed) > 0.95
    real = potentials(integers, readout)
    assert np.abs(real - out.readout.numpy()).mean() < 0.1 * out.readout.std().item()
    assert np.corrcoef(log_scores(torch.from_numpy(real)).ravel(), out.log_scores.ravel())[0, 1] > 0.95


@NEURONS
def test_a_layer_that_hears_the_same_spikes_gives_nearly_all_of_them(neuron):
    """No error of the layers before it: what is left is that of its own rounding."""
    model, x = trained("delta", neuron, "false"), features(99)
    with torch.no_grad():
        out = model(x)
    integers = quantise(model.chip().network, out.spikes[0].numpy())
    first, *_ = layer_outputs(integers, out.spikes[0].numpy().astype(np.int64))
    assert (first == out.spikes[1].numpy()).mean() > 0.995


@pytest.mark.parametrize("kind", ["lif", "delta"])
def test_input_and_units_are_those_of_the_spec(kind):
    model = trained(kind, "lif", "true")
    x = features(5)
    heard = x.numpy() if kind == "lif" else delta_encode(x, model.encoder.threshold).numpy()
    spec = model.chip().network
    integers = quantise(spec, heard)
    assert (integers.dt, integers.labels, integers.spiking) == (spec.dt, spec.labels, True)
    assert integers.signed_input == (kind == "lif")
    unit_in = integers.unit
    for layer, own in zip(integers.layers, spec.layers, strict=True):
        step = layer.unit * 2**8 / unit_in
        np.testing.assert_allclose(layer.weights * step, own.weights, atol=0.5 * step.max())
        if own.recurrent is not None:
            np.testing.assert_allclose(layer.recurrent * step, own.recurrent, atol=0.5 * step.max())
        unit_in = 1.0
