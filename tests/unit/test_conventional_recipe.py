"""Recipes of conventional networks: what is built of them, what cannot be, and that a bad value is one clear line."""

import pytest
import torch

from snn.networks.conventional_network import Conventional
from snn.recipes.reader import RecipeError
from snn.recipes.recipe import load_recipe, parse_recipe
from snn.training.gradient import require_memory

MINIMAL = 'name = "mine"\nkind = "conventional"\n'
LABELS = tuple("abcdefghijk")


def built(recipe):
    return Conventional(recipe, recipe.features.at(16_000), LABELS, seed=recipe.training.seed)


def mine(*settings):
    return built(parse_recipe(MINIMAL, ["n_mels=4", "duration_s=0.2", *settings]))  # of 21 frames


def kinds(model):
    return [(stage.name, stage.kind, stage.n_values) for stage in model.stages]


def test_the_recipe_for_an_analog_chip_is_fully_connected_from_1024_inputs():
    layers = built(load_recipe("kws-dense")).network().layers
    assert {layer.kind for layer in layers} == {"dense"}
    assert (layers[0].fan_in, layers[-1].n_neurons) == (1024, 11)
    assert [layer.relu for layer in layers] == [True] * (len(layers) - 1) + [False]


def test_the_convolutional_recipe_stays_below_130_000_parameters():
    model = built(load_recipe("kws-conv"))
    assert model.stages[0].kind == "conv"
    assert model.network().n_parameters <= model.n_parameters <= 130_000


def test_the_recipe_for_memory_that_averages_is_as_large_as_lenet():
    """32 x 32 to 6 x 16 x 16, 16 x 5 x 5 = 400 values, 120, 84, 11: with biases 61,790 numbers."""
    model = built(load_recipe("kws-lenet"))
    sizes = [("conv1", 6 * 32**2), ("pool1", 6 * 16**2), ("conv2", 16 * 16**2), ("pool2", 400)]
    assert [(name, n) for name, _, n in kinds(model)] == [*sizes, ("hidden1", 120), ("hidden2", 84), ("logits", 11)]
    matrices = (25 + 1) * 6 + (6 * 25 + 1) * 16 + 401 * 120 + 121 * 84 + 85 * 11
    assert model.network().n_parameters == matrices


def test_layers_over_the_spectrogram_follow_the_settings():
    """21 frames of 4 bands: by mean of 2 to 10 x 4; stride 2 to 5 x 2, pool of 2 to 2 x 1; largest of what is left."""
    settings = ("over=spectrogram", "pool_in=2", "channels=[6, 5]", "strides=[2, 1]", "kernels=[3, 1]", "pools=[2, 1]")
    assert kinds(mine(*settings, "gather=max")) == [
        ("pool_in", "mean_pool", 10 * 4), ("conv1", "conv", 6 * 5 * 2), ("pool1", "max_pool", 6 * 2),
        ("conv2", "conv", 5 * 2), ("gather", "max_pool", 5), ("logits", "dense", 11),
    ]  # fmt: skip


def test_layers_follow_the_settings():
    """21 frames: by mean of 2 to 10; stride 2 to 5, pool of 2 to 2; mean over what is left."""
    settings = ("pool_in=2", "channels=[6, 5]", "kernels=[3, 1]", "strides=[2, 1]", "pools=[2, 1]", "hidden=[7]")
    assert kinds(mine(*settings)) == [
        ("pool_in", "mean_pool", 4 * 10), ("conv1", "conv", 6 * 5), ("pool1", "max_pool", 6 * 2),
        ("conv2", "conv", 5 * 2), ("gather", "mean_pool", 5), ("hidden1", "dense", 7), ("logits", "dense", 11),
    ]  # fmt: skip
    separable = mine("channels=[6, 5]", "kernels=[3]", "separable=true", "gather=none", "pool=mean", "pools=[1, 7]")
    assert kinds(separable) == [
        ("conv1", "conv", 6 * 21), ("depthwise2", "conv", 6 * 21), ("conv2", "conv", 5 * 21),
        ("pool2", "mean_pool", 5 * 3), ("logits", "dense", 11),
    ]  # fmt: skip
    assert [tuple(layer.weights.shape) for layer in separable.network().layers[1:3]] == [(6, 1, 3), (5, 6, 1)]


def test_without_layers_it_is_one_matrix():
    assert kinds(mine()) == [("logits", "dense", 11)]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("channels=[0]", "channels must be at most 100 numbers from 1 to 65536, got [0]"),
        ("hidden=[-3]", "hidden must be at most 100 numbers"),
        ("over=bands", "network.over"),
        ("kernels=[]", "kernels must be one number, or one for each of 0 channels, got []"),
        ("strides=[0]", "strides must be at most 100 numbers from 1"),
        ("pools=[1, 2, 3]", "pools must be one number, or one for each of 0 channels, got [1, 2, 3]"),
        ("pool_in=0", "network.pool_in"), ("pool=median", "network.pool"), ("gather=all", "network.gather"),
        ("dropout=1", "network.dropout"), ("norm=layer", "network.norm"), ("separable=1", "true or false"),
        ("label_smoothing=1", "training.label_smoothing"), ("batch_size=1", "batch_size must be at least 2"),
        ("channel=[3]", "did you mean 'channels'"), ("backend=cpu", "unknown key"),
        ("network.recurrent=true", "unknown key"), ("encoder.kind=lif", "unknown key"),
        ("channels=wide", "network.channels"), ("kernels=3", "network.kernels: must be a list in brackets"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_one_line(setting, said):
    with pytest.raises(RecipeError) as caught:
        parse_recipe(MINIMAL, [setting], "mine.toml")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("channels=[3]", "kernels=[22]"), "network.kernels: 22 frames are more than the 21 that come in there"),
        (("channels=[3, 3]", "strides=[8]", "kernels=[5]"), "network.kernels: 5 frames are more than the 3"),
        (("channels=[3]", "pools=[22]"), "network.pools: 22 frames are more than the 21"),
        (("pool_in=22",), "network.pool_in: 22 frames are more than the 21"),
        (("over=spectrogram", "channels=[3]", "kernels=[5]"), "network.kernels: 5 bands are more than the 4"),
    ],
)
def test_more_frames_than_there_are_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        mine(*settings)
    assert mine("channels=[3]", "kernels=[21]").stages[0].n_values > 0  # as many as there are


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ["hidden=[65536, 65536]"],
            "training 4,560,453,632 weights needs 68 GiB .* lower network.channels or network.hidden",
        ),
        (["channels=[4096]", "batch_size=65536"], "batches of 65,536 clips .* lower training.batch_size or the layers"),
    ],
)
def test_what_does_not_fit_into_memory_is_refused_before_anything_is_allocated(monkeypatch, settings, said):
    monkeypatch.setattr("snn.memory.physical_memory", lambda: 24 * 2**30)
    recipe = parse_recipe(MINIMAL, settings)
    with pytest.raises(ValueError, match=said):
        require_memory(built(recipe), 101, recipe.training.batch_size)


def test_the_same_seed_gives_the_same_weights_and_the_global_generator_stays():
    torch.manual_seed(5)
    first, second, other = (mine("channels=[3]", f"seed={seed}") for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(5)))
    pairs = zip(first.parameters(), second.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not torch.equal(first.layers["conv1"].map.weight, other.layers["conv1"].map.weight)
