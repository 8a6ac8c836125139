"""Verilog run by Icarus or by Verilator: compiled in a folder of its own, started, its output and status read."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from circuits.errors import InputError, MissingInputError, WorkError
from circuits.processes import OutputError, run_child

RUNS = "run_bench"
# Warnings of style that say nothing of what is simulated: widths in the bench, parts that a machine leaves unused.
_QUIET = ("-Wno-fatal", "-Wno-lint", "-Wno-style")


def find_simulator() -> str | None:
    """The name of the Verilog simulator that is installed: icarus, else verilator, else None."""
    return next((name for name, (program, _) in SIMULATORS.items() if shutil.which(program)), None)


def simulate(
    folder: str | Path, top: str, simulator: str, timeout_s: float, plusargs: Iterable[str] = ()
) -> tuple[int, str]:
    """Compile the `.v` files of a folder and run module `top` there: exit status, and what it printed.

    Raises:  InputError for an unknown simulator; MissingInputError for one that is not installed; WorkError where
    it does not compile, or takes longer than `timeout_s` seconds.
    """
    if simulator not in SIMULATORS:
        raise InputError(f"unknown simulator {simulator!r}; known: {', '.join(SIMULATORS)}")
    program, commands = SIMULATORS[simulator]
    if not shutil.which(program):
        raise MissingInputError(f"{program} is not on the PATH; install it (Debian: apt-get install {program})")
    folder = Path(folder)
    sources = sorted(path.name for path in folder.glob("*.v"))
    compiles, runs = commands(sources, top)
    status, output = _run(compiles, folder, timeout_s)
    if status:
        raise WorkError(f"{program} cannot compile the Verilog in {folder} (status {status}): {_end(output)}")
    return _run([*runs, *(f"+{name}" for name in plusargs)], folder, timeout_s)


def _icarus(sources: list[str], top: str) -> tuple[list[str], list[str]]:
    return ["iverilog", "-g2012", "-s", top, "-o", RUNS, *sources], ["vvp", "-n", RUNS]


def _verilator(sources: list[str], top: str) -> tuple[list[str], list[str]]:
    compiles = ["verilator", "--binary", "--timing", *_QUIET, "-O3", "--top-module", top, "--Mdir", "obj", "-o", RUNS]
    return [*compiles, *sources], [f"obj/{RUNS}"]


SIMULATORS: dict[str, tuple[str, Callable]] = {"icarus": ("iverilog", _icarus), "verilator": ("verilator", _verilator)}


def _run(command: list[str], folder: Path, timeout_s: float) -> tuple[int, str]:
    if command[0].startswith("obj/"):
        command = [str(folder / command[0]), *command[1:]]
    try:
        status, output = run_child(command, timeout_s, folder, {**os.environ, "LC_ALL": "C"})
    except subprocess.TimeoutExpired as error:
        raise WorkError(f"{command[0]} took longer than {timeout_s:g} s; allow it more (timeout_s)") from error
    except OutputError as error:
        raise WorkError(f"{error}: {command[0]} in {folder}") from error
    return status, output.decode("utf-8", errors="replace")


def _end(output: str) -> str:
    return " | ".join(line.strip() for line in output.splitlines() if line.strip())[-600:]
