"""A program that one waits for: it ends with this process, in time, and says no more than fits into memory."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from circuits.errors import WorkError
from circuits.netlist.ngspice import run_ngspice
from circuits.processes import OutputError, began, run_child

ROOT = Path(__file__).resolve().parents[2]
WRAPPED = ["/bin/sh", "-c", "sleep 60 & echo $! > own; mv own pid; wait"]  # as a script around a simulator
WAITING = f"from circuits.processes import run_child; run_child({WRAPPED}, 60)"


def _ended(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while began(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return began(pid) is None


def _grandchild(folder: Path) -> int:
    deadline = time.monotonic() + 20
    while not (folder / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return int((folder / "pid").read_text())


def test_status_and_output_come_back_and_what_is_read_ends():
    assert run_child(["/bin/sh", "-c", "cat; echo a; echo b >&2; exit 3"], 20) == (3, b"a\nb\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_child_and_its_children_end_with_this_process_however_it_ends(tmp_path, number):
    command = [sys.executable, "-c", WAITING]
    with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        pid = _grandchild(tmp_path)
        assert began(pid)
        process.send_signal(number)
    assert _ended(pid)


def test_a_child_that_takes_too_long_is_ended_with_its_children(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run_child(WRAPPED, 1, tmp_path)
    assert _ended(_grandchild(tmp_path))


def test_a_child_that_closes_its_output_and_goes_on_is_waited_for_and_ended_too(tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        run_child(["/bin/sh", "-c", "echo $$ > pid; exec sleep 60 > /dev/null 2>&1"], 0.5, tmp_path)
    assert _ended(_grandchild(tmp_path))


def test_output_without_end_is_cut_and_the_child_ended(tmp_path):
    with pytest.raises(OutputError, match="yes printed more than 16 MiB, at last 'error'"):
        run_child(["yes", "error"], 60)


def test_a_simulator_that_prints_without_end_is_named_with_limit_and_deck(tmp_path, monkeypatch):
    (tmp_path / "ngspice").write_text("#!/bin/sh\nexec yes error\n")
    (tmp_path / "ngspice").chmod(0o755)
    (tmp_path / "a.cir").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(WorkError, match=r"ngspice printed more than 16 MiB, at last 'error', on .*a\.cir"):
        run_ngspice(tmp_path / "a.cir")
