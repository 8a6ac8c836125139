"""What this process holds: memory, open files, threads, and files below a folder of its own."""

import contextlib
import ctypes
import gc
import threading
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Census:
    memory_mib: float
    open_files: int
    threads: int
    files: int


def take(folder: Path) -> Census:
    """After the rubbish has been collected and free memory handed back, so that only what is held is counted."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # another C library than glibc keeps what it has freed
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    told = dict(line.split(":", 1) for line in status.splitlines())
    return Census(
        memory_mib=1024 * int(told["VmRSS"].split()[0]) / MIB,
        open_files=len(list(Path("/proc/self/fd").iterdir())),
        threads=max(int(told["Threads"]), threading.active_count()),
        files=sum(path.is_file() for path in folder.rglob("*")),
    )


def grown(first: Census, later: list[Census]) -> Census:
    """The most that any of the later ones holds above the first."""
    return Census(*(max(getattr(one, name) for one in later) - value for name, value in vars(first).items()))
