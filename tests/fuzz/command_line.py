"""The command line as a reader: one command in this process, judged by its exit code and its streams."""

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unicodedata import category

from circuits.errors import InputError, WorkError
from snn.cli.app import app
from snn.cli.exit_code import exit_code
from snn.data.sets.manifest import load_manifests

FAULT = "fault of TunnelSpike"
LONG = ("demo",)  # commands of minutes, which no strange value ends sooner
HARMLESS = ("/dev/", "/proc/")
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class Told(RuntimeError):
    """A command ended in a way that no input may cause."""


def command(*arguments: str) -> dict[str, Any]:
    """What `snn` prints as JSON.

    Raises:  InputError (exit code 2), WorkError (1), MemoryError; Told for a fault of the product, for more than a
    line, for control characters and for anything but JSON on standard output.
    """
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = exit_code(app, list(arguments))
    shown, said = out.getvalue(), err.getvalue()
    if code == 1 and "emory" in said:
        raise MemoryError(said)
    if FAULT in said:
        raise Told(said.rpartition("SNN_DEBUG=1: ")[2])
    if odd := [c for c in shown + said if _commands(c)]:
        raise Told(f"control characters {sorted(set(odd))} reach the terminal: {said!r}")
    value = _json(shown) if "--json" in arguments and "--help" not in arguments else {}
    if code == 2 and not value:
        if said.count("\n") != 1:
            raise Told(f"{said.count(chr(10))} lines of error: {said!r}")
        raise InputError(said)
    if code == 1 and not value:
        raise WorkError(said)
    if code not in (0, 1, 2):
        raise Told(f"exit code {code}: {said}")
    return value


def _commands(character: str) -> bool:
    """Whether a terminal obeys it: a control character, or one that turns the direction of writing."""
    return character != "\n" and (category(character) in ("Cc", "Cs") or character in TURNS)


def _json(text: str) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise Told(f"{name} in the JSON")

    try:
        return json.loads(text, parse_constant=refuse) if text else {}
    except ValueError as error:
        raise Told(f"standard output is no JSON: {text[:100]!r}") from error


def _inside(argument: str) -> str:
    """No path of a command leads out of the worker's folder."""
    here = argument.startswith((str(Path.cwd()), *HARMLESS))
    return argument if here or not (argument.startswith("/") or ".." in argument) else argument.replace("/", "_")


def argument(data: bytes) -> str:
    """Bytes as an argument of a process, which holds no NUL and at most 128 KiB."""
    return data.replace(b"\0", b"")[: 1 << 17].decode("utf-8", "surrogateescape")


def run_lines(path: Path) -> dict[str, Any]:
    """The command whose arguments stand in a file, one a line, in its folder."""
    lines = argument(path.read_bytes()).split("\n")
    if lines[0] in LONG or set(lines[2:]) & set(load_manifests()):  # which would be fetched
        raise InputError(f"{path.name}: not run here")
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        return command(*map(_inside, lines))
    finally:
        os.chdir(before)
