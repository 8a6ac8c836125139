"""Whether a network fits into the machine, asked before anything is allocated: a system kills what does not."""

import os

from circuits.errors import InputError

COPIES = 4  # of each weight while training: itself, its gradient, two moments of the optimiser


def check_memory(n_numbers: int, what: str, remedy: str, n_bytes: int = 4) -> None:
    """Raises: InputError if so many numbers exceed the machine's memory. Where that is unknown, all is let through."""
    needed, there = n_numbers * n_bytes, physical_memory()
    if there is not None and needed > there:
        raise InputError(f"{what} needs {needed / 2**30:.3g} GiB and this machine has {there / 2**30:.3g}; {remedy}")


def physical_memory() -> int | None:
    """Bytes of memory of this machine, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
