"""Multichannel recordings as NumPy archives; nothing is unpickled, and no size is believed before it is checked."""

import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from circuits.errors import InputError
from snn.data.sets.zip_directory import opened_zip
from snn.data.signals.signal import MAX_VALUES, Signal, refuse_size

SIGNAL_NAMES = ("signal", "x")
RATE_NAMES = ("sample_rate", "fs")
MAX_MEMBERS = 64
MAX_UNPACKED = 8 * MAX_VALUES + (1 << 20)  # bytes: double precision, headers and small arrays
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # as NumPy does; others unpack a block at once, of any size
DAMAGE = (  # the last one comes of letters beyond Unicode
    zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, tokenize.TokenError, SyntaxError,
    MemoryError, UnicodeDecodeError, struct.error, OverflowError, SystemError,
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What an array of an archive promises to be, and the member that holds it."""

    member: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype


@dataclass(frozen=True)
class Archive:
    """An open archive whose headers have been checked, before any array is read."""

    file: zipfile.ZipFile
    headers: dict[str, Header]

    def array(self, name: str) -> np.ndarray:
        with self.file.open(self.headers[name].member) as member:
            return npy.read_array(member, allow_pickle=False)


def read_npz(file: BinaryIO, sample_rate: float | None = None) -> Signal:
    """Read an NPZ file: an array `signal` or `x`, or the only one of two dimensions, `(time, channel)` or `(time,)`.

    `sample_rate` or `fs` is the rate (Hz), else the argument; `channels` may name the channels, "1", "2" ... otherwise.
    Raises:  InputError.
    """
    with _opened(file) as archive:
        name = _signal_name(archive.headers)
        names, noted = _names(archive, name), _rate(archive)
        values = archive.array(name).astype(np.float64)
    rate = sample_rate if noted is None else noted
    if rate is None:
        raise InputError("tells no sample rate (save it as sample_rate or fs, in Hz)")
    return Signal(values.reshape(len(values), -1), rate, names)


def npz_channels(file: BinaryIO) -> tuple[str, ...]:
    """The names of the channels, without reading the signal.  Raises:  InputError."""
    with _opened(file) as archive:
        return _names(archive, _signal_name(archive.headers))


@contextmanager
def _opened(file: BinaryIO) -> Iterator[Archive]:
    """The archive; whatever is found damaged while it is read is told as such."""
    try:
        with opened_zip(file) as archive:
            yield Archive(archive, _headers(archive))
    except (*DAMAGE, KeyError, OSError) as error:
        raise InputError(f"is damaged or no NPZ file ({error})") from error


def _headers(archive: zipfile.ZipFile) -> dict[str, Header]:
    """What each array of the archive is, before any of them is read."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
        raise InputError(f"unpacks to more than {MAX_UNPACKED >> 20} MiB or {MAX_MEMBERS} arrays")
    headers = {}
    for member in members:
        name = member.filename.removesuffix(".npy")
        if name in headers:
            raise InputError(f"holds two arrays {name!r}")
        if member.compress_type not in PACKED:
            raise InputError(f"packs array {name!r} in another way than NumPy does")
        headers[name] = _header(archive, member)
    return headers


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    with archive.open(member) as file:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    if dtype.hasobject:
        raise InputError("holds Python objects, which are not read")
    # A shape may hold True, or lengths whose product is 0 and each beyond memory.
    plain = all(type(n) is int and 0 <= n <= member.file_size for n in shape)
    if not plain or math.prod(shape) * max(1, dtype.itemsize) > member.file_size:
        raise InputError(f"is damaged: an array of shape {shape} in {member.file_size} bytes")
    return Header(member, shape, dtype)


def _signal_name(headers: dict[str, Header]) -> str:
    named = [key for key in SIGNAL_NAMES if key in headers]
    if len(named) > 1:
        raise InputError(f"holds both {' and '.join(map(repr, named))}; leave one of them")
    tables = [key for key, header in headers.items() if len(header.shape) == 2]
    if not named and len(tables) != 1:
        raise InputError(f"holds {', '.join(headers) or 'nothing'}; want one array of two dimensions, or one `signal`")
    name = named[0] if named else tables[0]
    header = headers[name]
    if header.dtype.kind not in "fiu" or len(header.shape) not in (1, 2):
        raise InputError(f"array {name!r} is {header.dtype} of shape {header.shape}; want numbers (time, channel)")
    refuse_size(header.shape[0], header.shape[1] if len(header.shape) == 2 else 1)
    return name


def _rate(archive: Archive) -> float | None:
    """The sample rate (Hz) that the archive tells, None where it tells none."""
    rates = {key: _number(archive, key) for key in RATE_NAMES if key in archive.headers}
    if len(set(rates.values())) > 1:
        told = " and ".join(f"{key!r} = {rate:g}" for key, rate in rates.items())
        raise InputError(f"tells two sample rates, {told} Hz; leave one of them")
    return next(iter(rates.values()), None)


def _number(archive: Archive, key: str) -> float:
    header = archive.headers[key]
    if math.prod(header.shape) != 1 or header.dtype.kind not in "fiu":
        raise InputError(f"has a sample rate of shape {header.shape}, {header.dtype}; want one number in Hz")
    return float(archive.array(key).item())


def _names(archive: Archive, name: str) -> tuple[str, ...]:
    shape = archive.headers[name].shape
    n_channels = shape[1] if len(shape) == 2 else 1
    if "channels" not in archive.headers:
        return tuple(str(k + 1) for k in range(n_channels))
    header = archive.headers["channels"]
    if (n := math.prod(header.shape)) != n_channels:
        raise InputError(f"names {n} channels, but holds {n_channels}")
    if header.dtype.kind not in "USiu":
        raise InputError(f"names its channels by {header.dtype}; want texts")
    names = np.atleast_1d(archive.array("channels")).ravel().tolist()
    try:
        return tuple(text.decode() if isinstance(text, bytes) else str(text) for text in names)
    except UnicodeDecodeError as error:
        raise InputError("names its channels by bytes that are not UTF-8 (save the names as text)") from error
