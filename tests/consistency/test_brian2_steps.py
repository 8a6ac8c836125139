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
from snn.networks.spotter import Spotter
from snn.recipes.recipe import parse_recipe
from snn.reference import run_brian2

N_LABELS, N_BANDS, N_FRAMES, N_BATCH = 3, 5, 60, 4
SETTINGS = (
    f"features.n_mels={N_BANDS}",
    "network.hidden=[14, 11]",
    "encoder.threshold=0.5",
    "neuron.v_threshold_v=0.37",
    "neuron.v_sink_v=-0.1",
)


def features(seed):
    """Clips whose bands wander, as speech does."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randn(N_BATCH, N_FRAMES, N_BANDS, generator=generator, dtype=torch.float64)
    return 0.7 * steps + 0.3 * torch.cumsum(steps, 1)


def trained(kind, neuron, recurrent):
    """A double-precision spotter with every number away from where it starts."""
    settings = (*SETTINGS, f"encoder.kind={kind}", f"neuron.model={neuron}", f"network.recurrent={recurrent}")
    recipe = parse_recipe('name = "twin"', settings)
    model = Spotter(recipe, recipe.features.at(8000), tuple(map(str, range(N_LABELS))), seed=5).double()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * parameter.abs().mean() * torch.randn(parameter.shape, generator=generator).double()
        for layer in model.layers:
            layer.norm.bias += 1.5 * torch.rand(layer.n_neurons, generator=generator)
        for seed in range(3):
            model(features(seed), generator)
    return model.eval()


@pytest.mark.parametrize("kind", ["lif", "delta"])
@pytest.mark.parametrize("neuron", ["lif", "adaptive_lif"])
@pytest.mark.parametrize("recurrent", ["false", "true"])
def test_brian2_fires_exactly_as_the_kernels(kind, neuron, recurrent):
    model, x = trained(kind, neuron, recurrent), features(99)
    with torch.inference_mode():
        out = model(x)
    inputs = x if kind == "lif" else delta_encode(x, model.encoder.threshold)
    twin = run_brian2(model.chip(), inputs.numpy())
    expected = out.spikes if kind == "lif" else out.spikes[1:]
    for (name, spikes), kernel in zip(twin.spikes.items(), expected, strict=True):
        assert 0.02 < kernel.mean() < 0.9, name  # otherwise there is little to compare
        np.testing.assert_array_equal(spikes, kernel.numpy(), err_msg=name)
    np.testing.assert_allclose(twin.potential["readout"], out.readout.numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["lif", "delta"])
def test_an_evaluation_by_brian2_is_that_of_the_kernels(kind):
    """Twenty clips, so that two runs of the twin are put together."""
    model = trained(kind, "lif", "true")
    clips = torch.cat([features(seed) for seed in range(5)])
    examples = Examples(clips[None], torch.arange(len(clips)) % N_LABELS)
    ours, twin = evaluate(model, examples), evaluate(model, examples, engine="brian2")
    np.testing.assert_array_equal(twin.confusion, ours.confusion)
    assert (twin.accuracy, twin.synaptic_operations) == (ours.accuracy, pytest.approx(ours.synaptic_operations))
    assert (twin.activity.n_clips, twin.activity.duration) == (20, N_FRAMES * 0.01)
    for name in ("spikes", "near_threshold"):
        of_twin, of_ours = getattr(twin.activity, name), getattr(ours.activity, name)
        assert of_twin.keys() == of_ours.keys()
        for layer, counts in of_ours.items():
            np.testing.assert_allclose(of_twin[layer], counts, rtol=1e-12)
    np.testing.assert_allclose(twin.activity.input_spikes, ours.activity.input_spikes, rtol=1e-12)
    np.testing.assert_allclose(twin.activity.encoder_charge, ours.activity.encoder_charge, rtol=1e-12)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="unknown engine 'nest'; known: torch, brian2"):
        evaluate(
            trained("lif", "lif", "false"), Examples(features(0)[None], torch.zeros(N_BATCH).long()), engine="nest"
        )


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
