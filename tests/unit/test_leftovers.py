"""What a dead process left is removed by the next that writes there, and nothing else is."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack

import pytest

from circuits.processes import LeftoverWarning, clear_leftovers, own_path, owner
from circuits.storage import scratch_folder, write_text

NAME = "from circuits.processes import own_path; import sys; print(own_path(sys.argv[1]).name)"


def name_of_a_dead_process(target, *before) -> str:
    command = [*before, sys.executable, "-c", NAME, target]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def dead(tmp_path):
    return tmp_path / name_of_a_dead_process(tmp_path / "a.json")


def test_a_write_removes_files_and_folders_that_dead_processes_left_and_says_so_once(tmp_path, dead):
    dead.mkdir()
    (dead / "clip.wav").write_bytes(bytes(3 << 20))
    file = tmp_path / dead.name.replace("a.json", "b.json")
    file.write_bytes(bytes(1 << 20))
    (tmp_path / dead.name.replace("a.json", "c.json")).symlink_to(tmp_path)
    with pytest.warns(LeftoverWarning, match=r"removed what killed processes had left \(.*; 4.0 MiB\)") as told:
        write_text(tmp_path / "d.txt", "x")
    assert len(told) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["d.txt"]
    write_text(tmp_path / "d.txt", "y")  # a second warning would be an error


def test_those_of_the_living_and_other_hidden_files_stay(tmp_path, dead):
    kept = [
        own_path(tmp_path / "a.json").name,
        ".a.json.part",
        ".part",
        dead.name.removeprefix("."),
        f"{dead.name}.wav",
    ]
    for name in kept:
        (tmp_path / name).touch()
    clear_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def goes_after_a_day(path) -> bool:
    path.touch()
    clear_leftovers(path.parent)
    stays_at_first = path.exists()
    os.utime(path, (0, 0))
    with pytest.warns(LeftoverWarning):
        clear_leftovers(path.parent)
    return stays_at_first and not path.exists()


@pytest.mark.parametrize("unknown", ["another machine", "a machine of this name", "a system that does not tell"])
def test_what_an_owner_left_whom_nobody_here_knows_has_to_rest_for_a_day(tmp_path, dead, monkeypatch, unknown):
    if unknown == "another machine":
        dead = tmp_path / f".a.json.{'a' * 14}-{dead.name.split('-', 1)[1]}"
    elif unknown == "a machine of this name":
        monkeypatch.setattr(owner, "_machine", lambda boot: "another")
    else:
        monkeypatch.setattr(owner, "began", lambda pid: None)
    assert goes_after_a_day(dead)


def test_so_has_what_another_container_left(tmp_path, container):
    """Whoever has the number there may live: here nobody has it, or somebody else."""
    assert goes_after_a_day(tmp_path / name_of_a_dead_process(tmp_path / "a.json", *container))


def test_a_name_grows_by_39_bytes_at_most(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 2**22)  # the largest number of a process on Linux
    path = own_path(tmp_path / "a.json")
    assert len(path.name) <= len("a.json") + 39
    path.touch()
    clear_leftovers(tmp_path)
    assert path.exists()


def test_no_two_names_are_alike(tmp_path):
    names = []
    threads = [threading.Thread(target=lambda: names.append(own_path(tmp_path / "a"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 20
    assert {path.parent for path in names} == {tmp_path}


def test_the_next_temporary_folder_removes_that_of_a_killed_process(tmp_path, monkeypatch):
    """A process that was killed while it used one, its compiled code for instance, or the netlist of a simulation."""
    script = "import os, signal\nfrom circuits.storage import scratch_folder\nwith scratch_folder() as folder:\n"
    script += "    (folder / 'x').write_bytes(bytes(1 << 20))\n    os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", script], env=os.environ | {"TMPDIR": str(tmp_path)}, check=False)
    assert len(list(tmp_path.rglob("x"))) == 1
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with ExitStack() as stack:
        with pytest.warns(LeftoverWarning, match=r"1.0 MiB"):
            folder = stack.enter_context(scratch_folder())
        assert list(tmp_path.iterdir()) == [folder]
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []
