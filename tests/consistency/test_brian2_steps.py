"""The trained network, stepped by Brian2, fires exactly as the kernels run it, and tells the same words."""

import numpy as np
import pytest
import torch

from circuits.network.chip_network import ChipNetwork
from circuits.network.spec import LayerSpec, NetworkSpec
from circuits.neuron.circuit import LIFCircuit
from snn.audio.examples import Examples
from snn.encoders.events import delta_encode
from snn.experiments.evaluate import evaluate
from snn.reference import run_brian2
from tests.consistency.trained_spotter import CASES, N_FRAMES, N_LABELS, NEURONS, TOPOLOGIES, features, trained

SINK = "neuron.v_sink_v=-0.1"


@CASES
@NEURONS
@TOPOLOGIES
def test_brian2_fires_exactly_as_the_kernels(kind, neuron, recurrent):
    model, x = trained(kind, neuron, recurrent, SINK), features(99)
    with torch.inference_mode():
        out = model(x)
    inputs = x if kind == "lif" else delta_encode(x, model.encoder.threshold)
    twin = run_brian2(model.chip(), inputs.numpy())
    expected = out.spikes if kind == "lif" else out.spikes[1:]
    for (name, spikes), kernel in zip(twin.spikes.items(), expected, strict=True):
        assert 0.02 < kernel.mean() < 0.9, name  # otherwise there is little to compare
        np.testing.assert_array_equal(spikes, kernel.numpy(), err_msg=name)
    np.testing.assert_allclose(twin.potential["readout"], out.readout.numpy(), rtol=0, atol=1e-12)


@CASES
def test_an_evaluation_by_brian2_is_that_of_the_kernels(kind):
    """Twenty-four clips, so that two runs of the twin are put together."""
    model = trained(kind, "lif", "true", SINK)
    clips = torch.cat([features(seed) for seed in range(4)])
    examples = Examples(clips[None], torch.arange(len(clips)) % N_LABELS)
    ours, twin = evaluate(model, examples), evaluate(model, examples, engine="brian2")
    np.testing.assert_array_equal(twin.confusion, ours.confusion)
    assert (twin.accuracy, twin.synaptic_operations) == (ours.accuracy, pytest.approx(ours.synaptic_operations))
    assert (twin.activity.n_clips, twin.activity.duration) == (24, N_FRAMES * 0.01)
    for name in ("spikes", "near_threshold"):
        of_twin, of_ours = getattr(twin.activity, name), getattr(ours.activity, name)
        assert of_twin.keys() == of_ours.keys()
        for layer, counts in of_ours.items():
            np.testing.assert_allclose(of_twin[layer], counts, rtol=1e-12)
    np.testing.assert_allclose(twin.activity.input_spikes, ours.activity.input_spikes, rtol=1e-12)
    np.testing.assert_allclose(twin.activity.encoder_charge, ours.activity.encoder_charge, rtol=1e-12)


def test_an_unknown_engine_is_refused():
    clips = features(0)
    with pytest.raises(ValueError, match="unknown engine 'nest'; known: torch, brian2"):
        evaluate(trained("lif", "lif", "false"), Examples(clips[None], torch.zeros(len(clips)).long()), engine="nest")


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (np.zeros((3, 2)), r"shape \(3, 2\), network 'one' expects \(batch, time, channel\) with 2 channels"),
        (np.zeros((3, 1, 1)), r"shape \(3, 1, 1\)"),
        (np.zeros((1, 0, 2)), r"shape \(1, 0, 2\)"),
        (np.full((3, 1, 2), np.nan), "NaN or infinity"),
        (np.full((3, 1, 2), 0.5), "takes spikes, 0 or 1, got values from 0.5 to 0.5"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, said):
    layer = LayerSpec("a", "lif", np.ones((2, 1)), np.zeros(1), np.full(1, 0.02), np.ones(1))
    with pytest.raises(ValueError, match=said):
        run_brian2(ChipNetwork(NetworkSpec("one", 0.01, (layer,)), LIFCircuit()), inputs)
