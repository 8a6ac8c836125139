"""A reservoir from recordings to netlist through the command line, and what it says of bad input."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import load_file, save_file

from circuits.errors import InputError
from circuits.neuron.circuit import LIFCircuit
from snn.experiments.run_folder import load_run
from snn.experiments.train import train
from snn.live.stream import AudioStream
from snn.recipes.recipe import parse_recipe
from tests.tiny_recipes import RESERVOIR

RATE = 8000


@pytest.fixture(scope="module")
def trained(tmp_path_factory, spoken):
    folder = tmp_path_factory.mktemp("trained") / "run"
    train(parse_recipe(RESERVOIR), str(spoken), folder)
    return folder


@pytest.fixture
def run(tmp_path, trained):
    """A copy of the trained run, to be changed."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_the_ear_of_a_chip_listens_in_the_time_of_the_speech(run, snn_json):
    """A filter bank of 80 nW for as long as the clips last, a thousand times longer than the chip takes."""
    report = snn_json("map", run)
    (entry,) = report["front_end"]
    assert entry["count"] == pytest.approx(1000 * report["latency_s"], rel=1e-9, abs=0)
    assert entry["energy_j"] == pytest.approx(80e-9 * entry["count"], rel=1e-9, abs=0)
    assert 0.2 < entry["count"] < 0.35
    assert report["boundary_with_front_end"] == "front end + classifier"


def one_line(result, expected, *fragments):
    """The command ended with the code, printed nothing, and said all the fragments in one line."""
    code, out, err = result
    assert (code, out) == (expected, ""), err
    assert "Traceback" not in err
    for fragment in fragments:
        assert fragment in err.strip().splitlines()[-1]


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_words_that_differ_in_pitch_are_learned_and_the_chip_is_described(run):
    told = metrics_of(run)
    assert {path.name for path in run.iterdir()} == {
        "config.toml", "data.json", "model.safetensors", "metrics.json", "activity.safetensors",
    }  # fmt: skip
    assert told["test_accuracy"] >= 0.9  # three tones, chance 0.33
    assert (told["n_input"], told["n_reservoir"]) == (6, 12)
    assert told["n_synapses"] == load_run(run).chip().network.n_synapses > 18
    assert told["baselines"].keys() == {"encoder_bins", "encoder_totals", "reservoir_totals"}
    assert told["energy_per_inference_j"] == pytest.approx(sum(told["energy_j"].values()), rel=1e-9, abs=0)
    assert told["energy_per_inference_j"] == pytest.approx(
        told["energy_per_spike_j"] * told["spikes_per_inference"], rel=1e-9, abs=0
    )


def test_evaluate_repeats_the_accuracies_of_training(run, snn_json):
    told, metrics = snn_json("evaluate", run), metrics_of(run)
    assert told["accuracy"] == metrics["test_accuracy"]
    assert told["online_accuracy"] == metrics["online"]["test_accuracy"]
    assert told["spikes_per_inference"] == pytest.approx(metrics["spikes_per_inference"])
    assert sum(map(sum, told["confusion"])) == told["n_clips"] == metrics["n_test"]
    assert sum(told["confusion"][i][i] for i in range(3)) == told["accuracy"] * told["n_clips"]
    assert told["synaptic_operations"] > 0


def test_a_readout_that_always_says_the_same_fills_one_column_of_the_confusion(run, snn_json):
    changed(run / "model.safetensors", **{"readout.weights": np.zeros((48, 3)), "readout.bias": np.array([0, 0, 1.0])})
    told = snn_json("evaluate", run)
    table = np.array(told["confusion"])
    assert (table[:, :2] == 0).all()
    assert told["accuracy"] == table[2, 2] / told["n_clips"] < 1


def test_the_energy_of_a_map_is_the_engines_own(run, snn_json):
    report = snn_json("map", run, "--chip", "btbt-45rfsoi")
    assert sum(report["parts_j"].values()) == report["total_j"]
    assert report["total_j"] == pytest.approx(metrics_of(run)["energy_per_inference_j"], rel=0.01, abs=0)
    assert report["latency_s"] == pytest.approx(0.25 / 1000, rel=0.05, abs=0)  # clips of 0.25 s, on the chip


def test_every_format_is_exported_with_every_synapse(run, tmp_path, snn_json):
    told = snn_json("export", run, "--format", "all", "--out", tmp_path / "all")
    names = {Path(path).name for path in told["files"]}
    assert names >= {"network.json", "input_bench.cir", "reservoir_bench.cir", "network_bench.cir"}
    assert names == {path.name for path in (tmp_path / "all").iterdir()}
    network = json.loads((tmp_path / "all" / "network.json").read_text())
    layer = network["layers"][1]
    n_synapses = sum(np.count_nonzero(layer[name]["charge_c"]) for name in ("synapses", "recurrent_synapses"))
    assert n_synapses == metrics_of(run)["n_synapses"]


@pytest.mark.parametrize("format", ["json", "spice"])
def test_one_format_is_exported(run, tmp_path, snn_json, format):
    assert snn_json("export", run, "--format", format, "--out", tmp_path / "o")["files"]


