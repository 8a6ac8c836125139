"""A process is known by the place that counts it, its number and its beginning: another may have its number by now."""

import os
import re
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """What tells a process from all others, noted where it ran; None for what its system does not tell."""

    host: str
    machine: str | None  # stays when the machine starts again
    boot: str | None  # this start of it
    namespace: str | None  # each container counts its own processes from 1
    pid: int
    began: str | None

    def has_ended(self, spelled: "Callable[[Process], Process]" = lambda process: process) -> bool | None:
        """Whether it is no more; None where nobody here knows: on another machine, in another container, or a system
        that tells not.

        Args:  spelled: how its fields were noted, in short hashes for instance.
        """
        here = process_here(self.pid)
        now = spelled(here)
        if began(os.getpid()) is None or (self.host, self.machine) != (now.host, now.machine):
            return None
        if self.boot != now.boot:
            return True
        if self.namespace != now.namespace or (here.began is None and _is_hidden(self.pid)):
            return None
        return self.began != now.began


def process_here(pid: int) -> Process:
    """The process that has a number here, now."""
    host, boot = socket.gethostname(), _line("/proc/sys/kernel/random/boot_id")
    if began(os.getpid()) is None:
        return Process(host, None, None, None, pid, None)
    return Process(host, _machine(boot), boot, _namespace(), pid, began(pid))


def began(pid: int) -> str | None:
    """When a process began, as its system counts; None for one that is not there, and where the system tells not."""
    try:
        if Path("/proc/self/stat").exists():
            if Path("/proc/self").readlink().name != str(os.getpid()):  # it shows another namespace's processes
                return None
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return None if state in "ZX" else rest[18]  # clock ticks after the start of the machine
        listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
        return listed.stdout.strip() or None
    except OSError:
        return None


def _machine(boot: str | None) -> str | None:
    """The machine's own number; where it has none, its start, as a later one may be that of a namesake."""
    number = _line("/etc/machine-id") or ""
    return number if boot and re.fullmatch("[0-9a-f]{32}", number) else boot


def _namespace() -> str | None:
    with suppress(OSError):
        return Path("/proc/self/ns/pid").readlink().name
    return None


def _line(file: str) -> str | None:
    with suppress(OSError):
        return Path(file).read_text(encoding="utf-8", errors="replace").strip() or None
    return None


def _is_hidden(pid: int) -> bool:
    """Whether a process is there of which its system shows nothing, as of other users' with the option `hidepid`."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return not os.access(f"/proc/{pid}/stat", os.R_OK)
    except (OSError, OverflowError):
        return False
    return False
