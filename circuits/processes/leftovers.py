"""Temporary files and folders that carry their owner's name, so that those of a dead process are found and removed."""

import base64
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from circuits.processes.owner import Process, process_here

UNKNOWN_S = 86_400.0  # s unchanged, after which what a process left that nobody here can ask about is removed (ASSUMED)
_OWNED = re.compile(
    r"\..+\.(?P<host>[a-z2-7]{6})(?P<boot>[a-z2-7]{4})(?P<namespace>[a-z2-7]{4})-(?P<pid>\d{1,10})-"
    r"(?P<began>[a-z2-7]{4})[a-z2-7]{5}\.part"
)


class LeftoverWarning(UserWarning):
    """Something that a killed process had left was removed."""


def own_path(path: str | Path) -> Path:
    """A hidden name beside `path` that no other process and no other thread has: for what will be moved there."""
    path = Path(path)
    # 48 letters of 4 bytes at most: what may itself be as long as a name can be still gets a hidden one
    return path.with_name(f".{path.name[:48]}.{_own_tag(os.getpid())}{_letters(secrets.token_bytes(4), 5)}.part")


def temporary_folder() -> Path:
    """A new folder for temporary files, for this user alone, that whoever asks removes; those of killed ones go.

    Raises:  OSError where the system has no place for it.
    """
    folder = own_path(Path(tempfile.gettempdir()) / "tunnelspike")
    clear_leftovers(folder.parent)
    folder.mkdir(mode=0o700)
    return folder


def clear_leftovers(folder: str | Path) -> None:
    """Remove what killed processes left in a folder under an `own_path`; a LeftoverWarning says so."""
    left = [path for path in _owned(Path(folder)) if _is_left(path)]
    n_bytes = sum(map(_size, left))
    for path in left:
        with suppress(OSError):
            path.unlink() if path.is_symlink() or not path.is_dir() else shutil.rmtree(path)
    removed = [path.name for path in left if not os.path.lexists(path)]
    if removed:
        names = ", ".join(removed[:3]) + (" ..." if removed[3:] else "")
        warnings.warn(
            f"{folder}: removed what killed processes had left ({names}; {n_bytes / 2**20:.1f} MiB)",
            LeftoverWarning,
            stacklevel=2,
        )


def _owned(folder: Path) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        yield from (Path(entry.path) for entry in entries if _OWNED.fullmatch(entry.name))


def _is_left(path: Path) -> bool:
    """Whether its owner is dead; of an owner whom nobody here knows, whether it has rested for long."""
    tag = _OWNED.fullmatch(path.name)
    owner = Process(tag["host"], None, tag["boot"], tag["namespace"], int(tag["pid"]), tag["began"])
    if (ended := owner.has_ended(_short)) is not None:
        return ended
    with suppress(OSError):
        return time.time() - path.lstat().st_mtime > UNKNOWN_S
    return False


@lru_cache(maxsize=1)
def _own_tag(pid: int) -> str:
    me = _short(process_here(pid))
    return f"{me.host}{me.boot}{me.namespace}-{pid}-{me.began}"


def _short(process: Process) -> Process:
    """The same in hashes of 20 bits, host and machine in one of 30, as names of files have room for few letters."""
    return replace(
        process,
        host=_hash(f"{process.host} {process.machine}", 6),
        machine=None,
        boot=_hash(process.boot, 4),
        namespace=_hash(process.namespace, 4),
        began=_hash(process.began, 4),
    )


def _hash(text: str | None, n_letters: int) -> str:
    return _letters(hashlib.blake2b(repr(text).encode(), digest_size=5).digest(), n_letters)


def _letters(data: bytes, n_letters: int) -> str:
    """Letters and digits of 5 bits each, which no file system takes for others."""
    return base64.b32encode(data).decode().lower()[:n_letters]


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what cannot be read counts nothing."""
    n_bytes = 0
    for place in () if path.is_symlink() else (path, *path.rglob("*")):
        with suppress(OSError):
            n_bytes += place.stat().st_size if place.is_file() else 0
    return n_bytes
