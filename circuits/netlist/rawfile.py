"""The binary raw file of ngspice: a text header, then doubles, one row per time point."""

import os
from pathlib import Path

import numpy as np

from circuits.errors import InputError
from circuits.storage import open_regular, reading

MARK = b"Binary:\n"
MAX_HEADER = 2**20  # bytes; a header names every saved vector
MOST_VALUES = 200 * 2**20  # bytes


def read_raw(path: str | Path) -> dict[str, np.ndarray]:
    """Vectors of a real, binary raw file by name (`time`, `v(mem)`, ...), each `(point,)`.

    Raises:  FileNotFoundError; InputError naming what is wrong where the file is truncated, complex or no raw file.
    """
    path = Path(path)
    with reading(path), open_regular(path) as file:
        data = file.read(MAX_HEADER)
        mark = data.find(MARK)
        if mark < 0:
            raise InputError(f"{path} is no binary raw file: no line {MARK.decode().strip()!r}; set filetype=binary")
        header = data[:mark].decode("utf-8", errors="replace").splitlines()
        fields = dict(line.split(": ", 1) for line in header if ": " in line and not line.startswith("\t"))
        n_vectors, n_points = _count(path, fields, "No. Variables"), _count(path, fields, "No. Points")
        if "complex" in fields.get("Flags", ""):
            raise InputError(f"{path} holds complex vectors; only a transient or dc analysis can be read")
        names = [line.split("\t")[2] for line in header if line.startswith("\t") and line.count("\t") >= 3]
        size, there = n_vectors * n_points, (os.fstat(file.fileno()).st_size - mark - len(MARK)) // 8
        if len(names) != n_vectors or there < size:
            raise InputError(f"{path} is truncated: {len(names)} names of {n_vectors}, {there} values of {size}")
        if 8 * size > MOST_VALUES:
            raise InputError(f"{path} holds {8 * size:,} bytes of values, at most {MOST_VALUES:,} are read; save fewer")
        file.seek(mark + len(MARK))
        values = np.fromfile(file, "<f8", size)
    if len(set(names)) < n_vectors or not np.isfinite(values).all():
        raise InputError(f"{path} holds NaN, infinity, or one name twice; simulate it again")
    return dict(zip(names, values.reshape(n_points, n_vectors).T, strict=True))


def rising_edges(time: np.ndarray, wave: np.ndarray, level: float) -> np.ndarray:
    """Times (s) at which a wave rises through a level, by linear interpolation."""
    before = np.flatnonzero((wave[1:] > level) & (wave[:-1] <= level))
    part = (level - wave[before]) / (wave[before + 1] - wave[before])
    return time[before] + part * (time[before + 1] - time[before])


def _count(path: Path, fields: dict[str, str], key: str) -> int:
    text = fields.get(key, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text)):
        raise InputError(f"{path} is no raw file: {key!r} is {text!r}")
    return int(text)
