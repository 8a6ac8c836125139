"""What a sound file is by its first bytes, and how much sound its header promises.

libsndfile opens whatever it knows under any name, and returns what is left of a file that was cut, without a word.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

UNKNOWN_SIZES = 0x7FFF0000  # recorders that stream write 0, about 2**31 or 0xFFFFFFFF: they cannot know the length
UNKNOWN_LONG_SIZES = 1 << 62  # of those with 64 bits, whose largest number is written
SIZE_OF_RF64 = 0xFFFFFFFF  # of its data chunk: the size stands in the chunk ds64
MAX_CHUNKS = 4096  # before the sound; ASSUMED: recorders write about ten
SUFFIXES = {  # that promise a container; each tells its end
    "WAV": (".wav",), "RF64": (".rf64", ".wav"), "W64": (".w64",), "AIFF": (".aiff", ".aif", ".aifc"),
    "8SVX": (".8svx", ".iff"), "AU": (".au", ".snd"), "CAF": (".caf",), "NIST": (".sph", ".nist"), "FLAC": (".flac",),
    "Ogg": (".ogg", ".oga"), "Opus": (".opus", ".ogg", ".oga"),
}  # fmt: skip


@dataclass(frozen=True)
class Sound:
    """Where the sound of a file starts (byte), and how many bytes of it the header promises.

    `n_bytes` is None where a recorder left the length open.  `fill_in`: the place (byte) and format of a size that
    libsndfile would take for "no sound".
    """

    start: int
    n_bytes: int | None
    fill_in: tuple[int, str] | None = None


class FilledIn(io.RawIOBase):
    """A file in which some bytes read as others, without a copy of it."""

    def __init__(self, file: BinaryIO, place: int, instead: bytes):
        self._file, self._place, self._instead = file, place, instead

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        start = self._file.tell() - self._place
        n_bytes = self._file.readinto(buffer)
        for k, byte in enumerate(self._instead):
            if 0 <= k - start < n_bytes:
                buffer[k - start : k - start + 1] = bytes([byte])
        return n_bytes


def container_of(file: BinaryIO) -> str | None:
    """The container by its first bytes, one of `SUFFIXES`; None for what is no sound, or does not tell its end."""
    file.seek(0)
    head = file.read(40)
    match head[:4], head[8:12]:
        case (b"RIFF" | b"RIFX", b"WAVE"):
            return "WAV"
        case (b"FORM", b"AIFF" | b"AIFC"):
            return "AIFF"
        case (b"FORM", b"8SVX" | b"16SV"):
            return "8SVX"
        case (b"RF64", b"WAVE"):
            return "RF64"
        case (b"riff", _) if head[24:28] == b"wave":
            return "W64"
        case (b"OggS", _):
            return "Opus" if head[28:36] == b"OpusHead" else "Ogg"
    others = {b"caff": "CAF", b".snd": "AU", b"dns.": "AU", b"NIST": "NIST", b"fLaC": "FLAC"}
    return others.get(head[:4])


def promised_sound(file: BinaryIO, container: str) -> Sound | None:
    """What the header promises; None for FLAC and Ogg, whose headers promise no bytes.

    Raises:  EOFError if the file ends before its sound; ValueError for a header that makes no sense.
    """
    readers = {
        "WAV": _riff, "RF64": _rf64, "W64": _w64, "AIFF": _form, "8SVX": _form, "CAF": _caf, "AU": _au, "NIST": _nist,
    }  # fmt: skip
    return readers[container](file) if container in readers else None


def _riff(file: BinaryIO) -> Sound:
    file.seek(0)
    size_format = ">I" if file.read(4) == b"RIFX" else "<I"
    size = next(size for name, size in _chunks(file, 12, f"{size_format[0]}4sI") if name == b"data")
    start = file.tell()
    file.seek(4)
    (riff_size,) = struct.unpack(size_format, file.read(4))
    if riff_size == file.seek(0, 2) - 8:  # written to the end: a size of 0 means what it says
        return Sound(start, size)
    return Sound(start, _known(size, UNKNOWN_SIZES), None if size else (start - 4, size_format))


def _rf64(file: BinaryIO) -> Sound:
    """The chunk ds64, always before the sound, holds the sizes that the others have no room for."""
    long_size = 0
    for name, size in _chunks(file, 12, "<4sI"):
        if name == b"ds64":
            _, long_size = struct.unpack("<QQ", file.read(16).ljust(16, b"\0"))
        if name == b"data":
            return Sound(file.tell(), _known(long_size, UNKNOWN_LONG_SIZES) if size == SIZE_OF_RF64 else size)
    raise EOFError  # not reached: the last chunk raises it


def _w64(file: BinaryIO) -> Sound:
    size = next(size for name, size in _chunks(file, 40, "<16sQ", counted=24, align=8) if name[:4] == b"data")
    return Sound(file.tell(), _known(size, UNKNOWN_LONG_SIZES))


def _form(file: BinaryIO) -> Sound:
    size = next(size for name, size in _chunks(file, 12, ">4sI") if name in (b"SSND", b"BODY"))
    return Sound(file.tell(), _known(size, UNKNOWN_SIZES))


def _caf(file: BinaryIO) -> Sound:
    size = next(size for name, size in _chunks(file, 8, ">4sq", align=1) if name == b"data")
    return Sound(file.tell(), _known(size, UNKNOWN_LONG_SIZES))  # -1 where it is not known


def _au(file: BinaryIO) -> Sound:
    file.seek(0)
    sizes = "<II" if file.read(4) == b"dns." else ">II"
    start, size = struct.unpack(sizes, file.read(8).ljust(8, b"\0"))
    return Sound(start, _known(size, UNKNOWN_SIZES))


def _nist(file: BinaryIO) -> Sound:
    """Lines of `name -i number` in a text header, whose own length is its second line.  Source:  NIST SPHERE."""
    file.seek(0)
    lines = [line.split() for line in file.read(1024).decode("ascii", "replace").splitlines()]
    numbers = {line[0]: int(line[2]) for line in lines if line[1:2] == ["-i"]}
    n_bytes = numbers.get("sample_count", 0) * numbers.get("channel_count", 1) * numbers.get("sample_n_bytes", 1)
    return Sound(int(lines[1][0]), n_bytes or None)


def _chunks(file: BinaryIO, start: int, header: str, counted: int = 0, align: int = 2) -> Iterator[tuple[bytes, int]]:
    """Name and size of each chunk, the file at its first byte.  `counted`: bytes of the header that the size counts.

    Raises:  EOFError behind the last one; ValueError for too many.
    """
    n_bytes, end = struct.calcsize(header), file.seek(0, 2)
    for _ in range(MAX_CHUNKS):
        file.seek(min(start, end))
        if len(head := file.read(n_bytes)) < n_bytes:
            raise EOFError
        name, size = struct.unpack(header, head)
        size = max(0, size - counted)
        yield name, size
        start += n_bytes + size + -size % align
    raise ValueError(f"more than {MAX_CHUNKS} chunks before the sound")


def _known(size: int, unknown_from: int) -> int | None:
    return size if 0 < size < unknown_from else None
