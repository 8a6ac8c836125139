"""A process that makes one input after the other and lets the product read it, within limits of memory and time."""

import gc
import importlib
import os
import resource
import shutil
import sys
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

from inputs import Table
from outcome import outcome

MIB = 1 << 20
MEMORY = 256 * MIB  # above what the process held before; of reading any one file
GUARD = 1024 * MIB  # of address space above that, where the system refuses more
SECONDS, SECONDS_PER_MIB = 5.0, 2.0
WARM = 3  # valid files of each reader that are read first


def serve(pipe: Connection, table: str, seeds: Path, scratch: Path, seed: int) -> None:
    """Answer each index with its limit in seconds, then with (class, what to say, name of the input)."""
    warnings.simplefilter("ignore")
    printed = _redirected(scratch)
    inputs = Table(importlib.import_module(table).READERS, seeds, seed)
    os.chdir(scratch)
    os.environ |= {"SNN_DATA": str(scratch / "data"), "COLUMNS": "200"}
    for reader in inputs.readers:  # what is imported and compiled at the first use is no memory of a file
        for path in inputs.valid(reader)[:WARM]:
            outcome(reader, inputs.place(reader, scratch / "warm", path.read_bytes()))
    pipe.send("ready")
    while (index := pipe.recv()) is not None:
        given = inputs.make(index, scratch / "input")
        limit = SECONDS + SECONDS_PER_MIB * _bytes(given.path) / MIB
        printed.truncate(0)
        pipe.send((limit, given.name))
        base = _start_of_peak()
        with _guard():
            found = outcome(given.reader, given.path, given.lie)
        peak = _peak()
        if peak - base > MEMORY:
            found = "memory_over", f"{(peak - base) / MIB:.0f} MiB for {_bytes(given.path)} bytes; {' '.join(found)}"
        elif os.fstat(printed.fileno()).st_size:
            found = "accepted_wrong", f"printed on standard output; {' '.join(found)}"
        pipe.send((*found, given.name))
        _clear(scratch / "input")
        if peak - base > MEMORY:
            gc.collect()


def _redirected(scratch: Path):
    """Standard output to a file, whose size tells whether a C library wrote there; standard error to another."""
    files = [(scratch / name).open("w+b") for name in ("stdout", "stderr")]
    for descriptor, file in enumerate(files, 1):
        os.dup2(file.fileno(), descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    return files[0]


def _bytes(path: Path) -> int:
    """What a file holds on the disk: a sparse one is no long file."""
    try:
        return min(path.stat().st_size, path.stat().st_blocks * 512)
    except OSError:
        return 0


def _status(key: str) -> int:
    """A size of this process (bytes)."""
    with open("/proc/self/status") as file:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def _start_of_peak() -> int:
    """Let the system count the highest resident size anew; the present one."""
    with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
        file.write("5")
    return _status("VmRSS:")


def _peak() -> int:
    return _status("VmHWM:")


class _guard:
    """The limit on address space while a file is read."""

    def __enter__(self):
        self.before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize:") + GUARD, self.before[1]))

    def __exit__(self, *_):
        resource.setrlimit(resource.RLIMIT_AS, self.before)


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
