"""One writer at a time in a folder: a file `.tunnelspike-lock` in it says which process that is.

A process is known by host, number and the moment at which it began, so the lock of one that died is taken over, also
where another process has its number by now.
"""

import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from circuits.errors import InputError
from circuits.storage import make_folder, write_json
from circuits.tables import read_json, record

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = ".tunnelspike-lock"


class FolderBusyError(InputError):
    """Another process, or another thread of this one, writes into the folder."""


@dataclass(frozen=True)
class Owner:
    """Who writes. `began` is when the process started, as its system counts; None where that does not tell."""

    host: str
    pid: int
    began: str | None
    thread: int
    command: str

    def is_gone(self) -> bool:
        """Whether that process has ended; of another machine nobody here knows, so it counts as at work."""
        return self.host == socket.gethostname() and _tells() and _began(self.pid) != self.began


@contextmanager
def writing(folder: str | Path) -> Iterator[None]:
    """Hold a folder, made if need be, while files are written; a thread that holds it may do so again.

    Raises: FolderBusyError naming the owner of the folder, or of one above it; OSError where it cannot be written.
    """
    folder, me = Path(folder), _me()
    if _owner(folder / LOCK) == me:
        yield
        return
    require_free(folder)
    made = not folder.exists()
    make_folder(folder)
    with _turn(folder):
        _require_mine_or_gone(folder, me)
        write_json(folder / LOCK, asdict(me))
    try:
        yield
    finally:
        with _turn(folder):
            if _owner(folder / LOCK) == me:
                (folder / LOCK).unlink()
        if made:
            with suppress(OSError):  # it holds something
                folder.rmdir()


def require_free(path: str | Path) -> None:
    """Raise FolderBusyError if another process writes into a folder, or into one above it."""
    path = Path(path).absolute()
    for folder in (path, *path.parents):
        _require_mine_or_gone(folder, _me())


def _require_mine_or_gone(folder: Path, me: Owner) -> None:
    owner = _owner(folder / LOCK)
    if owner not in (None, me) and not owner.is_gone():
        raise FolderBusyError(
            f"{folder} is being written by process {owner.pid} on {owner.host} ({owner.command}); wait for it, or give "
            f"another folder; if that process is gone, remove {folder / LOCK}"
        )


def _me() -> Owner:
    pid, command = os.getpid(), shlex.join(sys.argv)[:200]
    return Owner(socket.gethostname(), pid, _began(pid), threading.get_ident(), command)


def _owner(lock: Path) -> Owner | None:
    """Whose lock it is, None where there is none. Raises: FolderBusyError for a file that is no lock of ours."""
    try:
        table = read_json(lock)
        return record(table if isinstance(table, dict) else {}, Owner, "it")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except InputError as error:
        raise FolderBusyError(f"{lock} does not say who writes there ({error}); remove it if nobody does") from error


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One process after the other looks at the lock of a folder and changes it, where the system can do that."""
    handle = None
    with suppress(OSError, AttributeError):  # another kind of system, or a disk on a network
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _tells() -> bool:
    """Whether this system says when a process began."""
    return _began(os.getpid()) is not None


def _began(pid: int) -> str | None:
    """When a process began; None for one that is not there, and where the system does not tell."""
    try:
        if Path("/proc/self/stat").exists():
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return None if state in "ZX" else f"{boot} {rest[18]}"  # clock ticks after the start of the machine
        listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
        return listed.stdout.strip() or None
    except OSError:
        return None
