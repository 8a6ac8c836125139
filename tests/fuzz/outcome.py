"""What became of one input: refused well, accepted with all that must hold, or one of the faults that are counted."""

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from reader import Lie, Reader

from circuits.errors import InputError, WorkError
from circuits.storage import is_path_to_blame

GOOD = ("refused", "accepted")
BAD = ("wrong_exception", "accepted_wrong", "hang", "crash", "memory_over")
LONGEST_MESSAGE = 4000  # characters; an error is a line that a person reads

Outcome = tuple[str, str]  # one of those, and what there is to say


def outcome(
    reader: Reader, path: Path, lie: Lie | None = None, limits: AbstractContextManager | None = None
) -> Outcome:
    """Let a reader read a file, within `limits`, which are not those of the checks that follow."""
    try:
        with limits or nullcontext():
            value = reader.read(path)
    except (InputError, WorkError) as error:
        return _refused(reader, path, error)
    except OSError as error:  # one of the path is the user's to mend, any other no word about the file
        return _refused(reader, path, error) if is_path_to_blame(error) else ("wrong_exception", _line(error))
    except MemoryError:
        return "memory_over", "MemoryError"
    except Exception as error:
        return ("memory_over" if "allocate memory" in str(error) else "wrong_exception"), _line(error)
    if lie and lie.refuse:
        return "accepted_wrong", "this must be refused"
    problem = not_finite(value) or reader.check(value, path)
    return ("accepted_wrong", problem) if problem else ("accepted", "")


def _refused(reader: Reader, path: Path, error: Exception) -> Outcome:
    text = f"{error} {getattr(error, 'filename', '') or ''}"
    if reader.named and path.name not in text:
        return "wrong_exception", f"does not name the file: {_line(error)}"
    if len(text) > LONGEST_MESSAGE:
        return "wrong_exception", f"{len(text)} characters of message: {_line(error)}"
    return "refused", _line(error)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300].encode("ascii", "backslashreplace").decode()


def not_finite(value: Any, place: str = "value") -> str:
    """Where in a record, table or array a number is not finite; "" where all are."""
    if hasattr(value, "detach"):  # a tensor, without the seconds that its library takes to import
        value = value.detach().numpy()
    if isinstance(value, np.ndarray):
        fine = value.dtype.kind not in "fc" or np.isfinite(value).all()
        return "" if fine else f"{place} holds NaN or infinity"
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"{place} is {value}"
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if isinstance(value, Mapping):
        return next((found for key, item in value.items() if (found := not_finite(item, f"{place}.{key}"))), "")
    return ""
