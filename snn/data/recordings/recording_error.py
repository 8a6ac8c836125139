"""The one error of recordings, whatever they hold."""

import os
from pathlib import Path

from circuits.errors import InputError


class RecordingError(InputError):
    """A recording that cannot be used; the message names the file, what is wrong and the remedy in one line."""


def refusal(path: str | Path, problem: str, remedy: str) -> RecordingError:
    """The error to raise for a file."""
    return RecordingError(f"{shown(path)} {problem}: {remedy}")


def shown(path: str | Path) -> str:
    """A path as text that can be printed and stored: bytes that are not UTF-8 as \\xff."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