def test_a_run_survives_its_folder_bit_for_bit(run, tmp_path, chip_recipe, words, snn_json):
    first = load_run(run).model
    shutil.copytree(run, tmp_path / "copy")
    (tmp_path / "copy" / "model.safetensors").unlink()
    first.save(tmp_path / "copy" / "model.safetensors")
    assert (tmp_path / "copy" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    again = load_run(tmp_path / "copy").model
    for a, b in zip(
        (*first.wires, first.tuning.scale, first.online), (*again.wires, again.tuning.scale, again.online), strict=True
    ):
        np.testing.assert_array_equal(a, b)
    twin = snn_json("train", chip_recipe, "--data", words, "--out", tmp_path / "twin")
    assert (tmp_path / "twin" / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert {**twin, "seconds": 0, "run": 0} == {**metrics_of(run), "seconds": 0, "run": 0}


def test_another_seed_is_another_chip(run, tmp_path, chip_recipe, few, snn_json):
    snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "other", "--seed", 1)
    a, b = (load_run(folder).model.wires for folder in (run, tmp_path / "other"))
    assert not np.array_equal(a.recurrent, b.recurrent)


def test_resuming_a_finished_run_repeats_its_metrics_and_writes_nothing(run, chip_recipe, spoken, snn, snn_json):
    before = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    assert (
        snn_json("train", chip_recipe, "--data", spoken, "--out", run, "--resume")["seconds"]
        == metrics_of(run)["seconds"]
    )
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before
    again = "train", chip_recipe, "--data", spoken, "--out", run
    one_line(snn(*again), 2, "holds a run already", "--resume or --overwrite")
    other = "other settings (reservoir.w_ee = 0.1, was "
    one_line(snn(*again, "--resume", "--set", "reservoir.w_ee=0.1"), 2, other)
    one_line(snn("train", "fsdd", *again[2:], "--resume"), 2, "other settings (", "name = fsdd, was ")
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before
    assert snn(*again, "--overwrite", "--set", "epochs=0")[0] == 0


def test_a_reservoir_has_an_engine_of_its_own_and_another_is_refused_before_the_data_are_opened(run, snn, tmp_path):
    ended = snn("evaluate", run, "--data", tmp_path / "none", "--engine", "brian2")
    one_line(ended, 2, "unknown engine 'brian2'; known: transient", "leave out --engine")


def test_its_accuracy_on_chips_is_another_command_s_and_no_clip_is_read_before_that_is_said(run, snn, tmp_path):
    asked = snn("evaluate", run, "--chip", "btbt-45rfsoi", "--seeds", "3", "--data", tmp_path / "nowhere")
    one_line(asked, 2, "no time steps", "evaluate its chips by `snn spread`")


def test_a_reservoir_does_not_listen(run):
    with pytest.raises(InputError, match='needs a spotter, got a ReservoirModel; train with kind = "spotter"'):
        AudioStream(load_run(run).model)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def changed(path, **arrays):
    save_file(load_file(path) | arrays, path, {"regularisation": "0.1"})


DAMAGES = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no tensors"),
    "nan": lambda path: changed(path, **{"wires.tau_mem": np.full(12, np.nan)}),
    "infinite": lambda path: changed(path, **{"readout.weights": np.full((48, 3), np.inf)}),
    "negative time": lambda path: changed(path, **{"wires.tau_mem": np.full(12, -1.0)}),
    "fewer neurons": lambda path: changed(path, **{"wires.recurrent": np.zeros((11, 11))}),
    "fewer channels": lambda path: changed(path, **{"tuning.scale": np.ones(5)}),
    "another lattice": lambda path: changed(
        path,
        **{"wires.weights": np.ones((6, 5)), "wires.recurrent": np.ones((5, 5)), "wires.tau_mem": np.ones(5)},
        **{"readout.weights": np.ones((20, 3)), "online": np.ones((20, 3))},
    ),
    "fewer counts": lambda path: changed(path, **{"readout.weights": np.zeros((47, 3))}),
    "other words": lambda path: changed(path, **{"readout.weights": np.zeros((48, 7)), "readout.bias": np.zeros(7)}),
    "another bias": lambda path: changed(path, **{"readout.bias": np.zeros(2)}),
    "fewer lines": lambda path: changed(path, online=np.zeros((5, 3))),
    "of a number": lambda path: changed(path, **{"tuning.scale": np.zeros(())}),
    "no regularisation": lambda path: save_file(load_file(path), path),
    "missing": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_named_in_one_line(run, snn, damage):
    DAMAGES[damage](run / "model.safetensors")
    for command in ("evaluate", "map"):
        one_line(snn(command, run), 2, "model.safetensors", "train again")


def test_a_model_of_other_tensors_is_refused(run, snn):
    save_file({"readout.weight": np.zeros((3, 12), "f4")}, run / "model.safetensors")
    one_line(snn("evaluate", run), 2, "model.safetensors does not fit config.toml", "train again")


@pytest.mark.parametrize(
    ("setting", "fragments"),
    [
        ("reservoir.order=3", ("reservoir.order", "0, 1 or 2")),
        ("order=1.5", ("reservoir.order",)),
        ("reservoir.fanout=3", ("reservoir.fanout", "did you mean", "fan_out")),
        ("fan_out=13", ("fan_out", "12 neurons", "13")),
        ("input.kind=poisson", ("input.kind", "'lif', 'bsa' or 'delta'")),
        ("reservoir.tau_mem_s=[0.04, 0.01]", ("tau_mem_s must rise",)),
        ("lattice=[0, 3]", ("1 to 4096 points",)),
        ("lattice=[100, 100]", ("1 to 4096 points",)),
        ("r0=nan", ("reservoir.r0",)),
        ("n_synapses=2000", ("n_synapses = 2000, 18 of them of the inputs", "r0 = 2 gives")),
        ("n_synapses=10", ("n_synapses = 10, 18 of them of the inputs",)),
        ("input.gain=1e6", ("input.gain", "at most", "neuron.acceleration")),
        ("neuron.acceleration=1e9", ("contradicts itself", "t_refractory = 2 ps", "raise t_refractory")),
        ("neuron.t_refractory_s=-1", ("t_refractory_s",)),
        ("data.split=speaker:nobody", ("no speaker 'nobody'",)),
        ("ear.f_max_hz=5000", ("f_max", "4000")),
    ],
)
def test_a_setting_that_cannot_be_is_one_line_and_leaves_no_run(tmp_path, few, chip_recipe, snn, setting, fragments):
    one_line(snn("train", chip_recipe, "--data", few, "--out", tmp_path / "run", "--set", setting), 2, *fragments)
    assert not (tmp_path / "run").exists()


def test_clips_that_are_cut_are_told(tmp_path, few, chip_recipe, snn):
    code, out, err = snn(
        "train", chip_recipe, "--data", few, "--out", tmp_path / "run", "--set", "duration_s=0.2", "--json"
    )
    told = json.loads(out)
    assert code == 0
    assert told["n_cut"] == sum(told[f"n_{split}"] for split in ("train", "validation", "test"))  # all last 0.25 s
    cut = "clips are longer than the 0.2 s that the model hears (ear.duration_s) and were cut; the longest lasts 0.25 s"
    assert cut in " ".join(err.split())
    assert metrics_of(tmp_path / "run")["n_cut"] == told["n_cut"]


def test_silence_is_told(tmp_path, few, chip_recipe, snn):
    for path in few.rglob("*.wav"):
        soundfile.write(path, np.zeros(2000), RATE)
    code, _, err = snn("train", chip_recipe, "--data", few, "--out", tmp_path / "run")
    assert code == 0
    assert "no neuron spiked in any training clip" in " ".join(err.split())


def test_a_split_without_clips_is_named(tmp_path, few, chip_recipe, snn):
    for path in few.rglob("*.wav"):
        if path.stem >= "02":
            path.unlink()
    one_line(
        snn("train", chip_recipe, "--data", few, "--out", tmp_path / "run"), 2, "has no validation clips", "file hash"
    )


def test_a_core_takes_circuit_and_rates_from_the_run_and_refuses_others(run, snn, snn_json):
    told = snn_json("core", "--run", run)
    config = run / "config.toml"
    own = f"c_mem_f = {LIFCircuit.c_mem}\n"
    assert config.read_text().count(own) == 1
    config.write_text(config.read_text().replace(own, f"c_mem_f = {4 * LIFCircuit.c_mem}\n"))
    heavy = snn_json("core", "--run", run)
    assert heavy["accelerated"][0]["marginal_j"] > 1.4 * told["accelerated"][0]["marginal_j"]
    assert told["tau_mem_s"] == pytest.approx(0.020)
    metrics = metrics_of(run)
    spikes = [metrics[part]["rate_hz"] * n for part, n in (("reservoir_activity", 12), ("input_activity", 6))]
    reservoir, whole = told["cores"][:2]
    assert whole["dynamic_j"] / reservoir["dynamic_j"] == pytest.approx(sum(spikes) / spikes[0], rel=0.01)
    one_line(snn("core", "--run", run, "--rate", 20, "--neurons", 9), 2, "leave out --rate, --neurons")


@pytest.mark.parametrize(
    "settings",
    [
        ("order=1",),
        ("order=2", "inhibitory=0.2"),
        ("input.kind=delta",),
        ("input.kind=bsa",),
        ("input.kind=bsa", "row_s=0.004"),
        ("n_synapses=0", "ear.n_channels=9"),
        ("ear.n_channels=1", "bins=fixed"),
        ("lattice=[1]", "fan_out=1"),
        ("bank=gammatone", "level=running"),
        ("bank=lyon",),
        ("level=none",),
        ("learning.epochs=0",),
    ],
)
def test_every_kind_of_reservoir_trains_and_loads(tmp_path, few, chip_recipe, snn_json, settings):
    flags = [part for setting in ("learning.epochs=1", *settings) for part in ("--set", setting)]
    told = snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run", *flags)
    assert 0 <= told["test_accuracy"] <= 1
    assert snn_json("evaluate", tmp_path / "run")["accuracy"] == told["test_accuracy"]
    assert snn_json("map", tmp_path / "run")["total_j"] == pytest.approx(
        told["energy_per_inference_j"], rel=0.02, abs=0
    )


def silence(path):
    soundfile.write(path, np.zeros(RATE // 4), RATE)


def one_sample(path):
    soundfile.write(path, np.full(1, 0.1), RATE)


def three_milliseconds(path):
    soundfile.write(path, np.full(24, 0.1), RATE)


def long(path):
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(10 * RATE), RATE)


@pytest.mark.parametrize("make", [silence, one_sample, three_milliseconds, long])
def test_a_clip_of_any_length_or_of_silence_is_a_clip(tmp_path, few, chip_recipe, snn_json, make):
    make(few / "low" / "00.wav")
    assert snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run", "--set", "epochs=1")["n_input"] == 6


def test_nothing_but_silence_is_told_by_chance(tmp_path, few, chip_recipe, snn_json):
    for path in few.rglob("*.wav"):
        silence(path)
    told = snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run", "--set", "epochs=1")
    assert told["spikes_per_inference"] == 0
    assert told["energy_per_spike_j"] is None
    assert told["test_accuracy"] <= 0.6
    assert snn_json("evaluate", tmp_path / "run")["synaptic_operations"] == 0


def test_two_words_are_enough_and_one_is_refused(tmp_path, few, chip_recipe, snn, snn_json):
    for path in (few / "low").iterdir():
        path.unlink()
    (few / "low").rmdir()
    assert snn_json("train", chip_recipe, "--data", few, "--out", tmp_path / "run")["test_accuracy"] >= 0.9
    assert len(snn_json("evaluate", tmp_path / "run")["confusion"]) == 2
    (few / "middle").rename(tmp_path / "middle")
    one_line(snn("train", chip_recipe, "--data", few, "--out", tmp_path / "one"), 2, "word")


def test_words_that_a_run_does_not_know_are_left_out(run, tmp_path, words, snn, snn_json):
    (words / "low").rename(words / "unheard")
    told = snn_json("evaluate", run, "--data", words, "--split", "all")
    assert told["n_clips"] == 48
    assert told["confusion"][1] == [0, 0, 0]  # high, low, middle
    for word in ("high", "middle"):
        (words / word).rename(words / f"no {word}")
    one_line(snn("evaluate", run, "--data", words), 2, "knows none of")


def test_a_bad_file_stops_the_run_before_anything_is_written_or_is_skipped(run, tmp_path, words, chip_recipe, snn):
    (words / "low" / "00.wav").write_text("no sound")
    before = (run / "model.safetensors").read_bytes()
    one_line(snn("train", chip_recipe, "--data", words, "--out", run, "--overwrite"), 2, "00.wav")
    assert (run / "model.safetensors").read_bytes() == before
    code, _, err = snn("train", chip_recipe, "--data", words, "--out", tmp_path / "skip", "--set", "bad_files=skip")
    assert code == 0
    assert "skipped" in err


def test_a_speaker_who_was_left_out_is_tested_on(recordings, tmp_path, chip_recipe, snn_json):
    (tmp_path / "fsdd").mkdir()
    for path in (recordings / "fsdd").rglob("[047]_*_[0-9].wav"):  # zero, four, seven; ten times each
        shutil.copy(path, tmp_path / "fsdd")
    flags = "--set", "split=speaker:theo", "--set", "learning.epochs=1", "--set", "ear.n_channels=12"
    told = snn_json("train", chip_recipe, "--data", tmp_path / "fsdd", "--out", tmp_path / "run", *flags)
    assert told["split_rule"] == "speaker theo left out"
    assert told["n_test"] == 30
    assert told["n_train"] + told["n_validation"] == 5 * 30
    assert told["test_accuracy"] > 0.45  # chance 0.33


def test_a_chip_is_in_its_own_time_and_takes_no_other_acceleration(run, snn, snn_json):
    assert snn_json("map", run)["total_j"] > 0
    one_line(snn("map", run, "--acceleration", 2), 2, "time of its chip", "leave it out")
