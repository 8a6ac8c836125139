"""What a run tells of itself, worked out by hand from recordings whose labels and splits are known."""

import csv
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from circuits.neuron.circuit import LIFCircuit
from circuits.variation.chip_spread import Condition

LABELS = ("high", "low", "middle")


@pytest.fixture
def mislabelled(tmp_path, spoken):
    """Folders whose names are wrong but for one: five low tones as high, three of low, and four middle ones as low."""
    folder = tmp_path / "mislabelled"
    parts = {"high": [("low", 5)], "low": [("low", 3), ("middle", 4)], "middle": [("middle", 2)]}
    for label, tones in parts.items():
        (folder / label).mkdir(parents=True)
        for tone, n in tones:
            for path in sorted((spoken / tone).iterdir())[:n]:
                shutil.copy(path, folder / label / f"{tone}{path.name}")
    return folder


@pytest.mark.parametrize(("kind", "settings"), [("spotter", ["epochs=12"]), ("reservoir", [])])
def test_a_row_of_the_confusion_is_a_true_word_and_a_column_a_prediction(
    request, tmp_path, spoken, mislabelled, snn_json, kind, settings
):
    recipe = request.getfixturevalue("recipe" if kind == "spotter" else "chip_recipe")
    flags = [part for setting in settings for part in ("--set", setting)]
    snn_json("train", recipe, "--data", spoken, "--out", tmp_path / "run", *flags)
    told = snn_json("evaluate", tmp_path / "run", "--data", mislabelled)
    assert told["labels"] == list(LABELS)
    assert np.sum(told["confusion"], axis=1).tolist() == [5, 7, 2]  # what the folders hold
    assert told["confusion"] == [[0, 5, 0], [0, 3, 4], [0, 0, 2]]
    assert told["accuracy"] == (3 + 2) / 14


@pytest.fixture
def contradicted(tmp_path, spoken):
    """Two words whose labels are true in 4 training clips each, and exchanged in 10 of validation and 10 of test."""
    folder, lists = tmp_path / "contradicted", {"validation": [], "testing": []}
    for word, other in (("high", "low"), ("low", "high")):
        (folder / word).mkdir(parents=True)
        clips, others = (sorted((spoken / tone).iterdir()) for tone in (word, other))
        for k in range(24):
            shutil.copy(clips[k] if k < 4 else others[k], folder / word / f"{k:02}.wav")
        lists["validation"] += [f"{word}/{k:02}.wav" for k in range(4, 14)]
        lists["testing"] += [f"{word}/{k:02}.wav" for k in range(14, 24)]
    for name, lines in lists.items():
        (folder / f"{name}_list.txt").write_text("\n".join(lines) + "\n")
    return folder


def exchange(one, other):
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)


def test_validation_is_told_by_a_readout_of_training_clips_alone_and_the_test_by_one_of_both(
    tmp_path, contradicted, chip_recipe, snn_json
):
    """What 4 clips teach is wrong of 10: nothing is right. Taught by all 14 of each word, the 10 win."""
    told = snn_json(
        "train", chip_recipe, "--data", contradicted, "--out", tmp_path / "run", "--set", "learning.epochs=30"
    )
    assert (told["n_train"], told["n_validation"], told["n_test"]) == (8, 20, 20)
    assert (told["validation_accuracy"], told["test_accuracy"]) == (0.0, 1.0)
    assert set(told["baselines"].values()) == {1.0}
    online = told["online"]
    assert online["while_learning"][-1] == 1.0
    assert (online["validation_accuracy"], online["test_accuracy"]) == (0.0, 0.0)  # it learns from training clips alone


def test_a_spotter_is_chosen_on_validation_clips_and_told_of_test_clips(tmp_path, contradicted, recipe, snn_json):
    """Trained on 4 clips of each word, it is wrong of most others: the best epoch is the one that learned least."""
    for k in range(14, 24):  # of the test clips the labels are put right again
        exchange(*(contradicted / word / f"{k:02}.wav" for word in ("high", "low")))
    run = tmp_path / "run"
    told = snn_json("train", recipe, "--data", contradicted, "--out", run, "--set", "epochs=20")
    history = [float(row["validation_accuracy"]) for row in csv.DictReader((run / "history.csv").open())]
    assert told["validation_accuracy"] == max(history) > history[-1] == 0.0
    assert told["best_epoch"] == 1 + history.index(max(history))
    assert told["test_accuracy"] == pytest.approx(1 - told["validation_accuracy"], abs=0.2)
    assert snn_json("evaluate", run)["accuracy"] == told["test_accuracy"] != told["validation_accuracy"]


