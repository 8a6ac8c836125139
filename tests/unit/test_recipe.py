"""Recipes: what a key may be, which key was meant, and that a bad one is one clear line."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import tomli_w

from snn.recipes import reader
from snn.recipes.reader import RecipeError, sections_of, to_table
from snn.recipes.recipe import load_recipe, parse_recipe, recipe_names
from snn.settings import flat

MINIMAL = 'name = "mine"\n'


def refused(text, settings=()):
    """The message of the refusal, which must be one line."""
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, settings, place="mine.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_loads(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.title
    if recipe.kind == "conventional":  # it has no circuit
        return
    if recipe.kind == "reservoir":
        span, circuit = np.divide(recipe.reservoir.tau_mem_s, recipe.neuron.acceleration), recipe.circuit()
    else:
        span, circuit = recipe.neuron.tau_mem_s, recipe.neuron.circuit()
    assert circuit.tau_mem == pytest.approx(np.sqrt(np.prod(span)))


def test_the_shipped_recipes_are_there():
    there = {
        "demo",
        "fsdd",
        "chip-20-36",
        "lsm-5x5x5",
        "speech-commands-12",
        "speech-commands-35",
        "kws-conv",
        "kws-dense",
        "kws-lenet",
    }
    assert there <= set(recipe_names())


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_survives_its_own_file(name):
    recipe = load_recipe(name)
    assert parse_recipe(tomli_w.dumps(to_table(recipe))) == recipe


def test_a_recipe_is_frozen():
    with pytest.raises(FrozenInstanceError):
        parse_recipe(MINIMAL).training.epochs = 3


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("[training]\nepoch = 3\n", "training.epoch", "epochs"),
        ("[training]\nlerning_rate = 0.1\n", "training.lerning_rate", "learning_rate"),
        ("[trainig]\nepochs = 3\n", "trainig", "training"),
        ("titel = 'x'\n", "titel", "title"),
        ("[neuron]\ntau_mem = [0.01, 0.02]\n", "neuron.tau_mem", "tau_mem_s"),
    ],
)
def test_an_unknown_key_names_the_nearest(text, key, nearest):
    assert refused(MINIMAL + text) == f"mine.toml: unknown key {key!r}; did you mean {nearest!r}?"


def test_an_unknown_key_like_no_other_is_not_guessed():
    assert refused(MINIMAL + "[training]\nzzz = 1\n") == "mine.toml: unknown key 'training.zzz'"


def test_a_recipe_needs_a_name():
    assert "name" in refused("")


@pytest.mark.parametrize(
    ("setting", "section", "key", "value"),
    [
        ("training.epochs=7", "training", "epochs", 7),
        ("epochs=7", "training", "epochs", 7),
        ("  epochs = 7 ", "training", "epochs", 7),
        ("hidden=[3, 4]", "network", "hidden", (3, 4)),
        ("recurrent=true", "network", "recurrent", True),
        ("model=lif", "neuron", "model", "lif"),
        ('spike_grad="atan"', "neuron", "spike_grad", "atan"),
        ("tau_mem_s=[0.001, 0.002]", "neuron", "tau_mem_s", (0.001, 0.002)),
        ("learning_rate=1e-3", "training", "learning_rate", 1e-3),
        ("split=speaker:theo", "data", "split", "speaker:theo"),
        ("task=12 words = all", "data", "task", "12 words = all"),
        ("task=12", "data", "task", "12"),
        ('task="12"', "data", "task", "12"),
        ("data.name=2026-11-28", "data", "name", "2026-11-28"),
        ("tau_mem_s=[20ms, 60 ms]", "neuron", "tau_mem_s", (0.020, 0.060)),
        ("tau_readout_s=50 ms", "network", "tau_readout_s", 0.050),
        ("width_m=450nm", "neuron", "width_m", 0.45e-6),
        ("c_mem_f=0.5 fF", "neuron", "c_mem_f", 0.5e-15),
        ("v_threshold_v=300mV", "neuron", "v_threshold_v", 0.3),
        ("f_max_hz=4kHz", "features", "f_max_hz", 4000.0),
        ("max_rate_hz=50", "encoder", "max_rate_hz", 50.0),
        ("tau_mem_s=['20 ms', 0.06]", "neuron", "tau_mem_s", (0.020, 0.060)),
    ],
)
def test_a_setting_lands_in_its_section(setting, section, key, value):
    recipe = parse_recipe(MINIMAL, [setting])
    assert flat(getattr(recipe, section))[key] == value
    default = parse_recipe(MINIMAL)
    assert replace(recipe, **{section: getattr(default, section)}) == default


def test_a_threshold_lies_below_the_supply_of_its_inverter_and_the_sink_a_swing_below_reset():
    assert "neuron.v_threshold_v" in refused(MINIMAL, ["v_threshold_v=0.5"])
    assert "neuron.v_sink_v" in refused(MINIMAL, ["v_sink_v=-0.51"])
    assert parse_recipe(MINIMAL).neuron.circuit().v_floor == -1


@pytest.mark.parametrize(
    "text", ["12", "true", "1e5", "2024-01-01", "inf", "nan", "[1]", "{a = 1}", "0x1F", "12:30:00", "it's", '"', "#"]
)
def test_a_key_that_wants_text_takes_what_looks_like_something_else(text):
    """Data sets and folders have such names."""
    assert parse_recipe(MINIMAL, [f"task={text}"]).data.task == text
    assert parse_recipe(MINIMAL, [f"name={text}"]).name == text


@pytest.mark.parametrize("text", ['"12"', "'12'"])
def test_quotes_around_a_text_are_not_part_of_it(text):
    assert parse_recipe(MINIMAL, [f"task={text}"]).data.task == "12"


def test_a_number_where_a_file_wants_text_is_refused_with_what_to_write():
    assert 'write "12"' in refused(MINIMAL + "[data]\ntask = 12\n")


@pytest.mark.parametrize(
    ("setting", "meant"),
    [("tau_mem_s=[20, 60]", "20 ms"), ("tau_readout_s=50", "50 ms"), ("c_mem_f=0.5", "0.5 fF"),
     ("width_m=0.45", "0.45 um"), ("tau_adapt_s=[0.06, 300]", "300 ms")],
)  # fmt: skip
def test_a_forgotten_prefix_is_named(setting, meant):
    told = refused(MINIMAL, [setting])
    assert setting.partition("=")[0] in told
    assert f"was {meant} meant?" in told


@pytest.mark.parametrize("setting", ["tau_readout_s=50mV", "c_mem_f=0.5 fs", "f_max_hz=4 kiHz", "tau_readout_s=fast"])
def test_a_quantity_in_another_unit_is_refused(setting):
    key, _, value = setting.partition("=")
    told = refused(MINIMAL, [setting])
    assert key in told
    assert repr(value) in told


def test_quantities_are_read_in_a_file_too():
    recipe = parse_recipe(MINIMAL + '[neuron]\nwidth_m = "450 nm"\ntau_mem_s = ["20 ms", "60 ms"]\n')
    assert (recipe.neuron.width_m, recipe.neuron.tau_mem_s) == (0.45e-6, (0.020, 0.060))


def test_name_and_title_alone_are_the_recipes_own_and_the_last_setting_wins():
    recipe = parse_recipe(MINIMAL, ["name=first", "name=other", "title=A title", "data.name=fsdd"])
    assert (recipe.name, recipe.title, recipe.data.name) == ("other", "A title", "fsdd")


def test_settings_win_over_the_file():
    recipe = parse_recipe(MINIMAL + "[training]\nepochs = 3\nseed = 5\n", ["epochs=9"])
    assert (recipe.training.epochs, recipe.training.seed) == (9, 5)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epoch=3", "'epochs'"),
        ("training.epoch=3", "'training.epochs'"),
        ("trainig.epochs=3", "'training.epochs'"),
        ("network.epochs=3", "unknown key"),
        ("zzz=3", "unknown key"),
        ("=3", "unknown key"),
        ("epochs", "key=value"),
        ("epochs=", "training.epochs"),
        ("epochs=many", "got 'many'"),
        ("epochs=2.5", "got 2.5"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(setting, said):
    assert said in refused(MINIMAL, [setting])


def test_a_key_of_two_sections_must_say_which(monkeypatch):
    monkeypatch.setattr(reader, "sections_of", lambda recipe: {key: {"size": ("size",)} for key in ("data", "network")})
    assert refused(MINIMAL, ["size=3"]) == "--set size: say which: data.size or network.size"


def test_no_key_but_name_stands_in_two_sections():
    keys = [key for names in sections_of(parse_recipe(MINIMAL)).values() for key in names]
    twice = {key for key in keys if keys.count(key) > 1}
    assert twice == {"name"}  # of the data, and of the chip


@pytest.mark.parametrize("text", ["name = ", "name = 'a'\nname = 'b'", "[training", "\0", "x = " + "[" * 5000])
def test_text_that_is_not_toml_is_refused(text):
    assert "mine.toml is not a TOML file" in refused(text)


@pytest.mark.parametrize(("text", "setting"), [("training = 3", "epochs=1"), ("training = [1]", "epochs=1")])
def test_a_section_that_is_no_table_is_refused_with_and_without_settings(text, setting):
    assert "training" in refused(MINIMAL + text)
    assert "training" in refused(MINIMAL + text, [setting])


@pytest.mark.parametrize(
    "setting",
    [
        "epochs=0", "batch_size=0", "learning_rate=0", "learning_rate=nan", "learning_rate=inf", "learning_rate=1e31",
        "weight_decay=-1", "weight_decay=1e7", "gradient_norm=0", "patience=0",
        "seed=-1", "seed=2147483648", "dropout=1", "dropout=-0.1", "hidden=[]",
        "hidden=[0]", "hidden=[65537]", "tau_readout_s=0", "tau_readout_s=inf", "n_mels=0", "n_mels=513", "hop_s=0",
        "duration_s=0", "duration_s=61", "duration_s=nan", "sample_rate=999", "normalise=loud", "kind=morse",
        "per_channel=0", "encoder.threshold=0", "encoder.threshold=inf", "steps_per_frame=0", "max_rate_hz=-1",
        "max_rate_hz=inf", "model=izhikevich", "spike_grad=none", "device=7nm", "width_m=0", "width_m=inf",
        "c_mem_f=-1e-15", "c_mem_f=nan", "v_threshold_v=0", "v_threshold_v=inf", "copies=-1", "shift_s=-0.1",
        "reverb_probability=1.1", "band_mask=-1", "bad_files=ignore",
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_with_its_key(setting):
    key = setting.partition("=")[0].rpartition(".")[2]
    assert key in refused(MINIMAL, [setting])


@pytest.mark.parametrize("key", ["tau_mem_s", "tau_adapt_s", "speed"])
@pytest.mark.parametrize("span", ["[0.2, 0.1]", "[0.0, 0.1]", "[-0.1, 0.1]", "[0.1, inf]", "[nan, 1]", "[0.1]", "0.1"])
def test_a_span_rises_from_above_zero(key, span):
    assert key in refused(MINIMAL, [f"{key}={span}"])


def test_noise_levels_rise_too():
    assert "snr_db" in refused(MINIMAL, ["snr_db=[40.0, 10.0]"])
    assert parse_recipe(MINIMAL, ["snr_db=[-5.0, 10.0]"]).augment.waveform.snr_db == (-5.0, 10.0)


def test_a_span_of_one_value_is_allowed():
    assert parse_recipe(MINIMAL, ["tau_mem_s=[0.02, 0.02]"]).neuron.tau_mem_s == (0.02, 0.02)


def test_a_rate_encoder_cannot_fire_more_than_once_a_step():
    said = refused(MINIMAL, ["kind=rate", "max_rate_hz=101.0", "steps_per_frame=1"])
    assert "max_rate_hz" in said
    assert parse_recipe(MINIMAL, ["kind=rate", "max_rate_hz=101.0", "steps_per_frame=2"]).dt == 0.005
    assert parse_recipe(MINIMAL, ["kind=lif", "max_rate_hz=101.0"]).dt == 0.010


def test_only_encoders_with_several_steps_a_frame_divide_it():
    for kind, dt in (("lif", 0.010), ("delta", 0.010), ("latency", 0.002), ("rate", 0.002)):
        assert parse_recipe(MINIMAL, [f"kind={kind}", "steps_per_frame=5"]).dt == pytest.approx(dt)


def test_a_recipe_file_is_read_by_its_path(tmp_path):
    path = tmp_path / "größe.toml"
    path.write_text('name = "größe"\n[training]\nepochs = 4\n', encoding="utf-8")
    for name in (path, str(path)):
        training = load_recipe(name, ["seed=3"]).training
        assert (training.epochs, training.seed) == (4, 3)


def test_a_recipe_that_is_not_there_is_named():
    with pytest.raises(RecipeError, match=r"did you mean 'fsdd'\?.*known: .*demo"):
        load_recipe("fsd")
    with pytest.raises(RecipeError, match=r"missing\.toml does not exist"):
        load_recipe("missing.toml")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "noise.toml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(RecipeError, match=r"noise\.toml"):
        load_recipe(str(path))


@pytest.mark.parametrize("normalise", ["band", "clip", "running", "none"])
def test_the_recipe_and_the_front_end_know_the_same_normalisations(normalise):
    recipe = parse_recipe(MINIMAL, [f"features.normalise={normalise}"])
    front_end = recipe.features.at(8000)
    assert front_end.normalise == normalise
    assert ("level-normalised" in front_end.description) == (normalise in ("band", "clip"))


@pytest.mark.parametrize("key", ["neuron.tau_mem_s", "network.tau_readout_s"])
def test_a_time_constant_beyond_single_precision_is_refused(key):
    dt, short = 0.0005, "features.hop_s=0.0005"
    span = (lambda tau: f"[0.01, {tau}]") if key.endswith("mem_s") else str
    parse_recipe(MINIMAL, [short, f"{key}={span(9_999 * dt)}"])
    assert f"{key} = " in (told := refused(MINIMAL, [short, f"{key}={span(10_001 * dt)}"]))
    assert "at most 10,000 time steps" in told


def test_the_kind_of_model_is_no_setting_and_usual_names_are_known():
    assert "is of a spotter; take a recipe of the other kind" in refused(MINIMAL, ["kind=reservoir"])
    assert "did you mean 'learning_rate'?" in refused(MINIMAL, ["lr=1"])
