"""The one error of recordings, whatever they hold."""

from pathlib import Path

from circuits.errors import InputError


class RecordingError(InputError):
    """A recording that cannot be used; the message names the file, what is wrong and the remedy in one line."""


def refusal(path: Path, problem: str, remedy: str) -> RecordingError:
    """The error to raise for a file."""
    return RecordingError(f"{path} {problem}: {remedy}")
