"""Run a deck in ngspice and read its measurements."""

import os
import re
import shutil
import subprocess
from pathlib import Path

_MEASUREMENT = re.compile(r"^(\w+)\s*=\s*([-+]?\d\S*)(\s+(targ|trig|at|from|to)=.*)?$")
# ngspice 39 prints its troubles and often still ends with status 0. Word bounds keep names such as period_error apart.
_TROUBLE = re.compile(r"\b(error|fatal|aborted|failed|singular matrix|too small|no simulations run)\b", re.IGNORECASE)


def run_ngspice(path: Path, timeout_s: float = 60) -> dict[str, float]:
    """Run `ngspice -b` on a deck and return its `.meas` results by name.

    Raises:  FileNotFoundError where the deck or ngspice is missing; RuntimeError with the last lines of the output
    where the run fails, prints an error or takes longer than `timeout_s` seconds.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"no netlist at {path}; write one with circuits.netlist.spice.write_spice")
    program = shutil.which("ngspice")
    if program is None:
        raise FileNotFoundError("ngspice is not on the PATH; install it (Debian: apt-get install ngspice)")
    status, output = _run([program, "-n", "-b", str(path)], timeout_s)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    judged = (line for line in lines if not line.startswith("Circuit:"))  # that line is the title: it may say anything
    if status or any(_TROUBLE.search(line) for line in judged):
        raise RuntimeError(f"ngspice failed on {path} (status {status}): " + " | ".join(lines[-8:]))
    return {match[1]: float(match[2]) for line in lines if (match := _MEASUREMENT.match(line))}


def _run(command: list[str], timeout_s: float) -> tuple[int, str]:
    """Exit status and merged output. `-n` leaves out the user's .spiceinit; the C locale keeps the decimal point."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "LC_ALL": "C", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"ngspice took longer than {timeout_s} s on {command[-1]}; raise timeout_s") from error
    return done.returncode, done.stdout.decode("utf-8", errors="replace")
