"""Other load on the machine: processes that keep a core and its memory busy until they are ended."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Arithmetic on, and copies of, more than a cache holds; it ends by itself where its parent is gone.
BUSY = """
import os
import numpy as np
parent, block = os.getppid(), np.ones(1 << 23)
while os.getppid() == parent:
    other = block * 0.999 + 0.001
    block[:] = other[::-1]
"""


@contextmanager
def load(n_processes: int) -> Iterator[None]:
    """As long as the block lasts. Raises: RuntimeError if one of them did not last."""
    children = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(n_processes)]
    try:
        yield
        ended = sum(child.poll() is not None for child in children)
    finally:
        for child in children:
            child.kill()
            child.wait()
    if ended:
        raise RuntimeError(f"{ended} of {n_processes} processes of load ended early: the figures are of less load")


def load_seconds() -> float:
    """Processor time of the processes that have been ended (s)."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
