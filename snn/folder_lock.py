"""One writer at a time in a place: a lock file in a folder, or beside one that is being made, says who that is.

The lock of a process that died is taken over, also where another has its number by now; that of one in another
container or on another machine is believed.
"""

import json
import os
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from circuits.errors import InputError
from circuits.processes import Process, process_here
from circuits.storage import make_folder, write_atomically
from circuits.tables import read_json, record
from snn.reporter import OnNote

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = ".tunnelspike-lock"
LOOK_AGAIN_S = 0.2  # s from one look at another process's lock to the next


class FolderBusyError(InputError):
    """Another process, or another thread of this one, writes into the folder."""


@dataclass(frozen=True)
class Owner(Process):
    """Who writes; one of whom nobody here knows whether it has ended counts as at work."""

    thread: int
    command: str


@contextmanager
def writing(folder: str | Path) -> Iterator[None]:
    """Hold a folder, made if need be, while files are written; a thread that holds it may do so again.

    Raises: FolderBusyError naming the owner of the folder, or of one above it; OSError where it cannot be written.
    """
    folder = Path(folder)
    if _owner(folder / LOCK) != _me():
        require_free(folder)
    made = not folder.exists()
    make_folder(folder)
    try:
        with _held(folder / LOCK, folder, None):
            yield
    finally:
        if made:
            with suppress(OSError):  # it holds something
                folder.rmdir()


@contextmanager
def making(folder: str | Path, on_note: OnNote | None) -> Iterator[None]:
    """Hold the place of a folder that will be moved there whole; another process's turn is waited for, with a note.

    Without `on_note`, that is refused.

    Raises: FolderBusyError naming the owner where nobody here can tell whether it lives, as one on another machine;
    OSError where the folder above cannot be written.
    """
    folder = Path(folder)
    make_folder(folder.parent)
    with _held(folder.with_name(f".{folder.name}{LOCK}"), folder, on_note):
        yield


def require_free(path: str | Path) -> None:
    """Raise FolderBusyError if another process writes into a folder, or into one above it."""
    path, me = Path(path).absolute(), _me()
    for folder in (path, *path.parents):
        if (owner := _other(folder / LOCK, me)) is not None:
            raise _busy(folder, owner, folder / LOCK)


@contextmanager
def _held(lock: Path, place: Path, on_wait: OnNote | None) -> Iterator[None]:
    """Hold a lock; without `on_wait`, another's is refused. Whoever holds it already neither takes nor releases it."""
    me = _me()
    mine = _owner(lock) == me
    if not mine:
        _take(lock, me, place, on_wait)
    try:
        yield
    finally:
        if not mine:
            with _turn(lock.parent):
                if _owner(lock) == me:
                    lock.unlink()


def _take(lock: Path, me: Owner, place: Path, on_wait: OnNote | None) -> None:
    waited_for = None
    while True:
        with _turn(lock.parent):
            if (owner := _other(lock, me)) is None:
                write_atomically(lock, partial(_fill, me))
                return
        if on_wait is None or owner.has_ended() is None:
            raise _busy(place, owner, lock)
        if owner != waited_for:
            on_wait(f"waiting for process {owner.pid} ({owner.command}), which makes {place}")
            waited_for = owner
        time.sleep(LOOK_AGAIN_S)


def _busy(place: Path, owner: Owner, lock: Path) -> FolderBusyError:
    return FolderBusyError(
        f"{place} is being written by process {owner.pid} on {owner.host} ({owner.command}); wait for it, or give "
        f"another folder; if that process is gone, remove {lock}"
    )


def _me() -> Owner:
    command = shlex.join(sys.argv)[:200]
    return Owner(**asdict(process_here(os.getpid())), thread=threading.get_ident(), command=command)


def _fill(me: Owner, lock: Path) -> None:
    """A lock that every user may read, whatever the umask: they have to see whose it is."""
    lock.write_text(json.dumps(asdict(me), indent=2) + "\n", encoding="utf-8")
    with suppress(OSError):  # a disk of another system has no such rights
        lock.chmod(0o644)


def _other(lock: Path, me: Owner) -> Owner | None:
    """Who else, living as far as one knows, holds a lock."""
    owner = _owner(lock)
    return None if owner in (None, me) or owner.has_ended() else owner


def _owner(lock: Path) -> Owner | None:
    """Whose lock it is, None where there is none. Raises: FolderBusyError for one that does not tell us."""
    try:
        table = read_json(lock)
        return record(table if isinstance(table, dict) else {}, Owner, "it")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        if not os.path.lexists(lock):  # a folder above may not be entered, which says nothing of a lock
            return None
        raise FolderBusyError(
            f"{lock} may not be read, so nobody here knows who writes there; ask its owner, or remove it if nobody does"
        ) from error
    except InputError as error:  # what would mend another file, as to copy it back, does not mend a lock
        raise FolderBusyError(
            f"{lock} does not say who writes there (it is empty, damaged or of another version); "
            "remove it if nobody does"
        ) from error


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One process after the other looks at the lock of a folder and changes it, where the system can do that."""
    handle = None
    with suppress(OSError, AttributeError):  # another kind of system, or a disk on a network
        handle = _flocked(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _flocked(folder: Path) -> int:
    """A handle that holds the folder which is there by then: it may be removed and made anew while one waits."""
    while True:
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(handle), folder.stat()):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
