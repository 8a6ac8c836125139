"""Bad input gets one clear line and the documented exit code, or works; nothing already written is lost."""

import os
import re
import resource
import signal
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile

from circuits.neuron.circuit import LIFCircuit
from circuits.units import si

RATE = 8000


def one_line(code: int, err: str, expected: int, *fragments: str) -> None:
    """The command ended with the code, and its last line of standard error says all the fragments."""
    line = err.strip().splitlines()[-1]
    assert code == expected, err
    assert "Traceback" not in err
    for fragment in fragments:
        assert fragment in line


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1000])


def text(path):
    path.write_text("this is not audio, whatever the name says\n" * 20)


def empty(path):
    path.write_bytes(b"")


def header_only(path):
    form = struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    path.write_bytes(b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + form + b"data" + struct.pack("<I", 0))


def nan(path):
    soundfile.write(path, np.full(2000, np.nan, "f4"), RATE, subtype="FLOAT")


@pytest.mark.parametrize("spoil", [truncate, text, empty, header_only, nan])
def test_an_unusable_file_is_named_in_one_line(tmp_path, words, recipe, snn, spoil):
    bad = words / "low" / "00.wav"
    spoil(bad)
    code, out, err = snn("train", recipe, "--data", words, "--out", tmp_path / "run", "--json")
    one_line(code, err, 2, "00.wav")
    assert out == ""
    code, out, _ = snn("data", "check", words)
    assert code == 2
    assert "00.wav" in out.replace("\n", "")


def test_unusable_files_can_be_skipped(tmp_path, words, recipe, snn):
    text(words / "low" / "00.wav")
    code, _, err = snn("train", recipe, "--data", words, "--out", tmp_path / "run", "--set", "bad_files=skip")
    assert code == 0
    assert "skipped" in err
    assert "00.wav" in err


def silence(path):
    soundfile.write(path, np.zeros(2000, "f4"), RATE)


def thirty_seconds(path):
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(30 * RATE), RATE)


def eight_bit(path):
    soundfile.write(path, 0.1 * np.ones(2000), RATE, subtype="PCM_U8")


def twenty_four_bit(path):
    soundfile.write(path, 0.1 * np.ones(2000), RATE, subtype="PCM_24")


def float_file(path):
    soundfile.write(path, 0.1 * np.ones(2000), RATE, subtype="FLOAT")


def stereo(path):
    soundfile.write(path, 0.1 * np.ones((2000, 2)), RATE)


def high_rate(path):
    soundfile.write(path, 0.1 * np.ones(11_025), 44_100)


@pytest.mark.parametrize(
    "make",
    [silence, thirty_seconds, eight_bit, twenty_four_bit, float_file, stereo, high_rate],
    ids=lambda f: f.__name__,
)
def test_an_unusual_but_sound_file_works(tmp_path, few, recipe, snn, make):
    make(few / "low" / "00.wav")
    code, _, err = snn("train", recipe, "--data", few, "--out", tmp_path / "run", "--set", "epochs=1")
    assert code == 0, err


def test_a_folder_with_one_word_is_refused(tmp_path, words, recipe, snn):
    for word in ("low", "middle"):
        for path in (words / word).iterdir():
            path.unlink()
        (words / word).rmdir()
    one_line(*_train(snn, recipe, words, tmp_path), 2, "one word", "high")


def test_a_class_with_one_clip_is_refused(tmp_path, words, recipe, snn):
    for path in sorted((words / "low").iterdir())[1:]:
        path.unlink()
    one_line(*_train(snn, recipe, words, tmp_path), 2, "low")


def _train(snn, recipe, words, tmp_path, *flags):
    code, _, err = snn("train", recipe, "--data", words, "--out", tmp_path / "run", *flags)
    return code, err


def test_an_unknown_recipe_key_names_the_nearest(tmp_path, words, recipe, snn):
    one_line(*_train(snn, recipe, words, tmp_path, "--set", "epoch=2"), 2, "epoch", "'epochs'")
    recipe.write_text(recipe.read_text().replace("epochs", "epoch"))
    one_line(*_train(snn, recipe, words, tmp_path), 2, "training.epoch", "'epochs'")


@pytest.mark.parametrize("name", ["nonsense", "missing.toml"])
def test_an_unknown_recipe_is_refused(tmp_path, words, snn, name):
    one_line(*_train(snn, name, words, tmp_path), 2, name)


