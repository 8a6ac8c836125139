"""A process is known by host, number and the moment at which it began: another may have its number by now."""

import os
import socket
import subprocess
from pathlib import Path


def has_ended(host: str, pid: int, beginning: str | None) -> bool | None:
    """Whether that process is no more; None where nobody here knows: on another machine, or a system that tells not."""
    if host != socket.gethostname() or began(os.getpid()) is None:
        return None
    return began(pid) != beginning


def began(pid: int) -> str | None:
    """When a process began, as its system counts; None for one that is not there, and where the system tells not."""
    try:
        if Path("/proc/self/stat").exists():
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            return None if state in "ZX" else f"{boot} {rest[18]}"  # clock ticks after the start of the machine
        listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
        return listed.stdout.strip() or None
    except OSError:
        return None
