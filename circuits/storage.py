"""Files written whole or not at all, and read only where they are regular files of a size that was expected."""

import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from circuits.errors import InputError, MissingInputError

NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes to would hold whoever opens it
NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}  # fmt: skip


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then move it to `path`; on any failure the old file stays as it was.

    Raises: NotADirectoryError where a file stands in place of a folder; OSError naming the file and the remedy, for
    instance when the disk is full.
    """
    path = Path(path)
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}; the old file is kept; make room, then repeat"
        raise OSError(error.errno, message) from error
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: str | Path) -> None:
    """The folder, with all above it. Raises: NotADirectoryError naming the file that is in its way."""
    folder = Path(folder)
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise NotADirectoryError(f"{place} is a file; give a folder")
    folder.mkdir(parents=True, exist_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text whole or not at all."""
    write_atomically(path, lambda part: part.write_text(text, encoding="utf-8"))


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON whole or not at all; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def open_regular(path: str | Path, limit: int | None = None) -> BinaryIO:
    """A regular file, open to be read in binary: what is another kind of file is refused without waiting for it.

    Args:  limit: bytes that it may have; None: any number, for readers that take a part of it at a time.
    Raises:  InputError naming a file that is none, not there or larger; OSError for one that may not be read.
    """
    try:
        _refuse_irregular(path, Path(path).stat(), limit)  # before it is opened: opening a device may start something
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | NO_WAIT))  # noqa: SIM115
    except InputError:
        raise
    except ValueError as error:  # of a name with a null byte
        raise InputError(f"{str(path)!r} is no name of a file ({error})") from error
    except OSError as error:
        if error.errno in NOT_THERE:
            raise MissingInputError(f"{path} does not exist: check the path") from error
        raise
    try:
        _refuse_irregular(path, os.fstat(file.fileno()), limit)  # it may be another one by now
    except InputError:
        file.close()
        raise
    return file


def read_regular(path: str | Path, limit: int) -> bytes:
    """All bytes of a regular file, at most `limit`.  Raises: as `open_regular`."""
    with open_regular(path, limit) as file:
        data = file.read(limit + 1)
    if len(data) > limit:  # it grew, or lies where sizes are not told
        raise InputError(_too_large(path, len(data), limit))
    return data


def _refuse_irregular(path: str | Path, about: os.stat_result, limit: int | None) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise InputError(f"{path} is {KINDS.get(stat.S_IFMT(about.st_mode), 'no file')}: name a regular file")
    if limit is not None and about.st_size > limit:
        raise InputError(_too_large(path, about.st_size, limit))


def _too_large(path: str | Path, n_bytes: int, limit: int) -> str:
    return f"{path} has {n_bytes:,} bytes, more than the {limit:,} that are read: check that it is the file you mean"
