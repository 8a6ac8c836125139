"""One folder has one writer: the second is refused before it works, and a lock that a dead process leaves is none."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest

from circuits.processes import began
from snn import folder_lock
from snn.folder_lock import LOCK, FolderBusyError, making, require_free, writing

SNN = [sys.executable, "-c", "from snn.cli.app import main; main()"]
HOLD = """
import sys
from snn.folder_lock import writing
with writing(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process, which writes into `tmp_path / "run"` until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_training_is_refused_before_it_reads_a_recording(tmp_path, recipe, snn, other):
    """The data set that it names is not even there."""
    code, out, err = snn("train", recipe, "--data", tmp_path / "nothing", "--out", tmp_path / "run", "--overwrite")
    assert (code, out) == (2, "")
    for said in (f"process {other.pid} on {socket.gethostname()}", "wait for it", LOCK):
        assert said in err
    assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK]


def test_when_the_first_ends_the_second_may_write_and_nothing_is_left(tmp_path, other):
    other.communicate("")
    with writing(tmp_path / "run"):
        assert (tmp_path / "run" / LOCK).exists()
    assert not (tmp_path / "run").exists()  # made for the purpose, and empty


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, other):
    other.kill()
    other.wait()
    assert (tmp_path / "run" / LOCK).exists()
    with writing(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / LOCK).read_text())["pid"] == os.getpid()


def _locked(folder, **changes):
    folder.mkdir(exist_ok=True)
    owner = replace(folder_lock._me(), thread=0, **changes)
    (folder / LOCK).write_text(json.dumps(asdict(owner)))


@pytest.mark.skipif(began(os.getpid()) is None, reason="this system does not say when a process began")
def test_a_number_that_another_process_has_by_now_is_a_dead_ones_lock(tmp_path):
    """This very process is alive, but it is not the one that wrote the lock."""
    _locked(tmp_path / "run", began="before")
    with writing(tmp_path / "run"):
        pass


@pytest.mark.parametrize("changes", [{}, {"host": "elsewhere", "began": "before", "pid": 2**22 + 1}])
def test_a_living_owner_and_one_of_another_machine_are_believed(tmp_path, changes):
    _locked(tmp_path / "run", **changes)
    with pytest.raises(FolderBusyError, match="is being written by process"), writing(tmp_path / "run"):
        pass
    assert (tmp_path / "run" / LOCK).exists()


def test_the_lock_of_a_living_process_in_another_container_is_believed(tmp_path, container):
    """There it has another number, which here nobody has, or somebody else."""
    process = subprocess.Popen(
        [*container, sys.executable, "-c", HOLD, tmp_path / "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline() == b"held\n"
        with (
            pytest.raises(FolderBusyError, match=f"if that process is gone, remove .*{LOCK}"),
            writing(tmp_path / "run"),
        ):
            pass
        assert (tmp_path / "run" / LOCK).exists()
    with writing(tmp_path / "run"):
        pass


def test_a_place_that_another_container_makes_is_not_waited_for(tmp_path, container):
    """Nobody here would learn that it has ended."""
    code = HOLD.replace("import writing", "import making").replace("writing(sys.argv[1])", "making(sys.argv[1], None)")
    process = subprocess.Popen(
        [*container, sys.executable, "-c", code, tmp_path / "set"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FolderBusyError, match="being written"), making(tmp_path / "set", pytest.fail):
            pass


OF_BEFORE = {"host": socket.gethostname(), "pid": 1, "began": "before", "thread": 1, "command": "snn train"}


@pytest.mark.parametrize("text", ["", "{}", json.dumps(OF_BEFORE)])
def test_a_lock_that_says_nothing_is_not_taken_over(tmp_path, text):
    """The remedy is that of a lock: it is neither trained again nor copied back."""
    (tmp_path / LOCK).write_text(text)
    with pytest.raises(FolderBusyError, match="remove it if nobody does") as refused, writing(tmp_path):
        pass
    assert "back" not in str(refused.value)
    assert "add" not in str(refused.value)
    assert (tmp_path / LOCK).read_text() == text


def test_a_lock_that_may_not_be_read_is_a_lock(tmp_path, monkeypatch):
    """Root may read every file, so that the refusal is made up."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(folder_lock, "read_json", refuse)
    require_free(tmp_path)  # there is no lock
    (tmp_path / LOCK).write_text("another user's")
    with pytest.raises(FolderBusyError, match=f"{LOCK} may not be read, .*; ask its owner, or remove it"):
        require_free(tmp_path / "inside")
    with pytest.raises(FolderBusyError), writing(tmp_path):
        pass
    assert (tmp_path / LOCK).read_text() == "another user's"


def test_every_user_may_read_whose_lock_it_is(tmp_path):
    before = os.umask(0o077)
    try:
        with writing(tmp_path / "run"):
            assert (tmp_path / "run" / LOCK).stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


def test_a_thread_that_holds_a_folder_may_write_in_it_again_and_another_not(tmp_path):
    found = []

    def intrude():
        try:
            with writing(tmp_path):
                found.append("in")
        except FolderBusyError as error:
            found.append(str(error))

    with writing(tmp_path):
        with writing(tmp_path):
            thread = threading.Thread(target=intrude)
            thread.start()
            thread.join()
        assert (tmp_path / LOCK).exists()
    assert "is being written" in found[0]
    assert not (tmp_path / LOCK).exists()


def test_a_folder_inside_one_that_is_written_is_busy_too(tmp_path, other):
    with pytest.raises(FolderBusyError):
        require_free(tmp_path / "run" / "netlist")
    require_free(tmp_path / "run2")


def test_of_many_at_once_one_gets_in(tmp_path):
    code = HOLD.replace("sys.stdin.read()", "import time; time.sleep(3)")
    processes = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    outs = [process.communicate()[0] for process in processes]
    assert outs.count(b"held\n") == 1


def test_while_a_run_trains_others_do_not_write_into_it(tmp_path, words, recipe, snn, snn_json):
    """Evaluation is shown and not stored; export, demo, energies and pictures are refused before they work."""
    run = tmp_path / "run"
    snn_json("train", recipe, "--data", words, "--out", run)
    before = (run / "activity.safetensors").read_bytes()
    _locked(run)
    code, out, err = snn("evaluate", run, "--json")
    assert code == 0
    assert json.loads(out)["n_clips"]
    assert "is being written" in err
    for command in (("export", run, "--out", run / "netlist"), ("demo", "--out", run), ("map", run, "--out", run),
                    ("map", run, "--csv", run / "x.csv"), ("neuron", "--plot", run / "x.png"),
                    ("spread", run, "--plot", run)):  # fmt: skip
        code, out, err = snn(*command)
        assert (code, out) == (2, "")
        assert "is being written" in err
    assert (run / "activity.safetensors").read_bytes() == before
    assert not (run / "netlist").exists()


@pytest.mark.slow  # `make faults` has pairs of all commands
def test_two_trainings_started_together_leave_the_run_of_one(tmp_path, words, recipe):
    """One writes all of it, the other nothing, whichever comes first."""
    runs = []
    for seed in (1, 2):
        command = [*SNN, "train", recipe, "--data", words, "--out", tmp_path / "run", "--seed", seed,
                   "--set", "epochs=40", "--set", "patience=40"]  # fmt: skip
        runs.append(subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        time.sleep(0.2)
    ends = [(process.communicate()[1], process.returncode) for process in runs]
    assert sorted(code for _, code in ends) == [0, 2], ends
    winner = [code for _, code in ends].index(0) + 1
    assert f"seed = {winner}" in (tmp_path / "run" / "config.toml").read_text()
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["seed"] == winner
    assert not (tmp_path / "run" / LOCK).exists()
