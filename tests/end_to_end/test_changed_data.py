"""The data are part of a run: what has changed since it began is named when it is resumed or evaluated on its own."""

import shutil

import pytest
import soundfile

CHIP = """
name = "tiny-chip"
kind = "reservoir"
[ear]
n_channels = 8
duration_s = 0.3
[reservoir]
lattice = [2, 2, 2]
[readout]
n_bins = 2
[learning]
epochs = 1
"""


@pytest.fixture(params=["spotter", "reservoir"])
def trained(request, tmp_path, words, recipe, snn):
    """What trains a finished run again, and its folder."""
    if request.param == "reservoir":
        recipe.write_text(CHIP)
    command = ("train", recipe, "--data", words, "--out", tmp_path / "run")
    code, _, err = snn(*command)
    assert code == 0, err
    return command, tmp_path / "run"


def rename_a_class(words):
    (words / "low").rename(words / "deep")


def remove_a_clip(words):
    sorted((words / "low").iterdir())[-1].unlink()


def rename_a_clip(words):
    sorted((words / "low").iterdir())[-1].rename(words / "low" / "other.wav")


def change_a_clip(words):
    for path in (words / "low").iterdir():
        samples, rate = soundfile.read(path)
        soundfile.write(path, samples / 2, rate)


def add_a_clip(words):
    for k in range(100, 110):
        shutil.copy(words / "low" / "00.wav", words / "low" / f"{k}.wav")


@pytest.mark.parametrize("change", [rename_a_class, remove_a_clip, rename_a_clip, change_a_clip, add_a_clip])
def test_changed_data_are_named_when_a_run_is_resumed(trained, words, snn, change):
    command, run = trained
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    change(words)
    code, out, err = snn(*command, "--resume")
    assert (code, out) == (2, "")
    assert "have changed" in err
    assert "deep" in err if change is rename_a_class else "'low'" in err
    assert before == {path.name: path.read_bytes() for path in run.iterdir()}


@pytest.mark.parametrize("change", [rename_a_class, change_a_clip, add_a_clip])
def test_changed_test_clips_are_named_when_a_run_is_evaluated_on_its_own_data(trained, words, snn, change):
    _, run = trained
    change(words)
    code, out, err = snn("evaluate", run)
    assert (code, out) == (2, "")
    assert "have changed since it was trained" in err
    assert snn("evaluate", run, "--data", words, "--split", "all")[0] == 0  # the words that it still knows


def test_a_checkpoint_that_outlived_its_run_goes_when_that_is_resumed(run, recipe, spoken, snn):
    """As after a kill between the last metrics and the end."""
    (run / "checkpoint.safetensors").write_bytes(b"")
    assert snn("train", recipe, "--data", spoken, "--out", run, "--resume")[0] == 0
    assert not (run / "checkpoint.safetensors").exists()


def test_the_same_data_resume_and_evaluate(trained, words, snn, snn_json):
    command, run = trained
    first = snn_json("evaluate", run)["accuracy"]
    shutil.move(words, words.with_name("away"))
    shutil.copytree(words.with_name("away"), words)
    assert snn(*command, "--resume")[0] == 0
    assert snn_json("evaluate", run)["accuracy"] == first


def test_a_damaged_identity_is_named(trained, snn):
    command, run = trained
    (run / "data.json").write_text("{")
    for again in ((*command, "--resume"), ("evaluate", run)):
        code, _, err = snn(*again)
        assert code == 2
        assert "data.json is damaged" in err
