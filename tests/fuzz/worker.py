"""A process that makes one input after the other and lets the product read it, within limits of memory and time."""

import gc
import importlib
import os
import resource
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from inputs import Input, Table
from outcome import GOOD, Outcome, outcome

MIB = 1 << 20
MEMORY = 256 * MIB  # above what the process held before; of reading any one file
GUARD = 1024 * MIB  # of address space above that, where the system refuses more
SECONDS_PER_MIB, SECONDS_PER_HOLLOW_MIB = 2.0, 0.01  # of what lies on the disk, and of all, holes too
WARM = 3  # valid files of each reader that are read first


def serve(pipe: Connection, table: str, seeds: Path, scratch: Path, seed: int, seconds: float) -> None:
    """Answer each index with its limit in seconds, then with (class, what to say, name of the input)."""
    warnings.simplefilter("ignore")
    printed = _redirected(scratch)
    inputs = Table(importlib.import_module(table).READERS, seeds, seed)
    os.chdir(scratch)
    os.environ |= {"SNN_DATA": str(scratch / "data"), "COLUMNS": "200"}
    warm(inputs, scratch / "input")
    pipe.send("ready")
    while (index := pipe.recv()) is not None:
        given = inputs.make(index, scratch / "input")
        printed.truncate(0)
        pipe.send((seconds + given.reader.seconds + _seconds(given.path), given.name))
        kind, detail = within_memory(given)
        if os.fstat(printed.fileno()).st_size and kind in GOOD:
            kind, detail = "accepted_wrong", f"printed on standard output; {kind} {detail}"
        pipe.send((kind, detail, given.name))


def warm(inputs: Table, folder: Path) -> None:
    """Read some valid files: what is imported and compiled at the first use is no memory of a file."""
    for reader in inputs.readers:
        for path in inputs.valid(reader)[:WARM]:
            outcome(reader, inputs.place(reader, folder, path.read_bytes()))


def within_memory(given: Input) -> Outcome:
    """What becomes of an input; over its memory where it takes more than it may."""
    n_bytes, taken = _bytes(given.path), []
    kind, detail = outcome(given.reader, given.path, given.lie, _guard(given.path, taken))
    if taken[0] <= MEMORY:
        return kind, detail
    gc.collect()
    return "memory_over", f"{taken[0] / MIB:.0f} MiB for {n_bytes} bytes; {kind} {detail}"


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


def _seconds(path: Path) -> float:
    """The time that a file may take for its size (s)."""
    size = path.stat().st_size if path.is_file() else 0
    return (SECONDS_PER_MIB * _bytes(path) + SECONDS_PER_HOLLOW_MIB * size) / MIB


def _status(key: str) -> int:
    """A size of this process (bytes)."""
    with open("/proc/self/status") as file:  # noqa: PTH123
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))


def _start_of_peak() -> int:
    """Let the system count the highest resident size anew; the present one."""
    with open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
        file.write("5")
    return _status("VmRSS:")


@contextmanager
def _guard(path: Path, taken: list[int]) -> Iterator[None]:
    """The limit on address space while a file is read, which may be mapped; appends what memory that took at most."""
    size, base = path.stat().st_size if path.is_file() else 0, _start_of_peak()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_status("VmSize:") + GUARD + size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        taken.append(_status("VmHWM:") - base)
