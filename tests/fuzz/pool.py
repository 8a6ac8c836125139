"""Worker processes with a limit of time on each input; one that hangs or dies is counted and replaced."""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from time import monotonic

from worker import serve

MAKING_S = 60.0  # s to make an input, or to start: the fuzzer's own work


@dataclass(frozen=True)
class Found:
    """What became of one input."""

    index: int
    kind: str
    detail: str
    name: str


class Worker:
    """One process, and the input that it has."""

    def __init__(self, number: int, scratch: Path, *about: object):
        self.scratch = scratch / f"{number}"
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        context = get_context("spawn")
        self.pipe, far = context.Pipe()
        table, seeds, *limits = about
        self.process = context.Process(target=serve, args=(far, table, seeds, self.scratch, *limits), daemon=True)
        self.process.start()
        far.close()
        self.index, self.name, self.deadline = None, "start", monotonic() + 5 * MAKING_S

    def give(self, index: int | None) -> None:
        self.pipe.send(index)
        self.index, self.name, self.deadline = index, "making", monotonic() + MAKING_S

    def end(self) -> int | None:
        """Stop it, however; its exit code."""
        self.process.join(0.2)
        self.process.kill()
        self.process.join()
        self.pipe.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        return self.process.exitcode


def run(indices: Iterable[int], scratch: Path, n_workers: int, *about: object) -> Iterator[Found]:
    """What became of each input, in the order in which they end.

    Args:  scratch: folder of the workers.  about: the module that holds READERS, the folder of their valid files, the
        seed, and the seconds that any input may take.
    Raises:  RuntimeError where the fuzzer itself fails.
    """
    left, numbers = iter(indices), iter(range(1_000_000))

    def start() -> Worker:
        return Worker(next(numbers), scratch, *about)

    workers = [start() for _ in range(n_workers)]
    try:
        while workers:
            ready = wait([worker.pipe for worker in workers], max(0.0, min(w.deadline for w in workers) - monotonic()))
            for worker in list(workers):
                found, alive = _heard(worker, worker.pipe in ready)
                if found:
                    yield found
                if not alive:
                    workers[workers.index(worker)] = start()
                elif worker.index is None and worker.name == "idle":
                    if (index := next(left, None)) is None:
                        worker.pipe.send(None)
                        workers.remove(worker)
                        worker.end()
                    else:
                        worker.give(index)
    finally:
        for worker in workers:
            worker.end()


def _heard(worker: Worker, ready: bool) -> tuple[Found | None, bool]:
    """What a worker says, if anything, and whether it lives."""
    if not ready:
        if monotonic() < worker.deadline:
            return None, True
        return _lost(worker, "hang", "took longer than its limit")
    try:
        message = worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return _lost(worker, "crash", "the process died")
    if message == "ready":
        worker.name = "idle"
        return None, True
    if len(message) == 2:
        limit, worker.name = message
        worker.deadline = monotonic() + limit * _crowd()
        return None, True
    kind, detail, name = message
    found = Found(worker.index, kind, detail, name)
    worker.index, worker.name = None, "idle"
    return found, True


def _crowd() -> float:
    """How much slower than alone a process is now: those that want to run, over the cores."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _lost(worker: Worker, kind: str, detail: str) -> tuple[Found, bool]:
    if worker.index is None or worker.name == "making":
        raise RuntimeError(f"the fuzzer itself failed: input {worker.index}, {worker.name}, {detail} ({worker.end()})")
    code = worker.end()
    return Found(worker.index, kind, f"{detail} (exit code {code})" if kind == "crash" else detail, worker.name), False
