"""Files written whole or not at all: to a temporary name beside the target, then moved into place."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from circuits.processes import clear_leftovers, own_path


def write_atomically(path: str | Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then move it to `path`; on any failure the old file stays as it was.

    Raises: NotADirectoryError where a file stands in place of a folder; OSError naming the file and the remedy, for
    instance when the disk is full.
    """
    path = Path(path)
    make_folder(path.parent)
    clear_leftovers(path.parent)
    temporary = own_path(path)
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