def test_an_unknown_option_or_command_is_bad_input(snn):
    one_line(*_code_and_err(snn("train", "fsdd", "--bogus")), 2, "--bogus")
    one_line(*_code_and_err(snn("trian")), 2, "train")
    one_line(*_code_and_err(snn("neuron", "--device", "33nm-pdsoi")), 2, "32nm-pdsoi")
    one_line(*_code_and_err(snn("neuron", "--v-gs", "-0.1")), 2, "rheobase")


def test_a_circuit_that_contradicts_its_transistors_is_refused_before_anything_is_written(snn, words, tmp_path):
    recipe = tmp_path / "contrary.toml"
    recipe.write_text('name = "contrary"\n[neuron]\nc_mem_f = 1e-16\n')
    code, _, err = snn("train", recipe, "--data", words, "--out", tmp_path / "run")
    load = si(LIFCircuit().control.c_membrane, "F")  # of transistors that were simulated, which no setting narrows
    one_line(code, err, 2, "contradicts itself: c_mem = 100 aF", f"inverter alone are {load}: raise c_mem")
    assert "control.width" not in err
    assert not (tmp_path / "run").exists()


def test_a_neuron_that_cannot_be_designed_is_refused_with_what_can_be(snn):
    slow = ("neuron", "--rate", "100", "--tau-mem", "20e-3", "--width", "0.45e-6")
    code, err = _code_and_err(snn(*slow, "--c-mem", 1.1 * LIFCircuit.c_mem))
    one_line(code, err, 2, "of -0.4 V, the weakest fitted bias")
    assert snn(*slow, "--c-mem", re.search(r"c_mem = (\S+) F or device", err)[1])[0] == 0
    one_line(*_code_and_err(snn("neuron", "--rate", "nan")), 2, "rate must be finite")
    one_line(*_code_and_err(snn("neuron", "--swing", "0.3")), 2, "--rate")


def _code_and_err(result):
    return result[0], result[2]


