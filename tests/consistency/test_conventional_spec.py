"""A conventional network as plain data computes what torch does, recomputed from the numbers of the spec alone."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from circuits.accelerator.executor import execute
from circuits.chips import load_chip
from circuits.network.activity import Activity
from circuits.network.spec import NetworkSpec
from circuits.network.value_network import shape_of_input
from circuits.quantised.integer_run import potentials, quantised_input, run_integers
from circuits.quantised.quantise import quantise
from snn.audio.examples import Examples
from snn.networks.conventional_network import Conventional
from snn.recipes.recipe import parse_recipe

TEXT = 'name = "own"\nkind = "conventional"\n[features]\nn_mels = 6\nduration_s = 0.3\n[network]\n'
NETWORKS = {
    "matrix": "",
    "dense": "hidden = [9, 7]",
    "dense behind a mean of frames": "pool_in = 3\nhidden = [9]",
    "conv": "channels = [8, 5]\nkernels = [5, 4]\nstrides = [2, 1]",
    "conv, pools": 'channels = [8, 5]\npools = [2, 3]\ngather = "none"\nhidden = [9]',
    "conv, mean pools, largest over time": 'channels = [8, 5]\npool = "mean"\npools = [2]\ngather = "max"',
    "separable": "channels = [8, 6, 5]\nkernels = [5, 3, 7]\nstrides = [1, 2, 1]\nseparable = true",
    "spectrogram": 'over = "spectrogram"\nchannels = [5, 4]\nkernels = [5, 2]\nstrides = [2, 1]',
    "spectrogram, pools": (
        'over = "spectrogram"\npool_in = 2\nchannels = [3, 5]\npools = [2, 3]\npool = "mean"\n'
        'gather = "none"\nhidden = [9]'
    ),
    "spectrogram, separable": (
        'over = "spectrogram"\nchannels = [3, 5, 4]\npools = [1, 2, 1]\nseparable = true\ngather = "max"'
    ),
    "without normalisation": 'channels = [8]\nhidden = [4]\nnorm = "none"',
}


def model_of(text, seed=0):
    """With weights, moments and biases all away from where they begin."""
    recipe = parse_recipe(TEXT + text)
    model = Conventional(recipe, recipe.features.at(8000), "abc", seed=seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if tensor.is_floating_point() and tensor.ndim == 1:
                noise = torch.rand(tensor.shape, generator=generator)
                tensor.copy_(0.5 + noise if "var" in name else noise - 0.3)
    return model.eval()


def features(n_clips=5, seed=0):
    return torch.randn(n_clips, 31, 6, generator=torch.Generator().manual_seed(seed))


def recomputed(spec: NetworkSpec, x: torch.Tensor) -> torch.Tensor:
    """Every layer by the textbook, channels first where it slides over a grid, in double precision."""
    for layer in spec.layers:
        grid = layer.convolution
        if grid is None:
            x = x.flatten(1) @ torch.from_numpy(layer.weights) + torch.from_numpy(layer.bias)
        else:
            x = x.reshape(len(x), *grid.shape_in)
        if layer.kind == "conv":
            sizes = {"stride": grid.stride, "padding": grid.padding, "groups": grid.groups}
            convolved = (functional.conv1d, functional.conv2d)[len(grid.kernel) - 1]
            x = convolved(x, torch.from_numpy(layer.weights), torch.from_numpy(layer.bias), **sizes)
        elif layer.kind == "mean_pool":
            x = (functional.avg_pool1d, functional.avg_pool2d)[len(grid.kernel) - 1](x, grid.kernel, grid.stride)
        elif layer.kind == "max_pool":
            x = (functional.max_pool1d, functional.max_pool2d)[len(grid.kernel) - 1](x, grid.kernel, grid.stride)
        x = x.relu() if layer.relu and layer.kind in ("conv", "dense") else x
    return x


@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
def test_the_spec_computes_what_torch_computes(text):
    model, x = model_of(text), features()
    with torch.no_grad():
        logits = model(x)
    expected = recomputed(model.network(), model.inputs(x).flatten(1).double())
    torch.testing.assert_close(logits.double(), expected, rtol=1e-5, atol=1e-5)
    assert expected.std() > 0.01


@pytest.mark.parametrize("text", NETWORKS.values(), ids=NETWORKS)
def test_a_spec_has_the_parameters_that_are_left_after_folding(text):
    """A normalised layer has scale, offset and no bias in torch, and a bias alone when it has been folded."""
    model = model_of(text)
    norms = sum(layer.norm.num_features for layer in model.layers.values() if layer.norm is not None)
    assert model.network().n_parameters == model.n_parameters - norms


def test_a_kernel_over_the_spectrogram_sees_frames_and_bands_alike():
    """The textbook's sum at one position, by hand, of frames and bands of the features as they come."""
    model, x = (
        model_of('over = "spectrogram"\nchannels = [2]\nkernels = [3]\nnorm = "none"\ngather = "none"'),
        features(),
    )
    weights, bias = (tensor.detach() for tensor in (model.layers["conv1"].map.weight, model.layers["conv1"].map.bias))
    with torch.no_grad():
        found = model.layers["conv1"](model.inputs(x))
    by_hand = [(weights[c, 0] * x[1, 9:12, 2:5]).sum() + bias[c] for c in range(2)]
    torch.testing.assert_close(found[1, :, 10, 3], torch.stack(by_hand).relu())


