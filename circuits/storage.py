"""Files written whole or not at all, and read only where they are regular files of a size that was expected."""

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from circuits.errors import InputError, MissingInputError
from circuits.processes import clear_leftovers, own_path, temporary_folder

NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes to would hold whoever opens it
NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
Made = TypeVar("Made")
NO_ROOM = "set TMPDIR to a folder that has room"
PATHS = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError, PermissionError)  # to blame
REMEDIES = {  # by the system's number for what went wrong
    errno.ENOSPC: "make room there", errno.EDQUOT: "make room there, or ask for a larger quota",
    errno.EACCES: "ask its owner for the right, or name another place", errno.EROFS: "name another place",
    errno.EPERM: "ask its owner for the right, or name another place", errno.ENAMETOOLONG: "give a shorter name",
    errno.EMFILE: "close files, or raise the limit (ulimit -n)", errno.ENFILE: "close other programs",
    errno.EISDIR: "name a file", errno.EFBIG: "raise the limit on the length of files (ulimit -f)",
}  # fmt: skip
KINDS = {
    stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}  # fmt: skip


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then move it to `path`, or to where a link there leads; on any failure the old
    file stays as it was. Who may read and write the old file may do so with the new one.

    Raises: InputError where a folder, pipe, socket or device lies there; NotADirectoryError where a file stands in
    place of a folder; OSError naming the file, the cause and the remedy, for instance when the disk is full.
    """
    path = Path(path)
    with _told(f"cannot write {path}"):
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
        make_folder(target.parent)
        clear_leftovers(target.parent)
        mode = _old_mode(path)
    with _told(f"cannot write {path}" + (" (the old file is kept)" if mode is not None else "")):
        _replace(target, write, mode)


def _old_mode(path: Path) -> int | None:
    """The rights of a file that is there, None for none. Raises: InputError for what is no regular file."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    _refuse_irregular(path, about, None)
    return stat.S_IMODE(about.st_mode)


def _replace(target: Path, write: Callable[[Path], None], mode: int | None) -> None:
    temporary = own_path(target)
    try:
        if mode is not None:
            temporary.touch(0o600)  # until it has its rights: nobody reads what only its owner may
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if mode is not None:
            with suppress(OSError):  # of a disk that knows no rights
                temporary.chmod(mode)
        temporary.replace(target)
    finally:
        with suppress(OSError):  # a read-only disk refuses this, too, and would hide why
            temporary.unlink(missing_ok=True)


def make_folder(folder: str | Path) -> None:
    """The folder, with all above it. Raises: NotADirectoryError naming the file that is in its way; OSError."""
    folder = Path(folder)
    with _told(f"cannot make the folder {folder}"):
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


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for temporary files that goes when it is left; one of a killed process goes by the next.

    Raises: OSError, never one of `PATHS`, where the machine has no room for it.
    """
    try:
        folder = temporary_folder()
    except OSError as error:
        raise OSError(f"no folder for temporary files can be made: {error.strerror or error}; {NO_ROOM}") from error
    try:
        yield folder
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or NO_ROOM in str(error):
            raise
        raise OSError(error.errno, f"{error.strerror}, or {NO_ROOM}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Whatever is raised inside names the file: a mistake in it, why it cannot be had, in a note a fault of ours."""
    try:
        with _told(f"cannot read {path}"):
            yield
    except InputError as error:
        blamed = hasattr(error, "file") and not isinstance(error, MissingInputError)  # else whoever names it is, too
        if not blamed and Path(path).name not in str(error):
            error.args = (f"{path}: {error}",)
        error.file = path  # of several that are read one for the other, the innermost is to blame
        raise
    except OSError:
        raise
    except Exception as error:
        error.add_note(f"while reading {path}")
        raise


def parsed(place: str | Path, wrong: str, parse: Callable[[], Made], remedy: str = "") -> Made:
    """What a parser makes of a text or file; whatever it trips over is a mistake there.

    Args:  wrong: what is said of it then, "is damaged" for instance.   remedy: the end of that, "; copy it back".
    Raises:  InputError; OSError and MemoryError as they come.
    """
    try:
        return parse()
    except (InputError, OSError, MemoryError):
        raise
    except RecursionError as error:
        raise InputError(f"{place} {wrong}: brackets are nested too deeply; take out the inner ones") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise InputError(f"{place} {wrong}: {reason}{remedy}") from error


def is_path_to_blame(error: OSError) -> bool:
    """Whether whoever named the path has to mend it; else the machine has failed."""
    return isinstance(error, PATHS) or error.errno in (*NOT_THERE, errno.EROFS)


def remedy_of(error: OSError) -> str:
    """What to do about a failure of the system, to append to what it says."""
    return f"; {REMEDIES[error.errno]}" if error.errno in REMEDIES else ""


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What the system refuses inside says what was meant to be done, why not, and the remedy; once."""
    try:
        yield
    except OSError as error:
        said = error.strerror or str(error)
        if isinstance(error, InputError) or error.errno is None or said.startswith("cannot "):
            raise
        raise OSError(error.errno, f"{what}: {said}{remedy_of(error)}") from error


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
