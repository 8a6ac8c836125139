"""The command line from recordings to netlist, on stand-in words that train in a second."""

import csv
import json
import math
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from circuits.units import si

METRICS = {
    "test_accuracy",
    "validation_accuracy",
    "n_parameters",
    "spikes_per_inference",
    "synaptic_operations",
    "seed",
}


def test_a_run_folder_holds_config_weights_metrics_and_history(tmp_path, words, recipe, snn_json):
    run = tmp_path / "run"
    metrics = snn_json("train", recipe, "--data", words, "--out", run)
    assert metrics.keys() >= METRICS
    assert {path.name for path in run.iterdir()} == {
        "config.toml", "data.json", "model.safetensors", "metrics.json", "history.csv", "activity.safetensors",
    }  # fmt: skip
    config = tomllib.loads((run / "config.toml").read_text())
    assert config["run"]["labels"] == ["high", "low", "middle"]
    rows = list(csv.DictReader((run / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]


def test_evaluate_repeats_the_accuracy_of_training(run, snn_json):
    told = snn_json("evaluate", run)
    metrics = json.loads((run / "metrics.json").read_text())
    assert told["accuracy"] == metrics["test_accuracy"]
    assert sum(map(sum, told["confusion"])) == told["n_clips"] == metrics["n_test"]
    diagonal = sum(told["confusion"][i][i] for i in range(3))
    assert told["accuracy"] == diagonal / told["n_clips"]
    assert told["spikes_per_inference"] == metrics["spikes_per_inference"] > 0
    assert told["synaptic_operations"] == metrics["synaptic_operations"] > 0


def test_words_that_differ_in_pitch_are_learned(tmp_path, words, recipe, snn_json):
    metrics = snn_json("train", recipe, "--data", words, "--out", tmp_path / "long", "--set", "epochs=12")
    assert metrics["test_accuracy"] >= 0.9  # three tones, chance 0.33


def test_map_prints_parts_that_sum_to_the_total(run, tmp_path, snn_json):
    report = snn_json("map", run, "--chip", "btbt-45rfsoi", "--out", tmp_path / "map")
    assert sum(report["parts_j"].values()) == report["total_j"] > 0
    assert report.keys() >= {"boundary", "cores_used", "latency_s", "not_modelled"}
    assert "routing" in report["not_modelled"]
    assert "routing" not in report["parts_j"]
    assert json.loads((tmp_path / "map" / "energy.json").read_text()) == report


def test_map_tells_the_network_alone_and_behind_features_of_170_nw(run, snn_json):
    """Log-mel of 31 frames of 10 ms: the MFCC of one chip, in real time, however fast ours runs."""
    for speed in (1, 10):
        report = snn_json("map", run, "--acceleration", speed)
        (entry,) = report["front_end"]
        assert entry["energy_j"] == pytest.approx(170e-9 * 0.31, rel=1e-6, abs=0)
        assert report["latency_s"] == pytest.approx(0.31 / speed)
        assert report["total_with_front_end_j"] == pytest.approx(report["total_j"] + entry["energy_j"], rel=1e-12)
        assert (report["boundary"], report["boundary_with_front_end"]) == ("classifier", "features + classifier")


def test_map_without_json_says_what_is_not_modelled(run, snn):
    code, out, _ = snn("map", run)
    assert code == 0
    assert re.search(r"not modelled +routing", out)
    assert re.search(r"total with front end +[0-9.]+ nJ", out)


@pytest.mark.parametrize("by", ["part", "layer", "core"])
def test_map_by_part_layer_or_core_at_another_condition_as_table_csv_and_picture(run, tmp_path, snn_json, by):
    table, picture = tmp_path / "energy.csv", tmp_path / "energy.svg"
    asked = ("--by", by, "--temperature", 330, "--supply", 0.85, "--csv", table, "--plot", picture)
    report, nominal = snn_json("map", run, *asked), snn_json("map", run)
    assert sum(report[f"{by}s_j"].values()) == pytest.approx(report["total_j"], rel=1e-12, abs=0)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    known = [float(row["energy_j"]) for row in rows if row["energy_j"] != "not modelled"]
    assert sum(known) == pytest.approx(report["total_j"], rel=1e-12, abs=0)
    assert {row[by] for row in rows} >= set(report[f"{by}s_j"])
    assert picture.read_text().startswith("<?xml")
    assert (report["temperature_k"], report["v_dd_v"]) == (330.0, 0.85)
    assert report["parts_j"]["neuron_static"] > 3 * nominal["parts_j"]["neuron_static"]
    assert "is static power" in report["per_spike"]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [("--by", "neuron", "choose one of part, layer, core"), ("--temperature", 20, "200"), ("--supply", 0, "v_dd"),
     ("--plot", "a.txt", "a picture ends in")],
)  # fmt: skip
def test_map_refuses_what_it_cannot_show(run, snn, option, value, said):
    code, out, err = snn("map", run, option, value)
    assert (code, out) == (2, "")
    assert said in err


def test_an_accelerated_chip_pays_less_static_energy(run, snn_json):
    slow, fast = (snn_json("map", run, "--acceleration", speed) for speed in (1, 100))
    assert fast["parts_j"]["neuron_static"] < slow["parts_j"]["neuron_static"]
    assert fast["parts_j"]["synapse_events"] == slow["parts_j"]["synapse_events"]
    assert fast["latency_s"] == pytest.approx(slow["latency_s"] / 100)


def test_exported_json_has_every_synapse(run, tmp_path, snn_json):
    files = snn_json("export", run, "--format", "json", "--out", tmp_path / "handover")["files"]
    network = json.loads(Path(files[0]).read_text())
    encoder, *layers = network["layers"]
    tables = [encoder["signal"]["charge_per_step_c"], *(layer["synapses"]["charge_c"] for layer in layers)]
    shapes = [(len(table), len(table[0])) for table in tables]
    assert shapes == [(16, 32), (32, 12), (12, 3)]  # bands to encoder, encoder to hidden, hidden to words
    assert all("gate_bias_v" in layer["synapses"] for layer in layers)


NEEDS_NGSPICE = pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")


@NEEDS_NGSPICE
@pytest.mark.slow
def test_exported_netlists_run_and_meet_what_is_expected(run, tmp_path, snn_json):
    told = snn_json("export", run, "--format", "spice", "--out", tmp_path / "spice", "--verify")
    benches = {row["bench"] for row in told["rows"]}
    assert benches == {"encoder_bench.cir", "hidden1_bench.cir", "network_bench.cir"}
    assert benches < {Path(path).name for path in told["files"]}
    periods = [row for row in told["rows"] if row["figure"] == "period"]
    assert all(abs(row["simulated"] / row["expected"] - 1) < 0.01 for row in periods)
    spikes = {row["figure"]: row for row in told["rows"] if row["figure"].startswith("spikes of")}
    assert len(spikes) == 32 + 12
    assert sum(row["expected"] for row in spikes.values()) > 5 * len(spikes)
    assert all(row["simulated"] == row["expected"] for row in spikes.values())  # each of them in time
    potentials = [row for row in told["rows"] if row["figure"].startswith("potential of readout")]
    assert len(potentials) == 3
    assert told["passed"] is True


def test_every_format_is_written_and_a_missing_simulator_is_a_clear_skip(run, tmp_path, snn_json, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    told = snn_json("export", run, "--format", "all", "--out", tmp_path / "all", "--verify")
    names = {Path(path).name for path in told["files"]}
    assert names >= {"network.json", "parameters.csv", "corners.json", "mismatch.json", "corners.lib", "corners.scs",
                     "core.lib", "README.md", "network_bench.cir", "network_bench.scs", "btbt_lif_event.va",
                     "btbt_lif_smooth.va"}  # fmt: skip
    assert names == {path.name for path in (tmp_path / "all").iterdir()}
    assert (told["passed"], told["rows"]) == (None, [])
    assert "skipped: ngspice is not on the PATH" in told["verification"]


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("sleep 30", "ngspice took longer than 0.5 s"),
        ("echo 'fatal: no memory'; exit 1", "fatal: no memory"),
        ("kill -SEGV $$", "status -11"),
    ],
)
def test_a_simulator_that_hangs_or_crashes_ends_with_a_clear_error(run, tmp_path, monkeypatch, snn, behaviour, said):
    fake = tmp_path / "bin" / "ngspice"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\n{behaviour}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    code, out, err = snn("export", run, "--format", "spice", "--out", tmp_path / "o", "--verify", "--timeout", "0.5")
    assert (code, out) == (1, "")
    assert said in err.splitlines()[-1]


def test_verification_of_a_format_without_benches_is_refused_before_writing(run, tmp_path, snn):
    code, _, err = snn("export", run, "--format", "json", "--out", tmp_path / "o", "--verify")
    assert code == 2
    assert "--format spice" in err
    assert not (tmp_path / "o").exists()


def test_only_spice_has_a_level_of_transistors(snn, run, tmp_path):
    code, _, err = snn("export", run, "--level", "transistor", "--out", tmp_path / "out")
    assert code == 2
    assert "--format json with --level transistor" in err
    assert not (tmp_path / "out").exists()


@NEEDS_NGSPICE
@pytest.mark.usefixtures("cards")
def test_the_neuron_of_a_run_is_exported_in_transistors_and_verified(snn_json, run, tmp_path):
    told = snn_json("export", run, "--format", "spice", "--level", "transistor", "--out", tmp_path, "--verify")
    assert told["passed"]
    assert told["verification"].startswith("6 of 6 figures as expected")
    assert {path.name for path in tmp_path.iterdir()} >= {"neuron_transistor.lib", "neuron_transistor_options.lib"}
    assert "the neuron alone" in told["notes"][0]


def test_neuron_prints_parts_that_sum_to_the_whole(snn_json):
    told = snn_json("neuron")
    assert math.isclose(sum(told["parts_j"].values()), told["energy_per_spike_j"], rel_tol=1e-12)
    assert 100e3 <= told["rate_hz"] <= 150e3
    assert 0.4 * told["rate_hz"] < told["rate_with_drain_body_hz"] < 0.6 * told["rate_hz"]
    assert told.keys() >= {"device", "static_power_w", "tau_mem_s"}


def test_a_neuron_too_hot_to_fire_says_from_which_temperature_on(snn, snn_json):
    """0.16 eV of current against 0.47 eV of leak: ln(I / g V_th) = 0.31 eV / k (1/300 - 1/T)."""
    cool, hot = snn_json("neuron"), snn_json("neuron", "--temperature", 398)
    drive = cool["input_current_a"] / cool["rheobase_a"]
    edge = 1 / (1 / 300 - 8.617333e-5 / 0.31 * math.log(drive))
    assert cool["silent_from_k"] == hot["silent_from_k"] == pytest.approx(edge, rel=1e-5)
    assert (hot["rate_hz"], hot["energy_per_spike_j"], hot["parts_j"], cool["why_silent"]) == (0.0, None, {}, None)
    assert f"it falls silent above {edge:.4g} K" in hot["why_silent"]
    assert any("leak 0.47 eV ASSUMED" in line for line in hot["assumptions"])
    below, above = (snn_json("neuron", "--temperature", edge + shift)["rate_hz"] for shift in (-0.01, 0.01))
    assert below > 0 == above
    code, out, _ = snn("neuron", "--temperature", 398)
    assert code == 0
    assert "silent" in out


def test_neuron_compares_within_one_scope(snn_json):
    told = snn_json("neuron", "--compare")
    assert len(told["rows"]) >= 20
    assert any("4 orders of magnitude" in sentence for sentence in told["headline"])
    assert {row["scope"] for row in told["rows"]} == {"neuron"}
    keys = {"name", "year", "energy_per_spike_j", "scope", "measured", "source", "ratio_to_btbt"}
    for row in told["rows"]:
        assert row.keys() >= keys
        assert row["ratio_to_btbt"] == pytest.approx(row["energy_per_spike_j"] / told["energy_per_spike_j"])


def test_whole_spotters_stand_beside_a_run_as_map_prices_it(run, snn_json):
    told, mapped = snn_json("neuron", "--compare", "--scope", "chip", "--run", run), snn_json("map", run)
    ours = {row["boundary"]: row for row in told["spotters"] if row["evidence"] == "computed"}
    assert ours["classifier"]["energy_per_decision_j"] == mapped["total_j"]
    assert f"sped up {mapped['acceleration']:g} times, then" in ours["classifier"]["note"]
    assert f"({si(mapped['real_time_total_j'], 'J')} in real time)" in ours["classifier"]["note"]
    assert ours["features + classifier"]["energy_per_decision_j"] == mapped["total_with_front_end_j"]
    accuracy = json.loads((run / "metrics.json").read_text())["test_accuracy"]
    assert all(row["accuracy"] == accuracy and row["task"].endswith("3 classes") for row in ours.values())
    delta = next(row for row in told["spotters"] if row["name"] == "DeltaKWS")
    assert delta["ratio_at_most"] == pytest.approx(36e-9 / mapped["total_with_front_end_j"])
    assert len([row for row in told["spotters"] if row["evidence"] != "computed"]) >= 12
    assert {row["scope"] for row in told["rows"]} == {"chip"}


