"""The place of a data set: built in a folder of one's own beside it, counted, and moved there whole."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from circuits.errors import InputError
from circuits.processes import own_path
from circuits.storage import remedy_of


def require_room(folder: str | Path) -> None:
    """Raise InputError where something else than an empty folder is in the place."""
    folder = Path(folder)
    if folder.is_dir() and (there := sorted(path.name for path in folder.iterdir())):
        names = ", ".join(map(ascii, there[:3])) + (" ..." if there[3:] else "")
        raise InputError(f"{folder} holds {names} and no recordings; move that away, or set SNN_DATA to another folder")
    if os.path.lexists(folder) and not folder.is_dir():
        raise InputError(f"{folder} is a file; move it away, or set SNN_DATA to another folder")


@contextmanager
def own_folder(folder: str | Path) -> Iterator[Path]:
    """A hidden folder beside `folder` that is this process's own, to be filled and published; it goes in any case."""
    part = own_path(folder)
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def publish(part: str | Path, folder: str | Path, n_files: int) -> None:
    """Move a filled folder into place, where nothing or an empty folder is.

    Raises:  OSError where it does not hold all files that were written.
    """
    part, folder = Path(part), Path(folder)
    found = sum(path.is_file() for path in part.rglob("*"))
    if found != n_files:
        raise OSError(f"{part} holds {found} of the {n_files} files that were written there: something else changes it")
    if folder.is_dir():
        folder.rmdir()  # a folder does not replace a folder on every system
    part.replace(folder)


@contextmanager
def explained_disk_errors(root: str | Path) -> Iterator[None]:
    """A disk that takes no more is told with the place and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "free some, or set SNN_DATA to another disk"
            raise OSError(error.errno, f"no space left at {root}: {remedy}") from error
        if error.errno == errno.EFBIG:
            raise OSError(error.errno, f"a file at {root} would be too long{remedy_of(error)}") from error
        raise
