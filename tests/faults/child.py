"""One `snn` command in a process of its own, forked from one that has imported everything and worked nothing."""

import faulthandler
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LONGEST_S = 60  # of a command that takes one; then it counts as hanging


@dataclass(frozen=True)
class Child:
    """A command at work; what it says on standard error comes through `said`."""

    pid: int
    said: int


@dataclass(frozen=True)
class End:
    """Exit code, negative for the signal that ended it, and standard error."""

    code: int
    said: str

    def __str__(self) -> str:
        lines = self.said.strip().splitlines()
        return f"exit {self.code}: {lines[-1] if lines else ''}"


def start(arguments: list[str], environment: Mapping[str, str], before: Callable[[], object] = lambda: None) -> Child:
    """Begin `snn ARGUMENTS`; `before` is called in the new process."""
    reading, writing = os.pipe()
    if pid := os.fork():
        os.close(writing)
        return Child(pid, reading)
    code = 99
    try:
        _arrange(arguments, environment, writing)
        before()
        from snn.cli.app import app
        from snn.cli.exit_code import exit_code

        code = exit_code(app, arguments)
        sys.stderr.flush()
    finally:
        os._exit(code)


def _arrange(arguments: list[str], environment: Mapping[str, str], said: int) -> None:
    signal.alarm(LONGEST_S + 5)
    faulthandler.dump_traceback_later(LONGEST_S, file=said)  # where it hangs
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.update(environment)
    sys.argv = ["snn", *arguments]
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle, source in enumerate((nowhere, nowhere, said)):
        os.dup2(source, handle)
    for name, handle in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, os.fdopen(handle, "w", encoding="utf-8", closefd=False))


def end(child: Child) -> End:
    """Wait for a command, and for what it has left at work."""
    with os.fdopen(child.said, encoding="utf-8", errors="replace") as file:
        said = file.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
    return End(code, plain(said))


def plain(said: str) -> str:
    """A text without the colours of a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", said)


def run(arguments: list[str], environment: Mapping[str, str], before: Callable[[], object] = lambda: None) -> End:
    """`snn ARGUMENTS` from begin to end."""
    return end(start(arguments, environment, before))
