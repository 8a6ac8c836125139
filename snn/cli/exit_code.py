"""How a command ends: 0 success, 1 failure while working, 2 bad input, 130 interrupted, each failure one line.

The user's mistakes are `InputError`, and paths that cannot be read or written. A full disk, too little memory or
another program that fails are told as they are; anything else is a fault of this package, and says so.
"""

import os
import signal
import sys
import traceback
import warnings
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING

from circuits.errors import InputError, WorkError, shown
from circuits.storage import is_path_to_blame
from snn.cli.terminal import fail, in_one_line, line_of, reserve_output, silence

if TYPE_CHECKING:
    from typer import Typer

INTERRUPTED = "interrupted; what was finished is kept, `snn train --resume` goes on from there"
NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")  # of PyTorch, which has no type for it


def run_app(app: "Typer") -> None:
    """Run the command line and exit with its code; no failure shows more than one line (all of it with SNN_DEBUG)."""
    # Every report has a line for a bias outside the fitted range: the warning is for those who call the library.
    warnings.filterwarnings("ignore", message=".*extrapolated")
    warnings.formatwarning = lambda message, *_, **__: in_one_line(str(message))
    # A termination request unwinds like Ctrl-C, so temporary files go and the last checkpoint stays.
    signal.signal(signal.SIGTERM, _interrupt)
    reserve_output()
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
    except BrokenPipeError:  # of a help page
        silence(sys.stdout)
        return 0
    except Exception as error:
        return _fail(*_judged(error))


def _judged(error: Exception) -> tuple[str, int]:
    """The line and the exit code of an error, by whose fault it is."""
    line = line_of(error)
    if isinstance(error, InputError) or (isinstance(error, OSError) and is_path_to_blame(error)):
        return line, 2
    if isinstance(error, OSError | MemoryError | WorkError) or _lacks_memory(error):
        return line, 1
    return f"{_fault()}: {type(error).__name__}: {line}", 1


def _lacks_memory(error: Exception) -> bool:
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in NO_MEMORY)


def _fault() -> str:
    """Whose fault it is, and where to tell it."""
    try:
        about = metadata("tunnelspike")
        version, urls = about["Version"], about.get_all("Project-URL") or []
    except PackageNotFoundError:
        version, urls = "(not installed)", []
    places = [url.rpartition(",")[2].strip() for url in sorted(urls, key=lambda url: "issue" not in url.lower())]
    where = f"at {places[0]}" if places else "to those you have it from"
    return (
        f"this is a fault of TunnelSpike {version}, not of your input; please report it {where}, with what the same "
        "command shows under SNN_DEBUG=1"
    )


def _fail(message: str, code: int) -> int:
    with suppress(AttributeError, OSError, ValueError):  # standard error may be closed
        if os.environ.get("SNN_DEBUG"):
            sys.stderr.write(shown(traceback.format_exc()))
    fail(message)
    return code
