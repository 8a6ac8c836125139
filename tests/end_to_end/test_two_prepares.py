"""Two processes may prepare one data set at once: one makes it, the other waits and finds it whole."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from circuits.processes import LeftoverWarning
from snn import folder_lock
from snn.data.sets.download import prepare
from snn.folder_lock import LOCK, FolderBusyError, making
from tests.end_to_end.tiny_set import ARCHIVE, NAME, Server, is_tiny, left_over, served, use

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]
SLEEP_S = 0.02  # s at each step of progress, so that two overlap


def forked(work: Callable[[], object]) -> tuple[int, int]:
    """Process that does some work, and what it says: the result, or the error."""
    reading, writing = os.pipe()
    if pid := os.fork():
        os.close(writing)
        return pid, reading
    os.close(reading)
    try:
        said = repr(work())
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    os.write(writing, said.encode())
    os._exit(0)


def said_by(process: tuple[int, int]) -> str:
    pid, reading = process
    with open(reading, encoding="utf-8") as file:  # noqa: PTH123 (a handle)
        said = file.read()
    os.waitpid(pid, 0)
    return said


def together(work: Callable[[], object], n: int = 2) -> list[str]:
    """What processes say that do the same work at once."""
    processes = [forked(work) for _ in range(n)]
    return [said_by(process) for process in processes]


def slowly(*_: object) -> None:
    time.sleep(SLEEP_S)


def prepared(root: Path) -> tuple[str, list[str]]:
    notes = []
    return str(prepare(NAME, root, on_progress=slowly, on_note=notes.append)), notes


@pytest.fixture
def server(monkeypatch) -> Iterator[type[Server]]:
    handler = type("Handler", (Server,), {"requests": []})
    with served(handler) as url:
        use(monkeypatch, url)
        yield handler


def one_waited(answers: list[str], folder: Path) -> bool:
    """Whether both name the folder, and one of them was told that it waits, once."""
    assert all(answer.startswith(f"('{folder}', [") for answer in answers), answers
    return sorted(answer.count("waiting for process") for answer in answers) == [0, 1]


def test_two_downloads_at_once_ask_the_server_once_and_leave_one_whole_set(server, tmp_path):
    assert one_waited(together(partial(prepared, tmp_path)), tmp_path / NAME)
    assert server.requests == [None]
    assert is_tiny(tmp_path / NAME)
    assert left_over(tmp_path) == set()


def test_two_that_unpack_an_archive_put_there_by_hand_leave_it_as_it_was(tmp_path, monkeypatch):
    use(monkeypatch)
    (tmp_path / "tiny.tar.gz").write_bytes(ARCHIVE)
    assert one_waited(together(partial(prepared, tmp_path)), tmp_path / NAME)
    assert is_tiny(tmp_path / NAME)
    assert left_over(tmp_path) == {"tiny.tar.gz"}
    assert (tmp_path / "tiny.tar.gz").read_bytes() == ARCHIVE


def test_two_that_synthesise_a_corpus_make_it_once(tmp_path):
    pytest.importorskip("espeakng_loader")
    from snn.data.synthesis.embedded import build_corpus

    def built() -> tuple[str, list[str]]:
        notes, seen = [], []

        def count(done: int, total: int) -> None:
            seen.append(done)
            slowly()

        folder = build_corpus(tmp_path / "corpus", n_clips=10, words=("go",), on_progress=count, on_note=notes.append)
        return str(folder), [*notes, len(seen)]

    answers = together(built)
    assert one_waited(answers, tmp_path / "corpus")
    assert sorted(answer.rpartition(" ")[2].strip("[])") for answer in answers) == ["0", "10"]
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]
    assert len(list(tmp_path.glob("corpus/go/*.wav"))) == 10


@pytest.mark.parametrize("stage", ["download", "verify", "unpack"])
def test_what_a_killed_process_left_is_taken_over_and_told_once(server, tmp_path, stage):
    """Its lock and its folder are removed; what it had fetched is not asked for again."""

    def stand(at: str, done: int, total: int) -> None:
        if at == stage and done > 10_000:
            os.kill(os.getpid(), signal.SIGKILL)

    server.cut = 20_000 if stage == "download" else None
    assert said_by(forked(partial(prepare, NAME, tmp_path, on_progress=stand))) == ""
    server.cut = None
    n_fetched = (tmp_path / f"{NAME}.tar.gz.part").stat().st_size
    hidden = {name for name in left_over(tmp_path) if name.startswith(".")}
    assert f".{NAME}{LOCK}" in hidden
    assert len(hidden) == (2 if stage == "unpack" else 1)
    if stage == "unpack":
        with pytest.warns(LeftoverWarning, match=r"removed what killed processes had left \(\.tiny\.[^ ]+; 0.0 MiB"):
            folder = prepare(NAME, tmp_path)
    else:
        folder = prepare(NAME, tmp_path)
    assert is_tiny(folder)
    assert left_over(tmp_path) == set()
    assert server.requests[1:] == ([f"bytes={n_fetched}-"] if stage == "download" else [])


def test_a_download_left_beside_a_set_that_is_ready_is_removed(server, tmp_path):
    prepare(NAME, tmp_path)
    for name in ("tiny.tar.gz.part", "tiny.tar.gz.part.json"):
        (tmp_path / name).write_text("{}")
    locked(tmp_path, began="before")
    prepare(NAME, tmp_path)
    assert left_over(tmp_path) == set()


def locked(root: Path, **changes: object) -> None:
    owner = replace(folder_lock._me(), thread=0, **changes)
    (root / f".{NAME}{LOCK}").write_text(json.dumps(asdict(owner)))


def test_an_owner_on_another_machine_is_named_and_not_waited_for(server, tmp_path):
    """Nobody here can tell whether it lives; a set that is ready is ready all the same."""
    locked(tmp_path, host="elsewhere")
    with pytest.raises(FolderBusyError, match=f"tiny is being written by process {os.getpid()} on elsewhere"):
        prepare(NAME, tmp_path)
    assert server.requests == []
    (tmp_path / f".{NAME}{LOCK}").unlink()
    folder = prepare(NAME, tmp_path)
    locked(tmp_path, host="elsewhere")
    assert prepare(NAME, tmp_path) == folder


def test_a_place_that_is_made_may_be_entered_again_by_the_same_thread(tmp_path):
    with making(tmp_path / "set", None):
        with making(tmp_path / "set", None):
            assert left_over(tmp_path) == {f".set{LOCK}"}
        assert left_over(tmp_path) == {f".set{LOCK}"}
    assert left_over(tmp_path) == set()


def test_the_command_says_what_it_waits_for(server, tmp_path, monkeypatch, snn):
    """The other is another process of this machine that lives: the one that started this."""
    monkeypatch.setenv("SNN_DATA", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["snn", "data", "prepare", NAME])
    ready, telling = os.pipe()

    def hold() -> None:
        with making(tmp_path / NAME, None):
            os.write(telling, b"x")
            time.sleep(0.5)

    other = forked(hold)
    os.read(ready, 1)
    code, out, err = snn("data", "prepare", NAME, "--json")
    said_by(other)
    assert (code, json.loads(out)["folder"]) == (0, str(tmp_path / NAME))
    assert f"waiting for process {other[0]} (snn data prepare {NAME}), which makes {tmp_path / NAME}" in err
