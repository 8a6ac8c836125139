"""Files are written whole or not at all, a file in the place of a folder is named, and only regular files are read."""

import os
import socket
from pathlib import Path

import pytest

from circuits.errors import InputError, MissingInputError
from circuits.storage import open_regular, read_regular, write_json, write_text


@pytest.mark.parametrize("below", ["a.txt", "sub/a.txt", "sub/deeper/a.txt"])
def test_a_file_in_the_place_of_a_folder_is_named_and_kept(tmp_path, below):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(NotADirectoryError) as refusal:
        write_text(tmp_path / "notes" / below, "x")
    assert str(refusal.value) == f"{tmp_path / 'notes'} is a file; give a folder"
    assert (tmp_path / "notes").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_folders_are_made_and_the_old_file_is_replaced(tmp_path):
    path = tmp_path / "a" / "b" / "c.txt"
    for text in ("old", "nœw"):
        write_text(path, text)
    assert path.read_text(encoding="utf-8") == "nœw"
    assert [file.name for file in path.parent.iterdir()] == ["c.txt"]


def test_a_value_that_json_cannot_hold_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"x": float("nan")})
    assert path.read_text() == '{\n  "x": 1\n}\n'
    assert len(list(tmp_path.iterdir())) == 1


def _pipe(path):
    os.mkfifo(path)


def _socket(path):
    socket.socket(socket.AF_UNIX).bind(str(path))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (_pipe, "a pipe"),
        (_socket, "a socket"),
        (os.mkdir, "a folder"),
        (lambda p: p.symlink_to("/dev/zero"), "a device"),
    ],
    ids=["pipe", "socket", "folder", "device"],
)
def test_only_a_regular_file_is_opened_and_no_other_is_waited_for(tmp_path, monkeypatch, make, kind):
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    make(Path("x"))
    with pytest.raises(InputError, match=f"x is {kind}: name a regular file"):
        open_regular("x")


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(tmp_path, monkeypatch):
    _pipe(tmp_path / "x")
    (tmp_path / "file").write_bytes(b"1")
    about = (tmp_path / "file").stat()
    monkeypatch.setattr(Path, "stat", lambda path: about)
    with pytest.raises(InputError, match="x is a pipe"):
        open_regular(tmp_path / "x")


def test_a_file_is_read_up_to_its_limit_and_refused_beyond(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(InputError, match="x has 5 bytes, more than the 4 that are read"):
        read_regular(path, 4)
    with pytest.raises(InputError, match="more than the 4 that are read"):
        read_regular("/proc/self/status", 4)  # which tells a size of 0


@pytest.mark.parametrize("name", ["none", "file/below", "n" * 300, "a\0b"])
def test_a_name_without_a_file_is_the_users_mistake(tmp_path, name):
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(InputError if "\0" in name else MissingInputError):
        open_regular(tmp_path / name)
