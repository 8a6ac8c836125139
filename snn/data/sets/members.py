"""Members of a .zip or .tar.gz file, read without trusting a header: sizes are bounded before anything is made of them.

The standard library's readers believe what a header says: how long a name is, where a member lies, that another header
follows. Here whatever they read at once has a limit, and whatever they trip over is the archive's fault.
"""

import errno
import gzip
import stat
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, Literal

from circuits.errors import InputError
from circuits.storage import open_regular
from snn.data.sets.zip_directory import opened_zip

CHUNK_BYTES = 1 << 20
DIRECTORY_BYTES = 1 << 10  # of a zip's directory for each file that is allowed, names and all
HEADER_BYTES = 8 << 10  # of a tar for one member: its header, a long name, attributes
SHARED_ATTRIBUTES = 32  # of all members of a tar that follow
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for memory in gigabytes

Kind = Literal["file", "folder", "other"]
Opened = Callable[[], BufferedIOBase]
Found = tuple[str, Kind, int, Opened]  # name, kind, bytes promised, what opens it


class UnsafeArchiveError(InputError):
    """An archive that is damaged, too large, or holds a member that must not be written."""


@dataclass(frozen=True)
class Member:
    """One member: `n_bytes` is what its header promises, `chunks` reads what there is."""

    name: str
    kind: Kind
    n_bytes: int
    chunks: Callable[[], Generator[bytes, None, None]]


def members(archive: str | Path, max_files: int, max_bytes: int) -> Iterator[Member]:
    """The members in their order; each is read before the next is asked for.

    Args:  max_files: members, by which a directory is bounded.  max_bytes: of the archive itself, as it lies there.
    Raises:  InputError for what is no regular file, or larger; UnsafeArchiveError for any damage; OSError where the
        file itself cannot be read.
    """
    archive = Path(archive)
    is_zip = archive.name.removesuffix(".part").endswith(".zip")
    with _reading(archive), open_regular(archive, max_bytes) as file:
        for name, kind, n_bytes, opened in _zip_members(file, max_files) if is_zip else _tar_members(file):
            yield Member(name, kind, n_bytes, partial(_chunks, archive, opened))


def _chunks(archive: Path, opened: Opened) -> Generator[bytes, None, None]:
    with _reading(archive), opened() as source:
        while chunk := source.read(CHUNK_BYTES):
            yield chunk


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    """Whatever a reader of archives trips over is the archive's fault, but not a disk that fails."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:  # of any kind: struct.error, UnicodeDecodeError, RecursionError, ...
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: an offset below zero
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UnsafeArchiveError(f"{archive} is damaged ({reason}): remove it and fetch it again") from error


def _zip_members(archive: BinaryIO, max_files: int) -> Iterator[Found]:
    with opened_zip(archive, max_files * DIRECTORY_BYTES) as zipped:
        for info in zipped.infolist():
            if info.compress_type not in COMPRESSIONS:
                raise zipfile.BadZipFile(f"{info.filename!r:.200} is compressed by method {info.compress_type}")
            yield info.filename, _zip_kind(info), info.file_size, partial(zipped.open, info)


def _zip_kind(info: zipfile.ZipInfo) -> Kind:
    mode = info.external_attr >> 16  # zero where the archive was made without Unix modes
    if stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR):
        return "folder" if info.is_dir() else "file"
    return "other"


class _Stream(gzip.GzipFile):
    """An unpacked tar of which only so many bytes more are read as is allowed."""

    allowance = HEADER_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= self.allowance:
            raise tarfile.ReadError("it holds more beside its files than names need")
        self.allowance -= size
        return super().read(size)


def _tar_members(archive: BinaryIO) -> Iterator[Found]:
    with _Stream(fileobj=archive, mode="rb") as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
        while (item := tar.next()) is not None:
            said = item.pax_headers.get("size", "0")
            if item.size < 0 or not said.isdecimal() or len(tar.pax_headers) > SHARED_ATTRIBUTES:
                raise tarfile.ReadError(f"{item.name!r:.200} has a size or attributes that no file has")
            stream.allowance = item.size
            yield item.name, _tar_kind(item), item.size, partial(tar.extractfile, item)
            tar.members.clear()
            stream.allowance = HEADER_BYTES
        _require_end(tar, stream)


def _tar_kind(item: tarfile.TarInfo) -> Kind:
    if item.isreg() and not item.issparse():
        return "file"
    return "folder" if item.isdir() else "other"


def _require_end(tar: tarfile.TarFile, stream: _Stream) -> None:
    """The end is marked by zeros, and little follows; to the library a damaged header is an end as well."""
    stream.allowance = CHUNK_BYTES
    stream.seek(tar.offset)
    mark = stream.read(tarfile.BLOCKSIZE)
    if mark != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("a header is damaged or missing")
    while stream.read(tarfile.RECORDSIZE):  # to where the check sum of all of it lies
        pass