def test_recognising_waits_for_the_end_of_the_clip_where_its_parts_are_then_known(tmp_path, few, chip_recipe, snn_json):
    """Three readout neurons leak I_static V_DD each: 0.25 s of listening and 4 bins of 50 ms, a thousand times faster.

    Learning takes the 0.2 s of a second presentation alone, and bins of a fixed width pass while the chip listens.
    """
    leak = 3 * LIFCircuit().static_power
    told = snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "clip")["online"]
    assert told["recognition_energy_per_clip_j"]["static"] == pytest.approx(leak * 0.45e-3, rel=1e-4, abs=0)
    assert told["learning_energy_per_clip_j"]["static"] == pytest.approx(leak * 0.2e-3, rel=1e-4, abs=0)
    fixed = snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "fixed", "--set", "bins=fixed")["online"]
    assert fixed["recognition_energy_per_clip_j"]["static"] == pytest.approx(leak * 0.2e-3, rel=1e-4, abs=0)


def test_baselines_are_told_from_the_encoder_and_not_from_the_reservoir(tmp_path, few, chip_recipe, snn_json):
    """Inputs too weak to fire a neuron: the encoder alone still tells the tones apart, a silent reservoir nothing."""
    told = snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run", "--set", "w_input=1e-3")
    assert told["reservoir_activity"]["rate_hz"] == 0.0 < told["input_activity"]["rate_hz"]
    assert told["baselines"]["encoder_bins"] == told["baselines"]["encoder_totals"] == 1.0
    assert told["baselines"]["reservoir_totals"] == told["test_accuracy"] <= 0.5


def test_the_activity_of_a_run_is_that_of_its_test_clips(tmp_path, few, chip_recipe, snn_json):
    """Other recordings leave it alone, whatever was measured on them."""
    run = tmp_path / "run"
    told = snn_json("train", chip_recipe, "--data", few, "--out", run)
    kept = load_file(run / "activity.safetensors")
    spikes = sum(kept[f"spikes.{name}"].sum() for name in ("input", "reservoir"))
    assert spikes == pytest.approx(told["spikes_per_inference"])
    before = (run / "activity.safetensors").read_bytes()
    other = shutil.copytree(few, tmp_path / "other")
    shutil.rmtree(other / "high")
    assert snn_json("evaluate", run, "--data", other)["spikes_per_inference"] != told["spikes_per_inference"]
    assert (run / "activity.safetensors").read_bytes() == before


def test_clips_of_every_split_are_evaluated_where_all_are_asked_for(tmp_path, few, chip_recipe, snn_json):
    told = snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run")
    whole, own = snn_json("evaluate", tmp_path / "run", "--split", "all"), snn_json("evaluate", tmp_path / "run")
    assert (whole["n_clips"], own["n_clips"]) == (24, told["n_test"])
    assert np.sum(whole["confusion"], axis=1).tolist() == [8, 8, 8]


def test_a_core_of_a_run_has_the_rates_and_the_length_of_its_test_clips_in_speech_time(
    tmp_path, few, chip_recipe, snn_json
):
    told = snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run")
    core = snn_json("core", "--run", tmp_path / "run")
    assert core["duration_s"] == pytest.approx(0.25)
    assert core["mean_rate_hz"] == pytest.approx(told["reservoir_activity"]["rate_hz"])


@pytest.mark.slow
def test_e_prop_tells_the_best_epoch_on_validation_clips_and_its_test_clips(
    tmp_path, contradicted, chip_recipe, snn_json
):
    """Labels of validation are put right, those of the test stay exchanged: what is right of the one is wrong there."""
    for k in range(4, 14):
        exchange(*(contradicted / word / f"{k:02}.wav" for word in ("high", "low")))
    flags = "--out", tmp_path / "run", "--set", "eprop_epochs=8"
    told = snn_json("train", chip_recipe, "--data", contradicted, *flags)["eprop"]
    assert told["validation_accuracy"] == max(told["validation_by_epoch"]) > 0.6
    assert told["test_accuracy"] == pytest.approx(1 - told["validation_accuracy"], abs=0.15)
    assert (told["binned_validation_accuracy"], told["binned_test_accuracy"]) == (1.0, 0.0)


@pytest.mark.slow
def test_a_spread_is_of_the_chips_clips_seed_and_leak_that_were_asked_for(
    tmp_path, few, chip_recipe, snn_json, monkeypatch
):
    monkeypatch.setattr("snn.studies.spread.SWEEPS", {"supply": (Condition(supply=0.9),)})
    snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run")
    asked = ("--chips", 2, "--clips", 3, "--retrain", 4, "--leak", "tunnelling")
    told = [snn_json("spread", tmp_path / "run", *asked, "--seed", seed) for seed in (7, 8)]
    for seed, spread in zip((7, 8), told, strict=True):
        found = {name: spread[name] for name in ("n_chips", "n_clips", "n_train", "leak", "seed")}
        assert found == {"n_chips": 2, "n_clips": 3, "n_train": 4, "leak": "tunnelling", "seed": seed}
        assert [row["n_chips"] for row in spread["rows"]] == [1, 2, 2, 2, 2]
    assert told[0]["rows"][0] == told[1]["rows"][0]  # the typical chip
    assert told[0]["rows"][1]["energy_mean_j"] != told[1]["rows"][1]["energy_mean_j"]