@pytest.mark.parametrize("name", ["config.toml", "model.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "cut", "garbage", "empty"])
def test_a_missing_or_damaged_run_file_is_named(run, snn, name, damage):
    path = run / name
    data = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"cut": data[: len(data) // 2], "garbage": os.urandom(300), "empty": b""}[damage])
    for command in (("evaluate", run), ("map", run), ("export", run, "--out", run / "out")):
        one_line(*_code_and_err(snn(*command)), 2, name)
    assert not (run / "out").exists()


def test_map_without_activity_says_what_to_run(run, snn):
    (run / "activity.safetensors").unlink()
    one_line(*_code_and_err(snn("map", run)), 2, "activity.safetensors", "snn evaluate")
    assert snn("evaluate", run)[0] == 0
    assert snn("map", run)[0] == 0


def test_a_folder_that_is_no_run_is_refused(tmp_path, snn):
    one_line(*_code_and_err(snn("evaluate", tmp_path)), 2, "config.toml")


def test_a_run_is_not_overwritten_unasked(run, recipe, words, tmp_path, snn):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    one_line(*_train(snn, recipe, words, tmp_path), 2, "--resume", "--overwrite")
    assert before == {path.name: path.read_bytes() for path in run.iterdir()}
    code, err = _train(snn, recipe, words, tmp_path, "--overwrite")
    assert code == 0, err


def test_resuming_with_other_settings_is_refused(run, recipe, words, tmp_path, snn):
    one_line(*_train(snn, recipe, words, tmp_path, "--resume", "--set", "epochs=9"), 2, "training")


def _start(arguments, cwd, **options):
    command = [sys.executable, "-c", "from snn.cli.app import main; main()", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=cwd, env=environment, **pipes, **options)


def test_ctrl_c_in_mid_epoch_keeps_what_was_reached_and_resume_goes_on(tmp_path, words, recipe, snn):
    arguments = [
        "train",
        recipe,
        "--data",
        words,
        "--out",
        tmp_path / "run",
        "--set",
        "epochs=400",
        "--set",
        "patience=400",
    ]
    process = _start(arguments, tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "run" / "model.safetensors").exists() and time.monotonic() < deadline:  # after the checkpoint
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    one_line(process.returncode, err, 130, "interrupted", "--resume")
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files >= {"config.toml", "checkpoint.safetensors", "model.safetensors"}
    assert not [name for name in files if name.endswith(".part")]

    from snn.training.checkpoint import load_progress

    reached = load_progress(tmp_path / "run" / "checkpoint.safetensors").epoch
    second = _start([*arguments, "--resume"], tmp_path)
    first_line = second.stderr.readline()
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=60)
    assert first_line.startswith(f"epoch {reached + 1}:")


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path, words, recipe):
    """The process may write files of 30 kB only: config and history fit, the checkpoint does not."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    settings = ["--set", "hidden=[64, 64]"]
    process = _start(
        ["train", recipe, "--data", words, "--out", tmp_path / "run", *settings], tmp_path, preexec_fn=limit
    )
    _, err = process.communicate(timeout=60)
    one_line(process.returncode, err, 1, "checkpoint.safetensors", "cannot write")
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.endswith(".part")]


def test_overwriting_touches_nothing_until_every_recording_has_been_read(run, recipe, words, tmp_path, snn):
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    for bad in (words / "low").iterdir():
        text(bad)
    code, err = _train(snn, recipe, words, tmp_path, "--overwrite")
    one_line(code, err, 2, ".wav")
    assert before == {path.name: path.read_bytes() for path in run.iterdir()}


def test_a_setting_that_cannot_be_leaves_no_run_behind(tmp_path, words, recipe, snn):
    one_line(*_train(snn, recipe, words, tmp_path, "--set", "f_max_hz=8000"), 2, "f_max")
    assert not (tmp_path / "run").exists()
    one_line(*_train(snn, recipe, words, tmp_path, "--resume"), 2, "no run to resume")


def test_the_demo_keeps_the_run_of_another_recipe(run, snn):
    one_line(*_code_and_err(snn("demo", "--out", run)), 2, "another recipe")
    assert (run / "model.safetensors").exists()


def test_a_reader_may_leave_early():
    command = f"{sys.executable} -c 'from snn.cli.app import main; main()' neuron"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", f"{command} | head -1"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        (("--rate", "100kHz", "--tau-mem", "40us"), ("--rate", "1e5", "--tau-mem", "40e-6")),
        (("--v-gs", "-600 mV"), ("--v-gs", "-0.6")),
        (("--supply", "800mV", "--temperature", "350K"), ("--supply", "0.8", "--temperature", "350")),
    ],
)
def test_numbers_with_a_unit_are_read(snn_json, arguments, same):
    assert snn_json("neuron", *arguments) == snn_json("neuron", *same)


def test_a_number_in_another_unit_is_refused(snn):
    one_line(*_code_and_err(snn("neuron", "--rate", "50kV")), 2, "--rate", "Hz", "'50kV'")
    one_line(*_code_and_err(snn("neuron", "--rate", "1kHz", "--c-mem", "0.5")), 2, "c_mem", "0.5 fF meant")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("corners", "--jobs", "0", "--n", "5"), "n_jobs = 0"),
        (("corners", "--jobs", "9223372036854775807", "--n", "5"), "n_jobs = 9223372036854775807; give 1 to 1024"),
        (("corners", "--n", "9223372036854775807"), "neurons at 27 corners are more than 134,217,728"),
        (("map", "runs/none", "--csv", "--json"), "--json is an option: give a path"),
        (("corners", "--n", "0"), "n = 0"),
        (("neuron", "--years", "1e9"), "no current"),
        (("neuron", "--supply", "0"), "v_dd must be above 0 and at most the 3 V"),
        (("core", "--acceleration", "-1"), "at least 1"),
        (("map", "runs/none", "--acceleration", "fast"), "positive and finite, got 'fast'; 1 is real time, auto"),
        (("map", "runs/none", "--acceleration", "0"), "positive and finite, got '0'"),
        (("corners", "--n", "5", "--scheduler", "nonsense"), "give an address as tcp://host:8786"),
        (("neuron", "--plot", ""), "the path is empty"),
        (("map", "runs/none", "--out", "", "--json"), "the path is empty"),
        (("train", "fsdd", "--data", "~nobody-of-this-name/x"), "home folder that is not known here"),
        (("train", "fsdd", "--set", "hidden=3"), "list in brackets"),
        (("train", "chip-20-36", "--set", "lattice=[0]"), "lattice"),
    ],
)
def test_an_option_that_cannot_be_is_the_users_to_mend(snn, arguments, said):
    """And never told as a fault of ours."""
    code, out, err = snn(*arguments)
    assert (code, out) == (2, "")
    assert said.lower() in err.lower()
    assert "fault of TunnelSpike" not in err