@pytest.mark.parametrize("name", [name for name in NETWORKS if "spectrogram" in name])
def test_whole_numbers_over_the_spectrogram_are_near_torch_and_those_of_the_program(name):
    """8 bits: an answer errs by a few hundredths of its spread; the accelerator's program gives the same bits."""
    model, x = model_of(NETWORKS[name]), features(60)
    net = model.network()
    last = x.double().numpy().reshape(len(x), *shape_of_input(net))
    whole = quantise(net, last)
    found = run_integers(whole, quantised_input(last, whole))
    with torch.no_grad():
        expected = model(x).double().numpy()
    errors = potentials(whole, found) - expected
    assert errors.std() < 0.08 * expected.std()
    chip = load_chip("digital-systolic")
    run = execute(chip.program(whole), quantised_input(last, whole))
    np.testing.assert_array_equal(run.reshape(found.shape), found)
    assert chip.check(net) == ()


def test_products_are_those_that_torch_would_count():
    model = model_of(NETWORKS["separable"])
    frames = {"conv1": 31, "depthwise2": 16, "conv2": 16, "depthwise3": 16, "conv3": 16, "logits": 1}
    weights = {name: model.layers[name].map.weight.numel() for name in frames}
    assert model.network().n_macs == sum(weights[name] * n for name, n in frames.items())


def test_a_first_dense_layer_takes_the_features_as_they_come_and_a_convolution_takes_channels_first():
    x = features()
    assert torch.equal(model_of(NETWORKS["dense"]).inputs(x), x)
    assert torch.equal(model_of(NETWORKS["conv"]).inputs(x), x.transpose(1, 2))
    assert torch.equal(model_of(NETWORKS["spectrogram"]).inputs(x)[:, 0], x)


def test_answers_are_probabilities_and_no_neuron_spikes():
    model, x = model_of(NETWORKS["conv"]), features(300)
    answers = model.run(Examples(x[None], torch.zeros(300).long()))
    np.testing.assert_allclose(np.exp(answers.scores).sum(1), 1, rtol=1e-5)
    with torch.no_grad():
        np.testing.assert_array_equal(answers.predicted, model(x).argmax(1).numpy())
    activity = answers.activity
    assert isinstance(activity, Activity)
    assert (activity.n_clips, activity.duration, activity.spikes_per_inference) == (300, 0.31, 0.0)
    activity.require_fits(model.network())
    assert activity.synaptic_operations(model.network()) == 0


def test_features_of_another_shape_are_refused():
    model = model_of(NETWORKS["conv"])
    with pytest.raises(ValueError, match="takes clips of 31 frames, got 30"):
        model(features()[:, :30])
    with pytest.raises(ValueError, match="with 6 bands"):
        model(features()[..., :5])


def test_one_clip_alone_is_not_normalised_by_itself():
    model = model_of(NETWORKS["conv"]).train()
    with pytest.raises(ValueError, match="batches of 2 at least"):
        model.loss(features(1), torch.zeros(1).long())


def test_dropout_follows_from_the_generator_and_smoothing_from_training():
    model, x, labels = (
        model_of('hidden = [64]\nnorm = "none"\ndropout = 0.5'),
        features(),
        torch.tensor([0, 1, 2, 0, 1]),
    )
    still = model.loss(x, labels)
    draws = [model.train().loss(x, labels, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert model.eval().loss(x, labels) == still
    model.label_smoothing = 0.3
    assert model.eval().loss(x, labels) == still
    log_p = model(x).log_softmax(-1)
    target = 0.7 * torch.nn.functional.one_hot(labels, 3) + 0.1
    model.settings = parse_recipe(TEXT + 'hidden = [64]\nnorm = "none"\ndropout = 0.0')
    torch.testing.assert_close(model.train().loss(x, labels), -(target * log_p).sum(1).mean())
