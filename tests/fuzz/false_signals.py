"""Tables of numbers that lie: CSV, NPZ, and the waves of ngspice."""

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
from lies import MIB, sparse, wrote
from reader import Lie


def _table(columns: int, rows: int, cell: str = "1", head: str = "# fs = 100\n") -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        names = ",".join(f"c{k}" for k in range(columns))
        return (head + names + "\n" + (",".join([cell] * columns) + "\n") * rows).encode()

    return make


CSV = (
    *(
        wrote(f"a cell {cell}", _table(2, 3, cell))
        for cell in ("nan", "inf", "-inf", "1e999", "1e308", "", "1_0", "0x1", "\x1b[0m")
    ),
    wrote("names twice", lambda data: b"# fs = 1\nx,x\n1,2\n"),
    wrote("a name is missing", lambda data: b"# fs = 1\nx,\n1,2\n"),
    wrote("no rows", _table(3, 0)),
    wrote("a short row", lambda data: b"# fs = 1\nx,y\n1,2\n1\n"),
    *(
        wrote(f"rate {rate}", _table(2, 3, head=f"# fs = {rate}\n"))
        for rate in ("0", "-1", "nan", "inf", "1e308", "1e-308", "x")
    ),
    wrote("time stands", lambda data: b"t,x\n1,1\n1,2\n1,3\n"),
    wrote("time falls", lambda data: b"t,x\n3,1\n2,2\n1,3\n"),
    wrote("time to 1e300", lambda data: b"t,x\n0,1\n1e300,2\n2e300,3\n"),
    wrote("a gap of 1e12 intervals", lambda data: b"t,x\n0,1\n1,2\n1e12,3\n"),
    wrote("nine tenths in one interval", lambda data: b"t,x\n0,1\n1e9,2\n1000000001,3\n1000000002,3\n"),
    wrote("600 channels", _table(600, 3)),
    wrote("150,000 channels", _table(150_000, 2)),
    wrote("a line of 16 MiB", _table(1, 1, "1" * 16 * MIB), heavy=True),
    wrote("16 MiB of digits", _table(1, 8 * MIB), refuse=False, heavy=True),
    wrote("250 MiB of digits", _table(1, 125 * MIB), heavy=True),
    wrote("19 million values", _table(10, 1_900_000), refuse=False, heavy=True),
    wrote("128 MiB of commas", lambda data: b"," * 128 * MIB, heavy=True),
)


def _npy(header: str, body: bytes = bytes(64), version: bytes = b"\1\0") -> bytes:
    text = header.encode()
    size = struct.pack("<H", len(text)) if version[0] == 1 else struct.pack("<I", len(text))
    return b"\x93NUMPY" + version + size + text + body


def _npz(**arrays: bytes) -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in (
                {"fs": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", struct.pack("<d", 9))} | arrays
            ).items():
                zipped.writestr(f"{name}.npy", content)
        return out.getvalue()

    return make


def _array(descr: str, shape: str, n_bytes: int = 64, order: str = "False") -> bytes:
    return _npy(f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}}}", bytes(n_bytes))


def _big(name: str, dtype: str, n: int) -> Lie:
    return wrote(
        name, lambda data: _npz(x=_array(dtype, f"({n}, 1)", n * np.dtype(dtype).itemsize))(data), False, heavy=True
    )


HEADER = "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2)}"
NPZ = (
    *(wrote(f"shape {shape}", _npz(x=_array("<f8", shape))) for shape in (
        "(True, 3)", "(-1, 3)", "(2**62, 2)", "(4611686018427387904, 4)", "(0, 3)", "(3, 0)", "(9, 1)", "(1.0, 3)",
        "None", "(2, 2, 2)", "('a',)", "(8,", "(" * 700, "[" * 9000)),
    *(wrote(f"type {descr}", _npz(x=_array(descr, "(4, 2)"))) for descr in (
        "|O", "<U2", "<c8", "|b1", "|V8", "<M8[s]", "|S8", "x")),
    wrote("NaN", _npz(x=_npy(HEADER, np.full(8, np.nan).tobytes()))),
    wrote("a rate of 0", _npz(x=_array("<f8", "(4, 2)"), fs=_array("<f8", "()", 8))),
    wrote("two rates", _npz(x=_array("<f8", "(4, 2)"), fs=_array("<f8", "(2,)", 16))),
    wrote("names of channels are missing", _npz(x=_array("<f8", "(4, 2)"), channels=_array("<U1", "(1,)", 4))),
    wrote("version 9", _npz(x=_npy(HEADER, version=b"\x09\0"))),
    wrote("a header of 1 MiB", _npz(x=_npy(" " * MIB + HEADER, version=b"\2\0"))),
    wrote("no arrays", lambda data: b"PK\5\6" + bytes(18)),
    wrote("5,000 arrays", _npz(**{f"a{k}": b"" for k in range(5000)})),
    wrote("a bomb of 1 GiB", lambda data: _npz(x=b"\x93NUMPY\1\0" + bytes(1 << 30))(data), heavy=True),
    _big("19 million doubles", "<f8", 19_000_000),
    _big("19 million bytes", "|i1", 19_000_000),
)  # fmt: skip


def _raw(n_vectors: object, n_points: object, names: int = 2, values: bytes = bytes(48)) -> Callable[[bytes], bytes]:
    def make(data: bytes) -> bytes:
        head = f"Title: t\nFlags: real\nNo. Variables: {n_vectors}\nNo. Points: {n_points}\nVariables:\n"
        return (head + "".join(f"\t{k}\tv{k}\tvoltage\n" for k in range(names)) + "Binary:\n").encode() + values

    return make


def _hole(path: Path, rng: Random) -> None:
    path.write_bytes(_raw(2, 1 << 28)(b""))
    sparse((4 << 30) + 200)(path, rng)


RAW = (
    *(
        wrote(f"{n} of {p}", _raw(n, p))
        for n, p in ((2, 2**62), (2**63, 2**63), (0, 3), (2, 0), (2, -3), ("\u0662", 3), (2, "1" * 5000), (1, 6))
    ),
    wrote("NaN", _raw(2, 3, values=np.full(6, np.nan).tobytes())),
    wrote("names twice", lambda data: data.replace(b"v(a)", b"time")),
    Lie("4 GiB that is all hole", _hole, refuse=False),
    wrote(
        "200 MiB of values", lambda data: _raw(2, 13_000_000, values=bytes(208_000_000))(data), refuse=False, heavy=True
    ),
)
