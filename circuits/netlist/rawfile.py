"""The binary raw file of ngspice: a text header, then doubles, one row per time point."""

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from circuits.errors import InputError
from circuits.storage import open_regular, reading

MARK = b"Binary:\n"
MAX_HEADER = 2**20  # bytes; a header names every saved vector
MOST_VALUES = 2**33  # bytes, which stay on the disk until they are looked at
PIECE = 2**20  # values that are looked at together


def read_raw(path: str | Path) -> dict[str, np.ndarray]:
    """Vectors of a real, binary raw file by name (`time`, `v(mem)`, ...), each `(point,)`, mapped.

    Raises:  FileNotFoundError; InputError naming what is wrong where the file is truncated, complex or no raw file.
    """
    path = Path(path)
    with reading(path), open_regular(path) as file:
        names, n_points, start = _header(path, file.read(MAX_HEADER))
        size, there = len(names) * n_points, (os.fstat(file.fileno()).st_size - start) // 8
        if there < size:
            raise InputError(f"{path} is truncated: {there} values of {size}")
        if 8 * size > MOST_VALUES:
            raise InputError(f"{path} holds {8 * size:,} bytes of values, at most {MOST_VALUES:,} are read; save fewer")
        _require_finite(path, file, start, size)
        values = np.memmap(file, "<f8", "r", start, (size,))  # a long clip takes gigabytes
    return dict(zip(names, values.reshape(n_points, len(names)).T, strict=True))


def rising_edges(time: np.ndarray, wave: np.ndarray, level: float) -> np.ndarray:
    """Times (s) at which a wave rises through a level, by linear interpolation."""
    before = np.flatnonzero((wave[1:] > level) & (wave[:-1] <= level))
    part = (level - wave[before]) / (wave[before + 1] - wave[before])
    return time[before] + part * (time[before + 1] - time[before])


def _require_finite(path: Path, file: BinaryIO, start: int, size: int) -> None:
    """Looked at in pieces that are forgotten: of a mapped file all that was looked at stays in memory."""
    file.seek(start)
    for first in range(0, size, PIECE):
        if not np.isfinite(np.fromfile(file, "<f8", min(PIECE, size - first))).all():
            raise InputError(f"{path} holds NaN or infinity; simulate it again")


def _header(path: Path, data: bytes) -> tuple[list[str], int, int]:
    """Names of the vectors, number of points, and where in the file the values begin."""
    mark = data.find(MARK)
    if mark < 0:
        raise InputError(f"{path} is no binary raw file: no line {MARK.decode().strip()!r}; set filetype=binary")
    lines = data[:mark].decode("utf-8", errors="replace").split("\n")
    fields = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith("\t"))
    n_vectors, n_points = _count(path, fields, "No. Variables"), _count(path, fields, "No. Points")
    if "complex" in fields.get("Flags", ""):
        raise InputError(f"{path} holds complex vectors; only a transient or dc analysis can be read")
    rows = [line.split("\t") for line in lines if line.startswith("\t")]
    names = [row[2] for number, row in enumerate(rows) if len(row) > 3 and row[1] == str(number)]
    if len(set(names)) != n_vectors or len(rows) != n_vectors:
        raise InputError(f"{path} is truncated, or names a vector twice: {len(set(names))} names of {n_vectors}")
    return names, n_points, mark + len(MARK)


def _count(path: Path, fields: dict[str, str], key: str) -> int:
    text = fields.get(key, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text)):
        raise InputError(f"{path} is no raw file: {key!r} is {text[:40]!r}")
    return int(text)
