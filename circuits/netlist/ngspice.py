"""Run a deck in ngspice and read its measurements and its waves."""

import math
import os
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np

from circuits.errors import InputError, MissingInputError, WorkError
from circuits.netlist.rawfile import read_raw
from circuits.processes import OutputError, run_child
from circuits.storage import NO_ROOM, scratch_folder, write_atomically, write_text

_MEASUREMENT = re.compile(r"^(\w+)\s*=\s*([-+]?\d\S*)(\s+(targ|trig|at|from|to)=.*)?$")
# ngspice 39 prints its troubles and often still ends with status 0. Word bounds keep names such as period_error apart.
_TROUBLE = re.compile(r"\b(error|fatal|aborted|failed|singular matrix|too small|no simulations run)\b", re.IGNORECASE)
_PROGRESS = re.compile(r"\r?\s?Reference value :\s*\S+")  # printed without a line end, before whatever comes next
_RAW, _DECK = "waves.raw", "run.cir"
_CONTROL = f"* run\n.control\nset filetype=binary\nsource {{deck}}\nrun\nwrite {_RAW}\nquit\n.endc\n.end\n"


def find_ngspice() -> str | None:
    """Path of the simulator, None where it is not installed."""
    return shutil.which("ngspice")


def run_ngspice(path: str | Path, timeout_s: float = 60) -> dict[str, float]:
    """Run `ngspice -b` on a deck and return its `.meas` results by name.

    Raises:  FileNotFoundError where the deck or ngspice is missing; WorkError with the last lines of the output
    where the run fails, prints an error or without end, or takes longer than `timeout_s` seconds.
    """
    path = _deck(path)
    return _measurements(path, [_program(), "-n", "-b", str(path)], timeout_s)


def run_waves(path: str | Path, timeout_s: float = 60) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Run a deck; its `.meas` results, and what it saves from the raw file: `time`, `v(spk)`, ... each `(point,)`.

    The run takes place in a temporary folder, on copies of the decks and libraries beside the file.
    Raises:  as `run_ngspice`; WorkError too where ngspice leaves no raw file, or a broken one; OSError.
    """
    path = _deck(path)
    program = _program()
    with scratch_folder() as place:
        for file in path.parent.iterdir():
            if file.suffix in (".cir", ".lib"):
                write_atomically(place / file.name, partial(shutil.copyfile, file))
        write_text(place / _DECK, _CONTROL.format(deck=path.name))
        measured = _measurements(path, [program, "-n", "-b", _DECK], timeout_s, place)
        if not (place / _RAW).is_file():
            raise WorkError(f"ngspice left no raw file of {path}; does it hold a .tran line?")
        try:
            return measured, read_raw(place / _RAW)
        except InputError as error:
            raise WorkError(f"ngspice left no whole raw file of {path} ({error}); {NO_ROOM}") from error


def _deck(path: str | Path) -> Path:
    path = Path(path).resolve()
    if not path.is_file():
        raise MissingInputError(f"no netlist at {path}; write one with circuits.netlist.spice.write_spice")
    return path


def _program() -> str:
    program = find_ngspice()
    if program is None:
        raise MissingInputError("ngspice is not on the PATH; install it (Debian: apt-get install ngspice)")
    return program


def _measurements(path: Path, command: list[str], timeout_s: float, folder: Path | None = None) -> dict[str, float]:
    try:
        status, output = _run(command, timeout_s, folder)
    except subprocess.TimeoutExpired as error:
        raise WorkError(f"ngspice took longer than {timeout_s:g} s on {path}; allow it more (timeout)") from error
    except OutputError as error:
        raise WorkError(f"{error}, on {path}; does the deck print what it need not?") from error
    lines = [line.strip() for line in _PROGRESS.sub("", output).splitlines() if line.strip()]
    judged = (line for line in lines if not line.startswith("Circuit:"))  # that line is the title: it may say anything
    if status or any(_TROUBLE.search(line) for line in judged):
        raise WorkError(f"ngspice failed on {path} (status {status}): " + " | ".join(lines[-8:]))
    return {match[1]: _number(match, path) for line in lines if (match := _MEASUREMENT.match(line))}


def _number(measurement: re.Match[str], path: Path) -> float:
    """Raises: WorkError for a result that is no finite number."""
    try:
        value = float(measurement[2])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise WorkError(f"ngspice measured {measurement[1]} = {measurement[2]} on {path}: that is no number")
    return value


def _run(command: list[str], timeout_s: float, folder: Path | None = None) -> tuple[int, str]:
    """Exit status and merged output. `-n` leaves out the user's .spiceinit; the C locale keeps the decimal point.

    ngspice sets its own number of threads, whatever OMP_NUM_THREADS says; two that wait for each other on a busy
    machine take up to a hundred times as long as one. It may not go beyond the limit.
    """
    status, output = run_child(command, timeout_s, folder, {**os.environ, "LC_ALL": "C", "OMP_THREAD_LIMIT": "1"})
    return status, output.decode("utf-8", errors="replace")
