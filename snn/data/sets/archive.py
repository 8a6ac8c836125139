"""Unpack an archive from the network without trusting it: nothing leaves the target, nothing exceeds the limits."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from snn.data.sets.members import HEADER_BYTES, Member, UnsafeArchiveError, members

MOST_FOLDERS = 32  # in one another
MOST_NAME_BYTES = 255  # of one folder or file. Source: NAME_MAX of Linux, macOS and Windows


@dataclass(frozen=True)
class Limits:
    """What unpacking may write at most, whatever the archive's headers say."""

    max_bytes: int
    max_files: int

    @property
    def max_archive(self) -> int:
        """Bytes of the archive itself, which compression makes no longer, and names a little."""
        return self.max_bytes + self.max_files * HEADER_BYTES


def unpack(
    archive: str | Path,
    target: str | Path,
    limits: Limits,
    *,
    keep: str = "",
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Unpack the regular files of a .zip or .tar.gz archive into the existing empty folder `target`; how many.

    Every member is checked, also those outside `keep`: no absolute path, drive or `..`, no link, no device, no hole, no
    name twice. Sizes are counted as they are promised and as they are written, so a false header or a bomb stops at
    the limit.

    Args:  keep: folder inside the archive whose content is wanted, "" for everything.  on_progress: told bytes written.
    Raises:  UnsafeArchiveError naming the member, InputError for an archive that is too long; OSError when the disk is
        full. The caller removes `target`.
    """
    archive, target, n_bytes, n_promised, n_files = Path(archive), Path(target), 0, 0, 0
    for k, member in enumerate(members(archive, limits.max_files, limits.max_archive)):
        if k >= limits.max_files:
            raise UnsafeArchiveError(f"{archive} has more than {limits.max_files} members: it is not the data set")
        n_promised += member.n_bytes
        _require_allowed(n_promised, limits.max_bytes, archive)
        inside = _inside(archive, member, keep)
        if inside is None:
            continue
        n_bytes += _write(member, target / inside, limits.max_bytes - n_bytes, archive)
        n_files += 1
        if on_progress is not None:
            on_progress(n_bytes)
    return n_files


def _inside(archive: Path, member: Member, keep: str) -> PurePosixPath | None:
    """Path of a member below `keep`; None for folders (made on demand) and for files outside `keep`."""
    path, on_windows, name = PurePosixPath(member.name), PureWindowsPath(member.name), f"{member.name!r:.200}"
    outside = on_windows.drive or on_windows.root or ".." in (*path.parts, *on_windows.parts)
    if outside or "\\" in member.name or ":" in member.name or "\0" in member.name:
        raise UnsafeArchiveError(f"{archive}: member {name} leaves the target folder; nothing was unpacked")
    if member.kind == "other":
        raise UnsafeArchiveError(f"{archive}: member {name} is a link or a device, or has holes; nothing was unpacked")
    longest = max((len(part.encode(errors="surrogateescape")) for part in path.parts), default=0)
    if longest > MOST_NAME_BYTES or len(path.parts) > MOST_FOLDERS:
        raise UnsafeArchiveError(
            f"{archive}: member {name} has a name of {longest} bytes in {len(path.parts)} folders, allowed are "
            f"{MOST_NAME_BYTES} in {MOST_FOLDERS}; nothing was unpacked"
        )
    if member.kind == "folder" or not path.is_relative_to(PurePosixPath(keep)):
        return None
    return path.relative_to(PurePosixPath(keep))


def _write(member: Member, path: Path, n_allowed: int, archive: Path) -> int:
    n_bytes = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file, closing(member.chunks()) as chunks:
            for chunk in chunks:
                n_bytes += len(chunk)
                _require_allowed(n_bytes, n_allowed, archive)
                file.write(chunk)
    except (FileExistsError, NotADirectoryError) as error:
        raise UnsafeArchiveError(f"{archive} has a member twice, {error.filename}: it is not the data set") from error
    return n_bytes


def _require_allowed(n_bytes: int, n_allowed: int, archive: Path) -> None:
    if n_bytes > n_allowed:
        raise UnsafeArchiveError(f"{archive} unpacks to more than its manifest allows: it is not the data set")
