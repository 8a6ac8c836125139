"""Memory that a training step adds, each in a fresh process: python tests/benchmarks/memory.py CANDIDATE SETTING

The peak of resident memory during the step less the resident memory before it. A step of two short clips goes first:
it pays for compilation, libraries and the optimiser's state. Free memory is handed back to the system before, so that
a step cannot hide in what the imports left.
"""

import contextlib
import ctypes
import resource
import statistics
import subprocess
import sys
from pathlib import Path

import torch
from candidates import training_step
from network import SETTINGS, data

REPEATS, MIB = 3, 2**20


def extra_memory_mib(candidate: str, setting: str, repeats: int = REPEATS) -> float:
    """Median of fresh processes (MiB). Raises: RuntimeError with what a process wrote if it failed."""
    command = [sys.executable, __file__, candidate, setting]
    return statistics.median(_run(command) for _ in range(repeats))


def _run(command: list[str]) -> float:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stderr}")
    return float(done.stdout.split()[-1])


def step_memory_mib(candidate: str, setting: str) -> float:
    """Of this process, which must be fresh."""
    n_time, n_batch, recurrent = SETTINGS[setting]
    step = training_step(candidate, recurrent)
    step(*data(4, n_batch if candidate == "compiled_loop" else 2))  # the loop is compiled for one batch
    x, labels = data(n_time, n_batch)
    _hand_back()
    before = _resident("VmRSS")
    reset = _reset_peak()
    step(x, labels)
    peak = _resident("VmHWM") if reset else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(0, peak - before) / MIB


def _resident(key: str) -> int:
    """A line of /proc/self/status in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


def _hand_back() -> None:
    """Give free memory of the C library's heap back to the system, where that library is glibc."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _reset_peak() -> bool:
    """Let the peak start at the present; False where the system does not allow it: then the peak is of all time."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


if __name__ == "__main__":
    torch.set_num_threads(2)
    torch.set_flush_denormal(True)
    sys.stdout.write(f"{step_memory_mib(*sys.argv[1:3])}\n")
