"""What is the user's to mend, told apart from our own faults: value, limit, place and remedy, in one line."""

import re

# What a terminal obeys instead of showing: control characters, ends of lines and directions of writing; and what no
# encoding knows, halves of pairs that stand for bytes of a file name.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

LONGEST = 3000  # letters of a message: a value of a megabyte is known by its two ends


def shown(text: object) -> str:
    """A text or path that can be printed: an escape sequence as \\x1b, a byte that is not UTF-8 as \\xff."""
    return UNSEEN.sub(_code, str(text))


def _code(found: re.Match[str]) -> str:
    code = ord(found[0])
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code  # as Python names the bytes that it cannot decode
    return f"\\x{byte:02x}" if byte <= 0xFF else f"\\u{byte:04x}"


def _shortened(text: str) -> str:
    """The two ends of what is too long to be read: what is wrong and where, and the remedy."""
    if len(text) <= LONGEST:
        return text
    kept = LONGEST // 3
    return f"{text[: 2 * kept - 50]} ({len(text) - 3 * kept + 50:,} letters left out) {text[-kept:]}"


class _Readable(Exception):
    """A message that a terminal shows, and a person reads to its end."""

    def __str__(self) -> str:
        return _shortened(shown(super().__str__()))


class InputError(_Readable, ValueError):
    """A value, file or setting that cannot be used. Any other exception is a fault of this package."""


class InputTypeError(InputError, TypeError):
    """A value of the wrong kind, a text for a number for instance."""


class DivergedError(InputError, FloatingPointError):
    """Numbers that grew beyond all bounds under the settings that were asked for."""


class MissingInputError(InputError, FileNotFoundError):
    """A file or folder that is not there."""


class MissingPackageError(InputError, ImportError):
    """An optional package that is not installed."""


class WorkError(_Readable, RuntimeError):
    """Work that cannot be finished: another program fails or takes too long, a simulation does not converge."""
