"""A conventional network from recordings to its refusal by a chip of spiking neurons, on words learned in a second."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import snn as package
from snn.audio.examples import Examples
from snn.experiments.run_folder import load_activity, load_run
from snn.experiments.train import train
from snn.networks.conventional_network import Conventional
from snn.recipes.recipe import parse_recipe
from snn.training.gradient import Watch, fit
from tests.tiny_recipes import CONVENTIONAL

TINY = CONVENTIONAL.replace("epochs = 1", "epochs = 4").replace("[augment]", "dropout = 0.2\n[augment]")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, spoken):
    folder = tmp_path_factory.mktemp("conventional") / "run"
    train(parse_recipe(TINY), spoken, folder)
    return folder


@pytest.fixture
def own(tmp_path, trained):
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_words_that_differ_in_pitch_are_learned(tmp_path, spoken, snn_json):
    recipe = tmp_path / "small.toml"
    recipe.write_text(TINY)
    told = snn_json("train", recipe, "--data", spoken, "--out", tmp_path / "run", "--set", "epochs=10")
    assert told["test_accuracy"] >= 0.9  # three tones, chance 0.33
    spec = load_run(tmp_path / "run").network()
    assert told["macs"] == spec.n_macs > told["n_parameters"] > spec.n_parameters
    assert (told["epochs"], told["spikes_per_inference"]) == (10, 0.0)
    assert 1 <= told["best_epoch"] <= 10
    assert told.keys() >= {"validation_accuracy", "seed", "n_test"}
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    assert [row["epoch"] for row in rows] == [str(i) for i in range(1, 11)]


def test_evaluate_repeats_the_accuracy_of_training(own, snn_json):
    told, metrics = snn_json("evaluate", own), json.loads((own / "metrics.json").read_text())
    assert told["accuracy"] == metrics["test_accuracy"]
    assert sum(map(sum, told["confusion"])) == told["n_clips"] == metrics["n_test"]
    assert (told["macs"], told["spikes_per_inference"], told["synaptic_operations"]) == (metrics["macs"], 0, 0)
    assert load_activity(own, load_run(own).network()).duration == pytest.approx(0.31)


def test_a_run_is_read_as_it_was_trained(own):
    run = load_run(own)
    assert isinstance(run.model, Conventional)
    assert run.recipe == parse_recipe(TINY)
    assert run.metrics.n_parameters == run.model.n_parameters


def test_a_chip_of_spiking_cores_lists_every_layer_that_it_does_not_hold(own, snn):
    code, out, err = snn("map", own)
    assert (code, out) == (2, "")
    names = ("conv1", "conv2", "gather", "hidden1", "logits")
    assert all(f"layer '{name}': kind is" in err for name in names)
    assert "choose a chip that multiplies" in err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("export", "--out", "OUT"), "has no circuit of neurons"),
        (("export", "--format", "spice", "--out", "OUT"), "has no circuit of neurons"),
        (("export", "--format", "all", "--out", "OUT", "--verify"), "has no circuit of neurons"),
        (("export", "--format", "spice", "--level", "transistor", "--out", "OUT"), "has no circuit of neurons"),
        (("signoff",), "this takes a reservoir"),
        (("spread",), "this takes a reservoir: for other networks name --chip"),
        (("evaluate", "--engine", "brian2"), "unknown engine 'brian2'; known: torch"),
    ],
    ids=str,
)
def test_a_command_that_needs_a_circuit_says_so(own, tmp_path, snn, command, said):
    first, *rest = (str(tmp_path / "out") if word == "OUT" else word for word in command)
    code, out, err = snn(first, own, *rest)
    assert (code, out) == (2, "")
    assert said in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("core", "--run"), "this takes a reservoir"),
        (("neuron", "--compare", "--scope", "chip", "--run"), "has no circuit of neurons"),
    ],
)
def test_what_compares_circuits_says_so_too(own, snn, command, said):
    code, out, err = snn(*command, own)
    assert (code, out) == (2, "")
    assert said in err.splitlines()[-1]


def test_a_stream_needs_spikes(own):
    with pytest.raises(ValueError, match="a stream needs a spotter"):
        package.AudioStream(load_run(own).model)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda tensors: tensors.pop("layers.conv1.norm.running_var"), "layers.conv1.norm.running_var is none"),
        (lambda tensors: tensors["layers.conv1.norm.running_var"].fill_(-1), "holds nan"),
        (lambda tensors: tensors["layers.logits.map.weight"].fill_(1e12), "at most 1e+09"),
    ],
)
def test_a_damaged_model_is_refused(own, snn, damage, said):
    from snn.tensors import load_tensors, save_tensors

    tensors, _ = load_tensors(own / "model.safetensors")
    damage(tensors)
    save_tensors(own / "model.safetensors", tensors, {})
    code, out, err = snn("evaluate", own)
    assert (code, out) == (2, "")
    assert said in err


def clips(n_clips, seed):
    """Noise whose level tells the label, on 4 bands and 12 frames."""
    generator, labels = torch.Generator().manual_seed(seed), torch.arange(n_clips) % 2
    level = (1 - 2 * labels)[:, None, None] * torch.tensor([1.0, 1.0, -1.0, -1.0])
    return Examples(torch.randn(1, n_clips, 11, 4, generator=generator) + level, labels)


def learn(path=None, resume=False, watch=Watch()):
    settings = ("n_mels=4", "duration_s=0.1", "band_mask=1", "frame_mask=2", "epochs=6", "batch_size=8")
    recipe = parse_recipe(TINY, settings)
    model = Conventional(recipe, recipe.features.at(8000), "ab", seed=recipe.training.seed)
    return model, fit(model, clips(30, 1), clips(16, 2), recipe, checkpoint=path, resume=resume, watch=watch)


def test_a_resumed_training_ends_as_the_uninterrupted_one(tmp_path):
    def stop(record, improved):
        if record.epoch == 3:
            raise KeyboardInterrupt

    path = tmp_path / "checkpoint.safetensors"
    torch.manual_seed(1)
    whole, expected = learn()
    with pytest.raises(KeyboardInterrupt):
        learn(path, watch=Watch(on_epoch=stop))
    torch.manual_seed(2)  # dropout and order of clips follow from the recipe's seed alone
    resumed, progress = learn(path, resume=True)
    state = resumed.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in whole.state_dict().items())
    assert [replace(row, seconds=0.0) for row in progress.history] == [
        replace(row, seconds=0.0) for row in expected.history
    ]
    assert expected.best_accuracy > 0.9


def test_a_loop_of_ones_own_trains_it():
    """As README shows for a spotter: the model is a torch module, its loss a number to go down."""
    recipe = package.load_recipe("kws-dense", ["hidden=[16]"])
    model = package.Conventional(recipe, package.LogMel(8000, 0.1, 4, 0.025, 0.010), ("left", "right"))
    examples, optimiser = clips(32, 3), torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(30):
        loss = model.loss(examples.features[0], examples.labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert package.evaluate(model, clips(32, 4)).accuracy > 0.9
    assert model.training  # evaluating lets a loop train on
