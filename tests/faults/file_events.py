"""Every change of a file below one folder, counted as it happens, so that a process can end or wait at exactly one."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "fcntl.flock")


def watch(place: Path, on_event: Callable[[int], None]) -> None:
    """From now on, tell the number of each event below `place`, from 1, before it takes place. There is no way back.

    Events are openings for writing, renames, removals, folders made and removed, locks, and fsync, of which Python
    raises no event of its own. What a library writes without Python lies between two of them: see `tear`.
    """
    count, inside, fsync = 0, os.fsencode(place), os.fsync

    def tell(where: bytes) -> None:
        nonlocal count
        if where.startswith(inside):
            count += 1
            on_event(count)

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & WRITES:
                tell(_path(path))
        elif event in CHANGES:
            tell(_path(arguments[0], _folder(event, arguments)))

    def counted_fsync(handle: int) -> None:
        tell(_path(handle))
        fsync(handle)

    os.fsync = counted_fsync
    sys.addaudithook(hook)


def kill_at(number: int) -> Callable[[int], None]:
    """The process is gone before that event takes place, as after `kill -9`."""
    return lambda event: os.kill(os.getpid(), signal.SIGKILL) if event == number else None


def tear_at(number: int, n_bytes: int) -> Callable[[int], None]:
    """From that event on, the system kills the process in the write that would make a file longer than `n_bytes`."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return lambda event: limit_files(n_bytes) if event == number else None


def limit_files(n_bytes: int) -> None:
    """No file grows beyond `n_bytes` from now on."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


def wait_at(number: int, pause_s: float, handle: int) -> Callable[[int], None]:
    """Before that event, tell through the pipe `handle` that it has come, and stand still."""

    def on_event(event: int) -> None:
        if event == number:
            os.write(handle, b"!")
            time.sleep(pause_s)

    return on_event


def _folder(event: str, arguments: tuple) -> int:
    """The open folder that the path of an event is relative to, -1 where there is none."""
    position = {"os.rename": 2, "os.remove": 1, "os.mkdir": 2, "os.rmdir": 1}.get(event)
    return arguments[position] if position else -1


def _path(path: object, folder: int = -1) -> bytes:
    if isinstance(path, int):
        return bytes(Path(f"/proc/self/fd/{path}").readlink())
    path = os.fsencode(path)
    return os.path.join(_path(folder), path) if folder >= 0 else os.path.abspath(path)  # noqa: PTH100, PTH118 (bytes)
