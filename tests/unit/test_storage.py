"""Files are written whole or not at all, a file in the place of a folder is named, and only regular files are read."""

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from circuits.errors import InputError, MissingInputError
from circuits.storage import (
    is_path_to_blame,
    open_regular,
    parsed,
    read_regular,
    reading,
    scratch_folder,
    write_atomically,
    write_json,
    write_text,
)
from circuits.tables import read_toml


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


@pytest.mark.parametrize("folder", [".", "/", "there"])
def test_a_folder_in_the_place_of_a_file_is_named(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match=f"^{folder} is a folder: name a regular file"):
        write_text(folder, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_value_that_json_cannot_hold_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"x": float("nan")})
    assert path.read_text() == '{\n  "x": 1\n}\n'
    assert len(list(tmp_path.iterdir())) == 1


def _pipe(path):
    os.mkfifo(path)


def _device(path):
    """One of its own, which a writer that fails the test may destroy."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except (OSError, AttributeError):
        pytest.skip("this system lets nobody make a device")


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


@pytest.mark.parametrize(
    ("make", "kind"),
    [(_pipe, "a pipe"), (_socket, "a socket"), (_device, "a device")],
    ids=["pipe", "socket", "device"],
)
def test_what_is_no_regular_file_is_not_written_over(tmp_path, monkeypatch, make, kind):
    monkeypatch.chdir(tmp_path)
    make(Path("x"))
    before = Path("x").lstat()
    with pytest.raises(InputError, match=f"^x is {kind}: name a regular file"):
        write_text("x", "new")
    assert os.path.samestat(before, Path("x").lstat())
    assert os.listdir() == ["x"]  # noqa: PTH208


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_the_file_it_leads_to_is_written(tmp_path, there):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    target, link = tmp_path / "b" / "target", tmp_path / "a" / "link"
    if there:
        target.write_text("old")
    link.symlink_to("../b/target")
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "link", "target"]


def test_links_in_a_circle_are_the_users_to_mend(tmp_path):
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    with pytest.raises(OSError, match=r"cannot write .*x: Too many levels") as refusal:
        write_text(tmp_path / "x", "new")
    assert is_path_to_blame(refusal.value)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_who_may_read_a_file_may_read_the_one_that_replaces_it_and_nobody_else(tmp_path, mode):
    path, seen = tmp_path / "x", []
    path.write_text("old")
    path.chmod(mode)

    def write(part):
        part.write_text("new")
        seen.append(part.stat().st_mode & 0o777)

    write_atomically(path, write)
    assert (path.read_text(), path.stat().st_mode & 0o777, seen) == ("new", mode, [0o600])


def test_a_new_file_has_the_rights_of_any_other(tmp_path):
    write_text(tmp_path / "new", "x")
    (tmp_path / "other").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("name", ["n" * 255, "\u732b" * 85])
def test_any_name_that_the_system_takes_can_be_written(tmp_path, name):
    write_text(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_only_of_a_file_that_was_there_is_it_said_that_it_is_kept(tmp_path):
    def fail(part):
        raise OSError(errno.ENOSPC, "No space")

    for kept in (False, True):
        with pytest.raises(OSError, match=r"cannot write .*x") as refusal:
            write_atomically(tmp_path / "x", fail)
        assert ("the old file is kept" in str(refusal.value)) is kept
        (tmp_path / "x").write_text("old")
    assert (tmp_path / "x").read_text() == "old"


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


@pytest.mark.parametrize(
    ("number", "remedy", "users"),
    [(errno.ENOSPC, "make room there", False), (errno.EDQUOT, "quota", False), (errno.EACCES, "ask its owner", True),
     (errno.EROFS, "name another place", True), (errno.EMFILE, "ulimit -n", False), (errno.EIO, "error", False)],
)  # fmt: skip
def test_what_the_system_refuses_is_told_with_place_cause_and_remedy(tmp_path, monkeypatch, number, remedy, users):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    path = tmp_path / "a.txt"
    write_text(path, "old")
    for act in (lambda: write_text(path, "new"), lambda: read_toml(path)):
        with monkeypatch.context() as patched:
            patched.setattr(Path, "write_text", refuse)
            patched.setattr(os, "open", refuse)
            with pytest.raises(OSError, match=remedy) as refusal, reading(path):
                act()
        said = refusal.value.strerror
        assert said.count("cannot ") == 1
        assert f"{path}" in said
        assert os.strerror(number) in said
        assert "make room" not in said or number in (errno.ENOSPC, errno.EDQUOT)
        assert is_path_to_blame(refusal.value) is users
        assert not isinstance(refusal.value, InputError)
    assert path.read_text() == "old"


def test_whatever_is_raised_while_a_file_is_read_names_it(tmp_path):
    with pytest.raises(InputError, match=r"a\.toml: x must be 1"), reading(tmp_path / "a.toml"):
        raise InputError("x must be 1")
    with pytest.raises(InputError) as refusal, reading(tmp_path / "a.toml"), reading(tmp_path / "b.csv"):
        raise InputError("x must be 1")
    assert str(refusal.value) == f"{tmp_path / 'b.csv'}: x must be 1"
    with pytest.raises(ZeroDivisionError) as fault, reading(tmp_path / "a.toml"):
        _ = 1 / 0
    assert fault.value.__notes__ == [f"while reading {tmp_path / 'a.toml'}"]


@pytest.mark.parametrize("error", [ValueError("no"), TypeError("no"), KeyError("no"), RecursionError("no")])
def test_what_a_parser_trips_over_is_a_mistake_in_the_file(error):
    def parse():
        raise error

    with pytest.raises(InputError, match=r"^a\.toml is damaged: .*(no|brackets)"):
        parsed("a.toml", "is damaged", parse)
    for passed in (MemoryError(), OSError(errno.EIO, "I/O error"), InputError("mine")):
        with pytest.raises(type(passed)) as same:
            parsed("a.toml", "is damaged", lambda: (_ for _ in ()).throw(passed))  # noqa: B023
        assert same.value is passed


def test_without_room_for_temporary_files_the_machine_has_failed_and_not_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(OSError, match=r"no folder for temporary files can .*TMPDIR") as refusal, scratch_folder():
        pass
    assert not is_path_to_blame(refusal.value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match=r"No space.*, or set TMPDIR[^,]*$"), scratch_folder(), scratch_folder():
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []
