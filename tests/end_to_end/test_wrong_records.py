"""What a run folder cannot hold is refused with its name, and nothing good is overwritten on the way."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from circuits.errors import InputError
from snn.data.corpora.identity import read_identity
from snn.experiments.history import read_history
from snn.experiments.run_folder import load_activity, load_run
from snn.experiments.train import train
from snn.recipes.recipe import load_recipe
from snn.reporter import Reporter
from snn.tensors import load_tensors, save_tensors

NAN = float("nan")


def put(path, name, value):
    """The first value of the tensors whose names end so, or the whole tensor where one is given."""
    tensors, metadata = load_tensors(path, lambda found: None)
    if isinstance(value, torch.Tensor):
        tensors[name] = value
    else:
        for key in [key for key in tensors if f".{key}".endswith(f".{name}")]:
            tensors[key] = tensors[key].clone()
            tensors[key].view(-1)[0] = value
    save_file(tensors, path, {key: json.dumps(item) for key, item in metadata.items()})


WRONG_ACTIVITY = {
    "negative spikes": ("spikes.hidden1", -1.0),
    "NaN near": ("near_s.hidden1", NAN),
    "endless charge": ("charge", float("inf")),
    "more than a spike a step": ("spikes.hidden1", 1e9),
    "longer than the clip": ("near_s.encoder", 1e3),
    "single precision": ("spikes.hidden1", torch.ones(12)),
    "whole numbers": ("input", torch.zeros(0, dtype=torch.int64)),
    "another shape": ("spikes.hidden1", torch.ones(3, 4, dtype=torch.float64)),
    "a stranger": ("extra", torch.ones(3, dtype=torch.float64)),
}


@pytest.mark.parametrize("wrong", WRONG_ACTIVITY)
def test_activity_that_no_network_has_is_refused_with_file_and_name(run, snn, wrong):
    name, value = WRONG_ACTIVITY[wrong]
    put(run / "activity.safetensors", name, value)
    code, out, err = snn("map", run, "--json")
    assert (code, out) == (2, "")
    assert "activity.safetensors" in err
    assert {"spikes.hidden1": "hidden1", "near_s.hidden1": "hidden1", "near_s.encoder": "encoder"}.get(
        name, name
    ) in err
    assert "snn evaluate" in err


@pytest.mark.parametrize(
    ("key", "text"),
    [("n_clips", "-1"), ("n_clips", "null"), ("duration_s", "NaN"), ("duration_s", "0"), ("window", '"x"'),
     ("window", "[" * 700 + "]" * 700), ("n_steps", "null"), ("other", "1")],
)  # fmt: skip
def test_numbers_beside_the_activity_are_checked(run, key, text):
    path = run / "activity.safetensors"
    tensors, metadata = load_tensors(path)
    save_file(tensors, path, {name: json.dumps(value) for name, value in metadata.items()} | {key: text})
    with pytest.raises(InputError, match=r"activity\.safetensors"):
        load_activity(run)


WRONG_MODEL = {
    "NaN": ("layers.0.weight", NAN),
    "double precision": ("readout_bias", torch.zeros(3, dtype=torch.float64)),
    "whole numbers": ("readout_bias", torch.zeros(3, dtype=torch.int64)),
    "negative variance": ("layers.0.norm.running_var", -1.0),
    "negative count": ("layers.0.norm.num_batches_tracked", torch.tensor(-1)),
    "another shape": ("readout_bias", torch.zeros(3, 1)),
    "no time constant": ("readout.mem.log_tau", -1000.0),
}


@pytest.mark.parametrize("wrong", WRONG_MODEL)
def test_weights_that_make_no_network_are_refused(run, wrong):
    put(run / "model.safetensors", *WRONG_MODEL[wrong])
    with pytest.raises(InputError, match=r"model\.safetensors"):
        load_run(run)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("metrics.json", '"n_test": ', '"n_test": -'),
        ("metrics.json", '"test_accuracy": ', '"test_accuracy": 7'),
        ("metrics.json", '"seed": 0', '"seed": "0"'),
        ("metrics.json", '"seconds": ', '"seconds": -'),
        ("config.toml", "sample_rate = 8000", "sample_rate = nan"),
        ("config.toml", "sample_rate = 8000", "sample_rate = true"),
        ("config.toml", "sample_rate = 8000", "sample_rate = -8000"),
        ("config.toml", "sample_rate = 8000", "sample_rate = 8000\nother = 1"),
        ("config.toml", '"low"', '"high"'),
        ("config.toml", "copies = 0", "copies = true"),
        ("config.toml", "window_s = 0.025", "window_s = 1e-300"),
    ],
)
def test_a_value_that_no_run_has_is_refused_with_its_file(run, file, old, new):
    text = (run / file).read_text()
    assert old in text
    (run / file).write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=file):
        load_run(run)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"n_clips": ', '"n_clips": -'), ('"sample_rate": 8000', '"sample_rate": NaN'), ('"split": "test"', '"split": ""'),
     ('"contents": "', '"contents": "x'), ('"labels": [', '"labels": [["a"],'), ('"low"', '"high"')],
)  # fmt: skip
def test_an_identity_that_no_data_have_is_refused(run, old, new):
    text = (run / "data.json").read_text()
    assert old in text
    (run / "data.json").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=r"data\.json"):
        read_identity(run / "data.json")


@pytest.mark.parametrize(
    ("row", "new"),
    [(1, "1,nan,0.5,1,0.01,1"), (1, "1,1,-0.5,1,0.01,1"), (1, "1,1,0.5,1,0.01"), (1, "2,1,0.5,1,0.01,1"),
     (1, "1,1,0.5,-1,0.01,1"), (1, "1" * 200_000 + ",1,0.5,1,0.01,1"), (0, "epoch,loss")],
)  # fmt: skip
def test_an_epoch_that_cannot_have_been_is_refused(run, row, new):
    lines = (run / "history.csv").read_text().splitlines()
    lines[row] = new
    (run / "history.csv").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"history\.csv"):
        read_history(run)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, spoken, tiny):
    """A training that was interrupted after its second epoch, and how to resume it."""
    folder = tmp_path_factory.mktemp("stopped")
    (folder / "tiny.toml").write_text(tiny)

    def stop(line):
        if line.startswith("epoch 2"):
            raise KeyboardInterrupt

    recipe = load_recipe(folder / "tiny.toml")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, spoken, folder / "run", reporter=Reporter(on_note=stop))
    kept = {path.name: path.read_bytes() for path in (folder / "run").iterdir()}

    def resumed(change=lambda checkpoint: None):
        for name, data in kept.items():
            (folder / "run" / name).write_bytes(data)
        change(folder / "run" / "checkpoint.safetensors")
        return train(recipe, spoken, folder / "run", resume=True)

    return folder / "run", kept, resumed


WRONG_CHECKPOINT = {
    "NaN in the best weights": ("best.layers.0.weight", NAN),
    "a negative variance in the best weights": ("best.layers.0.norm.running_var", -1.0),
    "NaN in the weights": ("model.readout_bias", NAN),
    "a negative square": ("optimiser.0.exp_avg_sq", -1.0),
    "no step": ("step", 0.0),
    "steps of another number": ("optimiser.0.step", 4.0),
    "NaN in a moment": ("optimiser.0.exp_avg", NAN),
    "a loss of NaN": ("history", torch.full((2, 6), NAN, dtype=torch.float64)),
    "no epoch": ("history", torch.zeros(0, 6, dtype=torch.float64)),
    "another kind of number": ("best.readout_bias", torch.zeros(3, dtype=torch.float64)),
}


@pytest.mark.parametrize("wrong", WRONG_CHECKPOINT)
def test_a_wrong_checkpoint_is_refused_before_a_good_model_is_touched(stopped, wrong):
    run, kept, resumed = stopped
    with pytest.raises(InputError, match=r"checkpoint\.safetensors"):
        resumed(lambda path: put(path, *WRONG_CHECKPOINT[wrong]))
    assert {name: (run / name).read_bytes() for name in kept if "checkpoint" not in name} == {
        name: data for name, data in kept.items() if "checkpoint" not in name
    }


def test_the_checkpoint_as_it_was_is_resumed(stopped):
    run, _, resumed = stopped
    assert resumed().epochs == 3
    assert [row.epoch for row in read_history(run)] == [1, 2, 3]


def test_weights_that_are_no_numbers_are_not_written(tmp_path):
    path = tmp_path / "a.safetensors"
    save_tensors(path, {"a": torch.ones(2)}, {})
    with pytest.raises(FloatingPointError, match=r"a holds NaN or infinity: .*a\.safetensors is not written"):
        save_tensors(path, {"a": torch.tensor([1.0, NAN])}, {})
    assert load_file(path)["a"].tolist() == [1, 1]
