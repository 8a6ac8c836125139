"""A run is replaced when its successor has finished, and not a moment before."""

import os
import shutil
from functools import partial

import pytest

from snn.experiments import successor
from snn.experiments import train as training
from snn.experiments.run_folder import METRICS, RUN_FILES, load_run
from snn.experiments.train import train
from snn.recipes.recipe import load_recipe
from snn.reporter import Reporter


class Stop(Exception):
    """Ctrl-C, a signal, a full disk."""


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def run(tmp_path, finished):
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture
def again(recipe, spoken, run):
    """Train another seed over the run."""
    return partial(train, load_recipe(recipe, ["training.seed=5"]), spoken, run)


def stop(line: str) -> None:
    raise Stop


def test_what_fails_before_its_first_epoch_leaves_the_run_as_it_was(run, spoken, recipe):
    before = files(run)
    diverging = load_recipe(recipe, ["learning_rate=1e20"])
    with pytest.raises(FloatingPointError):
        train(diverging, spoken, run, overwrite=True)
    assert files(run) == before


def test_the_run_stays_until_the_one_that_is_broken_off_has_been_resumed(run, again):
    before = files(run)
    with pytest.raises(Stop):  # after an epoch
        again(overwrite=True, reporter=Reporter(on_note=stop))
    kept = {path: data for path, data in files(run).items() if path.parts[0] != successor.SUCCESSOR}
    assert kept == before
    metrics = again(resume=True)
    assert load_run(run).metrics == metrics
    assert load_run(run).recipe.training.seed == 5
    assert {path.name for path in run.iterdir()} == {path.name for path in before}


def test_overwriting_anew_forgets_the_one_that_was_broken_off(run, again):
    with pytest.raises(Stop):
        again(overwrite=True, reporter=Reporter(on_note=stop))
    (run / successor.SUCCESSOR / "rubbish").touch()
    again(overwrite=True)
    assert {path.name for path in run.iterdir()} <= set(RUN_FILES)


@pytest.mark.parametrize("n_moved", range(5))
def test_a_move_that_was_broken_off_is_finished_by_the_next_command(run, again, monkeypatch, n_moved):
    replaced, rename = [], successor.Path.replace

    def broken(path, target):
        if path.parent.name == successor.SUCCESSOR and not path.name.startswith("."):  # else one that is written
            if len(replaced) == n_moved:
                raise Stop
            replaced.append(path)
        return rename(path, target)

    monkeypatch.setattr(successor.Path, "replace", broken)
    with pytest.raises(Stop):
        again(overwrite=True)
    monkeypatch.undo()
    assert not (run / METRICS).exists()
    metrics = again(resume=True)
    assert load_run(run).metrics == metrics
    assert not (run / successor.SUCCESSOR).exists()


def test_nothing_is_staged_where_no_model_lies(tmp_path, finished, recipe, spoken, monkeypatch):
    seen, metrics = [], load_run(finished).metrics
    monkeypatch.setattr(training, "_train", lambda recipe, data, out, *_: seen.append(out) or metrics)
    train(load_recipe(recipe), spoken, tmp_path / "new")
    os.makedirs(tmp_path / "begun")  # noqa: PTH103
    (tmp_path / "begun" / "config.toml").touch()
    train(load_recipe(recipe), spoken, tmp_path / "begun", overwrite=True)
    assert seen == [tmp_path / "new", tmp_path / "begun"]
