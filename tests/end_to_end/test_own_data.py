"""A run knows the recordings that it was tested on, by whichever name or path they are reached."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def digits(tmp_path, spoken, monkeypatch):
    """Three digits in the layout of Free Spoken Digits, where prepared data sets lie; takes 0 to 4 are the test."""
    folder = tmp_path / "sets" / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    for digit, word in enumerate(("low", "middle", "high")):
        for take in range(12):
            shutil.copy(spoken / word / f"{take:02}.wav", folder / f"{digit}_anna_{take}.wav")
    monkeypatch.setenv("SNN_DATA", str(tmp_path / "sets"))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("trained_on", ["fsdd", "sets/fsdd", "sets/fsdd/recordings"])
def test_own_recordings_are_tested_and_none_that_trained(tmp_path, digits, recipe, snn_json, trained_on):
    """15 test clips by name, path, link and copy; all 36 where they are asked for."""
    (tmp_path / "fsdd").mkdir()  # an empty folder of the set's name is not taken for the set
    metrics = snn_json("train", recipe, "--data", trained_on, "--out", "run")
    assert metrics["n_test"] == 15
    shutil.copytree(digits.parent, tmp_path / "copy")
    (tmp_path / "link").symlink_to(digits)
    told = snn_json("evaluate", "run")
    for path in ("fsdd", "sets/fsdd", Path("sets/fsdd/recordings").resolve(), "copy", "link"):
        assert snn_json("evaluate", "run", "--data", path) == told, path
    assert told["n_clips"] == 15
    assert snn_json("evaluate", "run", "--data", "copy", "--split", "all")["n_clips"] == 36


def test_recordings_that_differ_are_another_corpus(tmp_path, digits, recipe, snn_json):
    """One test clip less, and the rest is no longer the run's own test: every clip of it is tried."""
    snn_json("train", recipe, "--data", "fsdd", "--out", "run")
    other = Path(shutil.copytree(digits, tmp_path / "other"))
    (other / "0_anna_0.wav").unlink()
    assert snn_json("evaluate", "run", "--data", other)["n_clips"] == 35
