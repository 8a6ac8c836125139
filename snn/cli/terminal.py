"""What a command shows: progress on standard error, the result on standard output, and the exit code.

0 success, 1 failure while working, 2 bad input, 130 interrupted; every failure is one line on standard error.
"""

import json
import os
import signal
import sys
import traceback
import warnings
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typer import Typer

    from snn.reporter import Reporter

BAD_INPUT = (ValueError, TypeError, FileNotFoundError, NotADirectoryError, IsADirectoryError, ImportError)
INTERRUPTED = "interrupted; what was finished is kept, `snn train --resume` goes on from there"
WORKING = (OSError, ArithmeticError, MemoryError, RuntimeError)


class Terminal:
    """Progress bars while a command works, then its result as JSON or as tables."""

    def __init__(self, as_json: bool):
        from rich.console import Console

        self.as_json = as_json
        self.errors = Console(stderr=True, highlight=False)
        self._bar = None
        self._tasks: dict[str, int] = {}

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def reporter(self) -> "Reporter":
        """Callbacks for long work: a bar with the time left where standard error is a terminal, lines elsewhere."""
        from snn.reporter import Reporter

        return Reporter(self._on_stage, self._on_note)

    def _on_stage(self, stage: str, done: int, total: int) -> None:
        if not self.errors.is_terminal:
            return
        if self._bar is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.errors, transient=True)
            self._bar.start()
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=total)
        self._bar.update(self._tasks[stage], completed=done, total=total, visible=done < total)

    def _on_note(self, line: str) -> None:
        from rich.text import Text

        self.errors.print(Text(line))

    def _stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def result(self, value: dict[str, Any]) -> None:
        """Print the result: one JSON object, or tables for a reader."""
        self._stop()
        if self.as_json:
            sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
        else:
            from snn.report.console import print_result

            print_result(value)
        sys.stdout.flush()


def run_app(app: "Typer") -> None:
    """Run the command line and exit with its code; no failure shows more than one line (all of it with SNN_DEBUG)."""
    # Every report has a line for a bias outside the fitted range: the warning is for those who call the library.
    warnings.filterwarnings("ignore", message=".*extrapolated")
    # A termination request unwinds like Ctrl-C, so temporary files go and the last checkpoint stays.
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(exit_code(app))


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def exit_code(app: "Typer", arguments: list[str] | None = None) -> int:
    """Run one command (default: the process's arguments) and return its exit code."""
    from typer import Abort, BadParameter

    # The root of the usage errors: typer brought click along for years, and now carries its own copy.
    usage_error = next(kind for kind in BadParameter.__mro__ if kind.__name__ == "ClickException")
    try:
        code = app(arguments, standalone_mode=False)  # an Exit comes back as its code, Ctrl-C as 130
        return _fail(INTERRUPTED, 130) if code == 130 else code if isinstance(code, int) else 0
    except (KeyboardInterrupt, Abort):
        return _fail(INTERRUPTED, 130)
    except usage_error as error:
        return _fail(error.format_message(), 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left: nothing more to say
        return 0
    except BAD_INPUT as error:
        return _fail(_line(error), 2)
    except WORKING as error:
        return _fail(_line(error), 1)


def _line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text or type(error).__name__


def _fail(message: str, code: int) -> int:
    if os.environ.get("SNN_DEBUG"):
        traceback.print_exc()
    sys.stderr.write(f"snn: {' '.join(message.split())}\n")
    return code