def test_what_nobody_verified_says_second_hand_in_the_narrowest_terminal(snn, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for scope, name, after in (("chip", "LSTM SoC", r"16\.1 uW"), ("neuron", r"Chavan \(BTBT\)", "yes")):
        code, out, err = snn("neuron", "--compare", "--scope", scope)
        assert code == 0, err
        assert re.search(rf"^{name} .* second-hand .*{after}", out, re.MULTILINE)
        assert max(map(len, out.splitlines())) <= 80


def test_a_run_is_compared_with_chips_only(run, snn):
    code, _, err = snn("neuron", "--compare", "--run", run)
    assert code == 2
    assert "--run" in err
    assert "--compare --scope chip" in err


def test_neuron_designs_for_a_rate_beside_conventional_sources(snn_json, tmp_path):
    told = snn_json("neuron", "--tau-mem", "40e-6", "--rate", "100e3", "--swing", "0.4", "--plot", tmp_path / "f-i.png")
    assert told["rate_hz"] == pytest.approx(100e3)
    assert told["tau_mem_s"] == pytest.approx(40e-6, rel=1e-9, abs=0)
    assert told.keys() >= {"v_gs_v", "width_m", "c_mem_f", "parts_j"}
    capacitors = [row["c_mem_f"] for row in told["sources"]]
    assert capacitors == sorted(capacitors)
    assert [row["source"] for row in told["sources"]] == ["band-to-band tunnelling", "sub-threshold", "on-current"]
    assert (tmp_path / "f-i.png").stat().st_size > 1000


def test_energy_against_area_is_plotted(snn_json, tmp_path):
    snn_json("neuron", "--compare", "--plot", tmp_path / "area.svg")
    assert "Energy per spike against area" in (tmp_path / "area.svg").read_text()


@pytest.mark.parametrize("device", ["32nm-pdsoi-nsd3e19", "22nm-fdx"])
def test_every_device_spikes_at_room_temperature_and_says_from_where_on_it_is_silent(snn_json, device):
    cool, hot = (snn_json("neuron", "--device", device, "--temperature", kelvin) for kelvin in (300, 398))
    assert cool["rate_hz"] > hot["rate_hz"] == 0
    assert 300 < cool["silent_from_k"] < 398
    assert "falls silent above" in hot["why_silent"]
    assert cool["device"].startswith(device)


def test_help_answers_without_heavy_imports():
    code = "import sys; sys.argv = ['snn', '--help']; import snn.cli.app as c\ntry: c.main()\nexcept SystemExit: pass\n"
    code += "print([m for m in ('torch', 'librosa', 'brian2', 'scipy', 'matplotlib') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip().endswith("[]")
    assert "evaluate" in out


@pytest.mark.parametrize(
    "encoder", ["lif", "rate", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("delta", "latency"))]
)
def test_words_are_learned_through_every_encoder(tmp_path, words, recipe, snn_json, encoder):
    flags = ["--set", f"encoder.kind={encoder}", "--set", "epochs=30", "--set", "steps_per_frame=4"]
    metrics = snn_json("train", recipe, "--data", words, "--out", tmp_path / "run", *flags)
    assert metrics["test_accuracy"] >= 0.7  # three tones, chance 0.33
    assert snn_json("evaluate", tmp_path / "run")["accuracy"] == metrics["test_accuracy"]
    report = snn_json("map", tmp_path / "run")
    assert ("encoder" in report["parts_j"]) == (encoder == "lif")
    assert ("encoder" in report["not_modelled"]) == (encoder != "lif")


def test_recurrent_plain_neurons_run_through_the_whole_flow(tmp_path, words, recipe, snn_json):
    flags = ["--set", "neuron.model=lif", "--set", "recurrent=true", "--set", "epochs=1"]
    metrics = snn_json("train", recipe, "--data", words, "--out", tmp_path / "run", *flags)
    assert snn_json("evaluate", tmp_path / "run")["accuracy"] == metrics["test_accuracy"]
    assert snn_json("map", tmp_path / "run")["total_j"] > 0


def test_other_recordings_are_evaluated_whole_and_unknown_words_are_left_out(run, words, tmp_path, snn):
    other = tmp_path / "other words"
    shutil.copytree(words, other)
    shutil.copytree(words / "low", other / "unheard")
    code, out, err = snn("evaluate", run, "--data", other, "--json")
    assert code == 0, err
    assert json.loads(out)["n_clips"] == 3 * 24
    assert "unheard" in err
    shutil.rmtree(other / "low"), shutil.rmtree(other / "middle"), shutil.rmtree(other / "high")
    shutil.copytree(words / "low", other / "unseen")
    code, _, err = snn("evaluate", run, "--data", other)
    assert code == 2
    assert "knows none" in err
