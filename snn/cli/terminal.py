"""What a command shows: progress on standard error, the result on standard output and nothing else there.

Work that is done stays done: a stream that is closed, or cannot print a character, never makes a failure of it. What
comes from files may hold anything: all text to a terminal goes through here, and control characters are shown as codes.
"""

import errno
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOBase
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from circuits.errors import InputError, shown
from circuits.storage import remedy_of

if TYPE_CHECKING:
    from snn.reporter import Reporter

Made = TypeVar("Made")
NOT_SHOWN = "standard output is closed: the result is not shown"
ESCAPED = "characters that this terminal cannot print are shown as codes; set PYTHONIOENCODING=utf-8"


class Terminal:
    """Progress bars while a command works, then its result as JSON or as tables."""

    def __init__(self, as_json: bool):
        from rich.console import Console

        class Quiet(Console):
            """A console whose reader may leave: the work goes on."""

            def on_broken_pipe(self) -> None:
                silence(sys.stderr)

        self.as_json = as_json
        self.errors = Quiet(stderr=True, highlight=False)
        self._bar = None
        self._tasks: dict[str, int] = {}
        self._failed: list[Exception] = []

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        last = self._failed.pop() if self._failed and error is None else None
        for failure in self._failed:
            self.note(line_of(failure))
        if last is not None:
            raise last

    @property
    def reporter(self) -> "Reporter":
        """Callbacks for long work: a bar with the time left where standard error is a terminal, lines elsewhere."""
        from snn.reporter import Reporter

        return Reporter(self._on_stage, self.note)

    def _on_stage(self, stage: str, done: int, total: int) -> None:
        if not self.errors.is_terminal:
            return
        stage = shown(stage)
        if self._bar is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            name = TextColumn("{task.description}", markup=False)
            columns = (name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.errors, transient=True)
            self._bar.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total)
        self._bar.update(self._tasks[stage], completed=done, total=total, visible=done < total)

    def note(self, line: str) -> None:
        """A line on standard error; where that cannot be written, none."""
        from rich.text import Text

        with suppress(OSError):
            self.errors.print(Text(shown(line)), soft_wrap=True)

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def result(self, value: dict[str, Any]) -> None:
        """Print the result: one JSON object, or tables for a reader.

        Raises: OSError where standard output is a file that takes no more, on a full disk for instance.
        """
        self._stop()
        if self.as_json:
            text = json.dumps(value, allow_nan=False) + "\n"
        else:
            from snn.report.console import as_tables

            text = as_tables(_shown_in(value))
        self._print(text, sys.stdout)

    def text(self, lines: str) -> None:
        """Print lines as they are, for a reader: of a program, say, which no table would hold."""
        self._stop()
        self._print("".join(f"{shown(line)}\n" for line in lines.splitlines()), sys.stdout)

    def _print(self, text: str, stream: TextIOBase | None) -> None:
        if stream is None or stream.closed:
            self.note(NOT_SHOWN)
            return
        encoding = stream.encoding or "utf-8"
        printable = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            stream.write(printable)
            stream.flush()
        except OSError as error:
            silence(stream)  # else its buffer is written once more at the end
            if isinstance(error, BrokenPipeError):  # the reader has seen enough
                return
            if error.errno != errno.EBADF:
                raise OSError(error.errno, f"cannot write the result: {error.strerror}") from error
            self.note(NOT_SHOWN)
        if printable != text:
            self.note(ESCAPED)

    def extra(self, write: Callable[[], Made]) -> Made | None:
        """What `write` keeps for later beside the result, unasked; where that fails, a note says so."""
        try:
            return write()
        except (OSError, InputError) as error:  # the latter for a folder into which another process writes
            self.note(f"{line_of(error)} (the result is complete without it)")
            return None

    def asked(self, write: Callable[[], Made]) -> Made | None:
        """What `write` makes in a file that was asked for; where that fails, the rest is done, then the command fails.

        Raises: OSError and InputError, not here but when the terminal is left: the result is to be shown in any case.
        """
        try:
            return write()
        except (OSError, InputError) as error:
            self._failed.append(error)
            return None


def _shown_in(value: Any) -> Any:
    """A result with every text in it, keys too, as a terminal may be sent it; JSON escapes by itself."""
    if isinstance(value, dict):
        return {shown(key): _shown_in(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown_in(item) for item in value]
    return shown(value) if isinstance(value, str) else value


def fail(message: str) -> None:
    """One line on standard error, which may be closed, for a reader who sees nothing else."""
    with suppress(AttributeError, OSError, ValueError):
        sys.stderr.write(in_one_line(message))


def in_one_line(message: str) -> str:
    return f"snn: {shown(' '.join(message.split()))}\n"


def reserve_output() -> None:
    """Standard output for the result alone: what libraries print there by themselves goes to standard error."""
    if sys.stdout is None or sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        number = sys.stdout.fileno()
        sys.stdout = os.fdopen(os.dup(number), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)
        os.dup2(sys.stderr.fileno(), number)


def silence(stream: TextIOBase) -> None:
    """Let what is written to a stream from now on, and what it still holds, go nowhere."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def line_of(error: BaseException) -> str:
    """What an error says, in one line; an OSError with its file, a fault of ours with the file that was read."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        place, told = f"{error.filename}: " if error.filename else "", error.strerror.startswith("cannot ")
        text = place + error.strerror + ("" if told else remedy_of(error))
    notes = getattr(error, "__notes__", ())
    return ", ".join([" ".join(text.split()) or type(error).__name__, *notes])
