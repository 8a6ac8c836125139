"""The section [chip] of a recipe: what is refused, in one line, and what a chip that cannot hold the network says."""

from types import SimpleNamespace

import pytest
import torch

from circuits.chips import chip_names
from circuits.chips.chip import FOLDER
from circuits.errors import InputError
from circuits.mapping.limits import MappingError
from snn.audio.examples import Examples
from snn.experiments import train as training
from snn.experiments.kinds import experiment_of
from snn.networks.charged_spikes import charges_spikes
from snn.networks.chip_settings import OFF
from snn.recipes.reader import RecipeError, to_table
from snn.recipes.recipe import load_recipe, parse_recipe, recipe_of_table

KINDS = ("spotter", "conventional")
NOTHING = Examples(torch.zeros(1, 0, 4, 40), torch.zeros(0, dtype=torch.long))


def parsed(kind, *settings):
    return parse_recipe(f'name = "mine"\nkind = "{kind}"\n', settings, "mine.toml")


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        *((kind, ("chip.weight_bit=4",), "weight_bits'?") for kind in KINDS),
        *((kind, ("weight_bits=3",), "chip.weight_bits") for kind in KINDS),
        *((kind, ("weight_noise=-0.1",), "chip.weight_noise") for kind in KINDS),
        ("spotter", ("mismatch=2",), "chip.mismatch"), ("spotter", ("fan_in=-1",), "chip.fan_in"),
        ("spotter", ("mismatch=0.1", "weight_noise=0.1"), "no chip has both"),
        ("spotter", ("energy_weight=1",), "set chip.name"),
        ("spotter", ("input_bits=8",), "chip.input_bits = 8 is of converters around values"),
        ("spotter", ("output_bits=8",), "a spike is a one-bit input"),
        ("spotter", ("fan_in=8", "recurrent=true"), "set network.recurrent = false"),
        ("spotter", ("mismatch=0.1", "neuron.bias=silicon", "norm=none"), "not modelled"),
        ("conventional", ("energy_weight=1", "chip.name=near-threshold"), "no gradient could save one"),
        ("reservoir", ("chip.weight_bits=4",), "unknown key"),
        *((kind, ("chip.name=btbt-45rfso",), "did you mean 'btbt-45rfsoi'") for kind in KINDS),
        *(("spotter", (f"chip.name={chip}", "energy_weight=1000"), f"energy of {chip} does not depend on spikes, so no "
           "gradient could save any; set chip.name to btbt-45rfsoi or a loihi chip, or energy_weight to 0")
          for chip in ("ibm-analog-14nm", "near-threshold")),
        *(("spotter", ("epochs=1", "chip.name=btbt-45rfsoi", f"{key}=1"), f"warm-up of 1 that chip.{key} needs: take 2")
          for key in ("energy_weight", "fan_in", "mismatch", "weight_noise")),
        ("conventional", ("epochs=1", "fan_in=3"), "training.epochs = 1 is no more than the warm-up"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_in_one_line(kind, settings, said):
    with pytest.raises(RecipeError) as caught:
        parsed(kind, *settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["fsdd", "demo", "kws-conv", "kws-dense"])
def test_a_recipe_that_names_no_chip_trains_for_none(name):
    recipe = load_recipe(name)
    assert recipe.chip == OFF
    assert recipe.chip.plain
    assert recipe.chip.settled(40) == 0
    assert recipe_of_table(to_table(recipe)) == recipe


def test_a_section_is_read_and_written():
    recipe = parsed("conventional", "chip.name=digital-systolic", "weight_bits=4", "input_bits=7", "weight_clip=2.5")
    assert (recipe.chip.name, recipe.chip.weight_bits, recipe.chip.input_bits) == ("digital-systolic", 4, 7)
    assert recipe_of_table(to_table(recipe)) == recipe
    assert parsed("spotter", "mismatch=0.1").chip.settled(41) == 21


def test_a_chip_tells_every_limit_that_breaks_before_training(tmp_path):
    """Two layers of values, each of which is no membrane, on cores of neurons; a trained model is read all the same."""
    recipe = parsed("conventional", "chip.name=btbt-45rfsoi", "hidden=[5]", "n_mels=4", "duration_s=0.1")
    experiment = experiment_of(recipe, ("a", "b"), 8000)
    with pytest.raises(MappingError, match=r"hidden1.*logits") as caught:
        experiment.build(experiment.front_end(), train=NOTHING)
    assert len(caught.value.broken) >= 2
    model = experiment.build(experiment.front_end())
    model.save(tmp_path / "model.safetensors")
    experiment.load(tmp_path / "model.safetensors")


def test_energy_may_be_charged_where_spikes_cost_some_and_an_epoch_follows_the_warm_up():
    """Of every chip that ships: a spike is on the bill of all but two, so `energy_weight` does something there."""
    charging = {name for name in chip_names() if charges_spikes(name)}
    assert charging == set(chip_names()) - {"ibm-analog-14nm", "near-threshold"}
    assert parsed("spotter", "epochs=2", "chip.name=btbt-45rfsoi", "energy_weight=1").chip.energy_weight == 1
    assert parsed("spotter", "epochs=1", "weight_bits=4").training.epochs == 1


@pytest.mark.parametrize(("text", "said"), [(None, "other.toml"), ("ibm-analog-14nm", "does not depend on spikes")])
def test_a_chip_in_a_file_is_asked_before_a_recording_is_read_and_its_run_is_read_without_it(
    text, said, tmp_path, monkeypatch
):
    own = tmp_path / "other.toml"
    if text is not None:
        own.write_text((FOLDER / f"{text}.toml").read_text())
    recipe = parsed("spotter", f"chip.name={own}", "energy_weight=1")
    corpus = SimpleNamespace(notes=(), labels=("a", "b"), sample_rate=8000, source="words", channels=None)
    monkeypatch.setattr(training, "open_data", lambda *_: corpus)
    monkeypatch.setattr(type(recipe), "for_corpus", lambda self, _: self)
    monkeypatch.setattr(training, "read_clips", lambda *_: pytest.fail("read a recording"))
    with pytest.raises((InputError, FileNotFoundError), match=said):
        training.train(recipe, tmp_path / "words", tmp_path / "run")
    assert recipe_of_table(to_table(recipe)) == recipe
