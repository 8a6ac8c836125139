"""Another program that one waits for: it ends when this process does, and takes no more time and room than it may."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from circuits.errors import WorkError

MOST_OUTPUT = 1 << 24  # bytes; ASSUMED: a program that one waits for prints a thousandth of it
PIECE = 1 << 16
# Its input ends when this process does, in whatever way: then it kills the group. What runs between fork and exec of
# the program itself could ask the kernel for that, but is not safe beside threads.
_GUARD = 'read -r _; kill -s KILL -- "-$1"'


class OutputError(WorkError):
    """A program that prints more than `MOST_OUTPUT`."""


def run_child(
    command: list[str],
    timeout_s: float,
    folder: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Run a program in a process group of its own; its exit status and what it printed, errors among the rest.

    Raises:  subprocess.TimeoutExpired; OutputError; OSError where it cannot be run. Its group has then been killed.
    """
    deadline = time.monotonic() + timeout_s
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as child, _killed_unless_done(child), _guarded(child.pid):  # fmt: skip
        output = _output(child, deadline)
        return child.wait(max(0.0, deadline - time.monotonic())), output


@contextmanager
def _killed_unless_done(child: subprocess.Popen) -> Iterator[None]:
    try:
        yield
    finally:
        if child.returncode is None:  # not waited for: nobody else can have its number
            with suppress(ProcessLookupError, PermissionError):  # it has just ended, as some systems put it
                os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def _guarded(group: int) -> Iterator[None]:
    """A shell beside the group that outlives this process for as long as it takes to kill the group."""
    command = ["/bin/sh", "-c", _GUARD, "sh", str(group)]
    null = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=null, stderr=null, start_new_session=True) as guard:
        try:
            yield
        finally:
            guard.kill()


def _output(child: subprocess.Popen, deadline: float) -> bytes:
    """All that a program prints.  Raises:  as `run_child`."""
    output = bytearray()
    with selectors.DefaultSelector() as ready:
        ready.register(child.stdout, selectors.EVENT_READ)
        while ready.select(max(0.0, deadline - time.monotonic())):
            if not (piece := os.read(child.stdout.fileno(), PIECE)):
                return bytes(output)
            output += piece
            if len(output) > MOST_OUTPUT:
                last = output[-100:].decode(errors="replace").split("\n")[-2:][0]
                raise OutputError(f"{child.args[0]} printed more than {MOST_OUTPUT >> 20} MiB, at last {last!r}")
    raise subprocess.TimeoutExpired(child.args, 0)
