"""Multichannel recordings as NumPy archives; nothing is unpickled, and no size is believed before it is checked."""

import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from circuits.errors import InputError
from snn.data.signals.signal import MAX_VALUES, Signal, refuse_size

SIGNAL_NAMES = ("signal", "x")
RATE_NAMES = ("sample_rate", "fs")
MAX_MEMBERS = 64
MAX_UNPACKED = 8 * MAX_VALUES + (1 << 20)  # bytes: double precision, headers and small arrays
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, tokenize.TokenError, SyntaxError)


@dataclass(frozen=True)
class Header:
    """What an array of an archive promises to be."""

    shape: tuple[int, ...]
    dtype: np.dtype


def read_npz(path: str | Path, sample_rate: float | None = None) -> Signal:
    """Read an NPZ file: an array `signal` or `x`, or the only one of two dimensions, `(time, channel)` or `(time,)`.

    `sample_rate` or `fs` is the rate (Hz), else the argument; `channels` may name the channels, "1", "2" ... otherwise.
    Raises:  InputError.
    """
    headers = _headers(path)
    name = _signal_name(headers)
    with np.load(path, allow_pickle=False) as arrays:
        values = _array(arrays, name).astype(np.float64)
        rates = [_array(arrays, key) for key in RATE_NAMES if key in headers]
        names = _names(headers, arrays, name)
    if rates and (rates[0].size != 1 or rates[0].dtype.kind not in "fiu"):
        raise InputError(f"has a sample rate of shape {rates[0].shape}, {rates[0].dtype}; want one number in Hz")
    rate = float(rates[0].item()) if rates else sample_rate
    if rate is None:
        raise InputError("tells no sample rate (save it as sample_rate or fs, in Hz)")
    return Signal(values.reshape(len(values), -1), rate, names)


def npz_channels(path: str | Path) -> tuple[str, ...]:
    """The names of the channels, without reading the signal.  Raises:  InputError."""
    headers = _headers(path)
    with np.load(path, allow_pickle=False) as arrays:
        return _names(headers, arrays, _signal_name(headers))


def _headers(path: str | Path) -> dict[str, Header]:
    """What each array of the archive is, before any of them is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
                raise InputError(f"unpacks to more than {MAX_UNPACKED >> 20} MiB or {MAX_MEMBERS} arrays")
            headers = {}
            for member in members:
                with archive.open(member) as file:
                    headers[member.filename.removesuffix(".npy")] = _header(file, member.file_size)
            return headers
    except DAMAGE as error:
        raise InputError(f"is damaged or no NPZ file ({error})") from error


def _header(file: zipfile.ZipExtFile, n_bytes: int) -> Header:
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise InputError("holds Python objects, which are not read")
    n_values = int(np.prod([int(n) for n in shape], dtype=object))
    if n_values < 0 or n_values * max(1, dtype.itemsize) > n_bytes:
        raise InputError(f"is damaged: an array of shape {shape} in {n_bytes} bytes")
    return Header(shape, dtype)


def _signal_name(headers: dict[str, Header]) -> str:
    named = [key for key in SIGNAL_NAMES if key in headers]
    tables = [key for key, header in headers.items() if len(header.shape) == 2]
    if not named and len(tables) != 1:
        raise InputError(f"holds {', '.join(headers) or 'nothing'}; want one array of two dimensions, or one `signal`")
    name = named[0] if named else tables[0]
    header = headers[name]
    if header.dtype.kind not in "fiu" or len(header.shape) not in (1, 2):
        raise InputError(f"array {name!r} is {header.dtype} of shape {header.shape}; want numbers (time, channel)")
    refuse_size(header.shape[0], header.shape[1] if len(header.shape) == 2 else 1)
    return name


def _names(headers: dict[str, Header], arrays: np.lib.npyio.NpzFile, name: str) -> tuple[str, ...]:
    if "channels" not in headers:
        shape = headers[name].shape
        return tuple(str(k + 1) for k in range(shape[1] if len(shape) == 2 else 1))
    return tuple(str(value) for value in np.atleast_1d(_array(arrays, "channels")).ravel())


def _array(arrays: np.lib.npyio.NpzFile, name: str) -> np.ndarray:
    try:
        return np.asarray(arrays[name])
    except (*DAMAGE, KeyError) as error:
        raise InputError(f"is damaged: array {name!r} cannot be read ({error})") from error
