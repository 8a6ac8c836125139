"""The one error of recordings, whatever they hold."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from circuits.errors import InputError


class RecordingError(InputError):
    """A recording that cannot be used; the message names the file, what is wrong and the remedy in one line."""


def refusal(path: str | Path, problem: str, remedy: str) -> RecordingError:
    """The error to raise for a file."""
    return RecordingError(f"{path} {problem}: {remedy}")


def refuse_name(path: str | Path) -> None:
    """Raises:  RecordingError for a name that is not UTF-8: no list or record could hold it."""
    if any("\ud800" <= letter <= "\udfff" for letter in str(path)):
        here = sys.getfilesystemencoding()
        remedy = "rename it" if here == "utf-8" else f"the system's names are {here}; set LC_ALL=C.UTF-8, or rename it"
        raise refusal(path, "has a name that is not UTF-8", remedy)


@contextmanager
def of_file(path: str | Path) -> Iterator[None]:
    """What is refused of what was read from a file names it too.  Raises:  RecordingError."""
    try:
        yield
    except RecordingError:
        raise
    except InputError as error:
        raise RecordingError(f"{path}: {error}") from error
