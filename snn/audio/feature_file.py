"""Features of many clips in one file: written piece by piece, checked when it is opened, read where it lies.

rows `(clip, copy, frame, band)`, float32 | JSON: shape, clips left out, CRC-32 of each piece | its length and CRC-32
"""

import errno
import json
import math
import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from weakref import finalize

import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from circuits.errors import InputError
from circuits.storage import open_regular, parsed
from circuits.tables import record

END = struct.Struct("<8sQI")
MARK = b"features"
PIECE = 1 << 22  # bytes checked at a time
LARGE = 1 << 30  # bytes; ASSUMED: up to so many may stay in memory


@dataclass(frozen=True)
class Contents:
    """What lies in a file: how many clips, what became of each, and the sum of each of its pieces."""

    shape: tuple[int, ...]  # clip, copy, frame, band
    left_out: tuple[int, ...]  # numbers of clips that could not be used
    sums: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        return 4 * math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class StoredFeatures:
    """Features that stay in their file, mapped: the system holds in memory what is used of them."""

    features: Float[Tensor, "copy clip frame band"]
    left_out: tuple[int, ...]
    file: int  # open as long as this is

    def pick(self, copy: Int[Tensor, " n"] | int, clip: Int[Tensor, " n"]) -> Float[Tensor, "n frame band"]:
        """Some of them, in memory.

        Of a large file they are read, as a page that is touched maps a megabyte around it, which would stay.
        """
        if self.features.nbytes <= LARGE or self.features._version:  # somebody changed them in place
            return self.features[copy, clip]
        n_copies, n_clips, *row = self.features.shape
        if clip.dtype == torch.bool or ((clip < 0) | (clip >= n_clips)).any():
            raise InputError(f"clips are picked by their numbers, 0 to {n_clips - 1}, got {clip}")
        found = torch.empty(len(clip), *row)
        n_bytes, rows = 4 * math.prod(row), found.numpy()
        for i, place in enumerate((clip * n_copies + copy).tolist()):
            if os.preadv(self.file, [rows[i]], place * n_bytes) != n_bytes:
                raise OSError("a file of features is shorter than it was: start again")
        return found


class FeatureWriter:
    """A new file of at most so many clips, whose room is taken at once."""

    def __init__(self, path: str | Path, most: Sequence[int]):
        self.file = Path(path).open("wb")  # noqa: SIM115  closed by `__exit__`
        self.shape, self.n_clips, self.sums, self.rest = tuple(most), 0, [], bytearray()
        _take_room(self.file.fileno(), 4 * math.prod(most))

    def __enter__(self) -> "FeatureWriter":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.file.close()

    def append(self, features: Float32[Tensor, "clip copy frame band"]) -> None:
        """The next clips."""
        self.n_clips += len(features)
        self.rest += memoryview(features.contiguous().numpy()).cast("B")
        while len(self.rest) >= PIECE:
            self._write(PIECE)

    def finish(self, left_out: Sequence[int]) -> None:
        """Write what tells a whole file from a damaged one."""
        if self.rest:
            self._write(len(self.rest))
        told = json.dumps(asdict(Contents((self.n_clips, *self.shape[1:]), tuple(left_out), tuple(self.sums)))).encode()
        self.file.write(told + END.pack(MARK, len(told), zlib.crc32(told)))
        self.file.truncate()
        self.file.flush()

    def _write(self, n_bytes: int) -> None:
        piece = self.rest[:n_bytes]
        self.sums.append(zlib.crc32(piece))
        self.file.write(piece)
        del self.rest[:n_bytes]


def open_features(path: str | Path, most: Sequence[int], *, checked: bool = True) -> StoredFeatures:
    """The features of a file that was written for the shape `most`. `checked` False: this process has just done that.

    Raises:  InputError for a damaged file, MissingInputError for none, OSError for one that cannot be read.
    """
    with open_regular(path) as file:
        contents = parsed(path, "is damaged", lambda: _contents(file.fileno()))
        if contents.shape != (most[0] - len(contents.left_out), *most[1:]):
            raise InputError(f"{path} is damaged: it holds {contents.shape}, not {tuple(most)}")
        if checked and tuple(_sums(file.fileno(), contents.n_bytes)) != contents.sums:
            raise InputError(f"{path} is damaged: its bytes are not those that were written")
        pages = mmap.mmap(file.fileno(), contents.n_bytes, access=mmap.ACCESS_COPY)
        rows = torch.frombuffer(pages, dtype=torch.float32).view(contents.shape)
        stored = StoredFeatures(rows.transpose(0, 1), contents.left_out, os.dup(file.fileno()))
    finalize(stored, os.close, stored.file)
    return stored


def _contents(file: int) -> Contents:
    size = os.fstat(file).st_size
    mark, n_told, check = END.unpack(os.pread(file, END.size, max(0, size - END.size)))
    told = os.pread(file, n_told, size - END.size - n_told) if n_told <= size - END.size else b""
    if (mark, len(told), zlib.crc32(told)) != (MARK, n_told, check):
        raise ValueError("its end is missing")
    return record(json.loads(told), Contents, "the end")


def _sums(file: int, n_bytes: int) -> Iterator[int]:
    """CRC-32 of each piece."""
    piece = memoryview(bytearray(PIECE))
    for start in range(0, n_bytes, PIECE):
        part = piece[: min(PIECE, n_bytes - start)]
        yield zlib.crc32(part[: os.preadv(file, [part], start)])


def _take_room(file: int, n_bytes: int) -> None:
    """So that a full disk shows before the work.  Raises:  OSError."""
    try:
        os.posix_fallocate(file, 0, n_bytes)
    except AttributeError:  # of a system that has none
        pass
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):  # of a disk that cannot
            raise
