"""Whether networks and clips fit into the machine, asked before anything is allocated: a system kills what does not."""

import os

from circuits.errors import InputError

COPIES = 4  # of each weight while training: itself, its gradient, two moments of the optimiser
MAX_PER_CLIP = 1 << 25  # numbers; ASSUMED: a minute in steps of 1 ms by 512 channels


def check_clip(duration_s: float, step_s: float, n_channels: int) -> None:
    """Raises: InputError if a front end would make more than `MAX_PER_CLIP` numbers of a clip of that duration (s)."""
    if (n_numbers := duration_s / step_s * n_channels) > MAX_PER_CLIP:
        raise InputError(
            f"{duration_s:g} s in steps of {step_s:g} s by {n_channels} channels are {n_numbers:.3g} numbers for each "
            f"clip, more than {MAX_PER_CLIP:,}; lengthen the step, shorten the clip or take fewer channels"
        )


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
