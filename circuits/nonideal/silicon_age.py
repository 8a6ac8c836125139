"""The age of a piece of silicon: the time since its weights were written."""

import math

from circuits.errors import InputError
from circuits.units import Seconds


def require_age(age: Seconds) -> None:
    """Raise InputError for an age below zero, or none that is a number."""
    if not 0 <= age < math.inf:
        raise InputError(f"an age must be finite and at least 0 s, got {age:g} s; a week is 604800 s")
