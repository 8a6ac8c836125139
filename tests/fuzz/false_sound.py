"""Recordings whose header lies: sizes, rates, channels and encodings that are not there."""

import struct
from pathlib import Path
from random import Random

import numpy as np
from lies import sparse, wrote
from reader import Lie


def riff(data: bytes = b"", *, size: int | None = None, riff_size: int | None = None, rate: int = 8000,
         channels: int = 1, bits: int = 16, form: int = 1, align: int | None = None) -> bytes:  # fmt: skip
    """A WAV file whose header says what it is told to."""
    align = channels * bits // 8 if align is None else align
    layout = struct.pack("<HHIIHH", form, channels % 65536, rate, rate * align % 2**32, align % 65536, bits)
    size = len(data) if size is None else size
    riff_size = 36 + len(data) if riff_size is None else riff_size
    return (
        b"RIFF"
        + struct.pack("<I", riff_size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + layout
        + b"data"
        + struct.pack("<I", size)
        + data
    )


def _rf64(size: int) -> bytes:
    body = riff(bytes(800), size=0xFFFFFFFF)
    return b"RF64" + body[4:12] + b"ds64" + struct.pack("<IQQQI", 28, 0, size, 0, 0) + body[12:]


def _chunks(data: bytes, n: int) -> bytes:
    return data[:12] + (b"junk" + struct.pack("<I", 0)) * n + data[12:]


def _open_size(path: Path, rng: Random) -> None:
    """A recorder that left the size open, and a file above 4 GiB that is all hole."""
    path.write_bytes(riff(b"\1\0" * 800, size=0, riff_size=0))
    sparse((4 << 30) + 4096)(path, rng)


WAV = (
    wrote("more data promised", lambda data: riff(bytes(200), size=1 << 20)),
    wrote("2 GiB promised", lambda data: riff(bytes(200), size=0x7FFE0000)),
    wrote("no data", lambda data: riff()),
    wrote("no channels", lambda data: riff(bytes(200), channels=0)),
    wrote("rate 0", lambda data: riff(bytes(200), rate=0)),
    wrote("rate 4 GHz", lambda data: riff(bytes(200), rate=2**32 - 1)),
    wrote("0 bits", lambda data: riff(bytes(200), bits=0)),
    wrote("block of no bytes", lambda data: riff(bytes(200), align=0), refuse=False),
    wrote("NaN", lambda data: riff(np.full(99, np.nan, "<f4").tobytes(), bits=32, form=3)),
    wrote("infinity", lambda data: riff(np.full(99, -np.inf, "<f4").tobytes(), bits=32, form=3)),
    wrote("1e308", lambda data: riff(np.full(99, 1e308, "<f8").tobytes(), bits=64, form=3), refuse=False),
    wrote("unknown encoding", lambda data: riff(bytes(200), form=0x1234)),
    wrote("RF64 of 2^63", lambda data: _rf64(2**63), refuse=False),
    wrote("RF64 of 2^62 - 2", lambda data: _rf64(2**62 - 2)),
    wrote("RF64 of 2^64 - 1", lambda data: _rf64(2**64 - 1), refuse=False),
    wrote("10,000 empty chunks", lambda data: _chunks(data, 10_000), refuse=False),
    wrote("4 million empty chunks", lambda data: _chunks(data, 4_000_000), refuse=False, heavy=True),
    wrote("data size 0", lambda data: riff(b"\1\0" * 800, size=0, riff_size=0), refuse=False),
    Lie("data size 0 above 4 GiB", _open_size, refuse=False),
    wrote(
        "1,024 channels at 768 kHz", lambda data: riff(bytes(1 << 25), channels=1024, rate=768_000), False, heavy=True
    ),
    wrote("16 MiB of one byte at 1 kHz", lambda data: riff(b"\x90" * (1 << 24), bits=8, rate=1000), False, heavy=True),
    wrote("150 MiB", lambda data: riff(b"\1\0" * (75 << 20), channels=2, rate=48_000), False, heavy=True),
)
