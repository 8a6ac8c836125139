"""Unpack an archive from the network without trusting it: nothing leaves the target, nothing exceeds the limits."""

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from circuits.errors import InputError

CHUNK_BYTES = 1 << 20
# RuntimeError: an encrypted zip, or one with a compression this Python does not know
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError)


class UnsafeArchiveError(InputError):
    """An archive that is damaged, too large, or holds a member that must not be written."""


@dataclass(frozen=True)
class Limits:
    """What unpacking may write at most, whatever the archive's headers say."""

    max_bytes: int
    max_files: int


@dataclass(frozen=True)
class _Member:
    name: str
    kind: Literal["file", "folder", "other"]
    open: Callable[[], BufferedIOBase]


def unpack(
    archive: str | Path,
    target: str | Path,
    limits: Limits,
    *,
    keep: str = "",
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Unpack the regular files of a .zip or .tar.gz archive into the existing empty folder `target`.

    Every member is checked, also those outside `keep`: no absolute path, drive or `..`, no link, no device, no name
    twice. Sizes are counted as they are written, so a false header or a bomb stops at the limit.

    Args:  keep: folder inside the archive whose content is wanted, "" for everything.  on_progress: told bytes written.
    Raises:  UnsafeArchiveError naming the member; OSError when the disk is full. The caller removes `target`.
    """
    archive, target, n_bytes = Path(archive), Path(target), 0
    try:
        for k, member in enumerate(_members(archive)):
            if k >= limits.max_files:
                raise UnsafeArchiveError(f"{archive} has more than {limits.max_files} members: it is not the data set")
            inside = _inside(archive, member, keep)
            if inside is None:
                continue
            with member.open() as source:
                n_bytes += _write(source, target / inside, limits.max_bytes - n_bytes, archive)
            if on_progress is not None:
                on_progress(n_bytes)
    except (FileExistsError, NotADirectoryError) as error:
        raise UnsafeArchiveError(f"{archive} has a member twice, {error.filename}: it is not the data set") from error
    except DAMAGE as error:
        raise UnsafeArchiveError(f"{archive} is damaged ({error}): remove it and fetch it again") from error


def _members(archive: Path) -> Iterator[_Member]:
    if archive.name.removesuffix(".part").endswith(".zip"):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                yield _Member(info.filename, _zip_kind(info), lambda info=info: zipped.open(info))
        return
    with tarfile.open(archive, "r:gz") as tar:
        for item in tar:
            kind = "file" if item.isreg() else "folder" if item.isdir() else "other"
            yield _Member(item.name, kind, lambda item=item: tar.extractfile(item))


def _zip_kind(info: zipfile.ZipInfo) -> Literal["file", "folder", "other"]:
    mode = info.external_attr >> 16  # zero where the archive was made without Unix modes
    if stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR):
        return "folder" if info.is_dir() else "file"
    return "other"


def _inside(archive: Path, member: _Member, keep: str) -> PurePosixPath | None:
    """Path of a member below `keep`; None for folders (made on demand) and for files outside `keep`."""
    path, on_windows = PurePosixPath(member.name), PureWindowsPath(member.name)
    outside = on_windows.drive or on_windows.root or ".." in (*path.parts, *on_windows.parts)
    if outside or "\\" in member.name or ":" in member.name or "\0" in member.name:
        raise UnsafeArchiveError(f"{archive}: member {member.name!r} leaves the target folder; nothing was unpacked")
    if member.kind == "other":
        raise UnsafeArchiveError(f"{archive}: member {member.name!r} is a link or a device; nothing was unpacked")
    if member.kind == "folder" or not path.is_relative_to(PurePosixPath(keep)):
        return None
    return path.relative_to(PurePosixPath(keep))


def _write(source: BufferedIOBase, path: Path, n_allowed: int, archive: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    n_bytes = 0
    with path.open("xb") as file:
        while chunk := source.read(CHUNK_BYTES):
            n_bytes += len(chunk)
            if n_bytes > n_allowed:
                raise UnsafeArchiveError(f"{archive} unpacks to more than its manifest allows: it is not the data set")
            file.write(chunk)
    return n_bytes
