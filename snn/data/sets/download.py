"""Prepare a data set: fetch it (resuming), prove its bytes, unpack it safely, move it into place."""

import errno
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from itertools import chain, count
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

from circuits.errors import InputError
from circuits.storage import write_json
from circuits.tables import read_json
from snn.data.recordings.decoder import AUDIO_SUFFIXES
from snn.data.sets.archive import Limits, unpack
from snn.data.sets.location import data_root, find_below, recordings_below
from snn.data.sets.manifest import Manifest, find_manifest
from snn.data.sets.members import CHUNK_BYTES
from snn.data.sets.pace import Opener, paced_opener
from snn.data.sets.publication import explained_disk_errors, own_folder, publish, require_room
from snn.folder_lock import making
from snn.reporter import OnNote, OnStage

RANGE_NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.EISDIR)  # not of the network


def prepare(
    name: str,
    root: str | Path | None = None,
    *,
    on_progress: OnStage | None = None,
    on_note: OnNote | None = None,
    opener: Opener | None = None,
) -> Path:
    """Make a data set ready for use and return its folder; at once if it is ready already.

    An archive put at `<root>/<name>.<kind>` by hand is used after its hash is checked. A download that breaks off is
    resumed by the next call. The folder appears whole, by one rename, or not at all. Where another process makes it,
    that is waited for.

    Args:  root: where data sets live, None for the data root.  on_progress: told (stage, done, total).  on_note: told a
        line when it waits, or finds a part of the data set.  opener: opens an address, None for one that gives up on a
        server that is too slow.
    Raises:  InputError for an unknown name, bytes that are not the data set, or a folder in its place that is none;
        FolderBusyError where a process of another machine makes it; OSError without a network (it says which file to
        put where) or without disk space.
    """
    manifest = find_manifest(name)
    root = data_root() if root is None else Path(root)
    part = root / f"{manifest.archive_name}.part"
    tell, note = on_progress or (lambda stage, done, total: None), on_note or (lambda line: None)
    if (ready := find_below(root, manifest)) is not None:
        _tidy(root / name, part)
        if (n := sum(1 for _ in recordings_below(ready))) < manifest.n_clips:
            note(f"{ready} holds {n} of {manifest.n_clips} recordings; move it away and prepare again to have them all")
        return ready
    if manifest.archive == "synthesis":
        from snn.data.synthesis.embedded import build_corpus  # needs the optional synthesiser

        return build_corpus(root / name, on_progress=lambda done, total: tell("synthesise", done, total), on_note=note)
    with explained_disk_errors(root), making(root / name, note):
        if (ready := find_below(root, manifest)) is None:
            require_room(root / name)
            archive = _proven_archive(manifest, part, tell, opener)
            ready = _unpack_into_place(manifest, archive, root / name, tell)
        _forget_download(part)
        return ready


def _tidy(folder: Path, part: Path) -> None:
    """Remove what a process left that was killed when the data set was ready; in nobody's way."""
    if part.exists() or any(folder.parent.glob(f".*{folder.name}.*")):
        with suppress(OSError, InputError), making(folder, None):
            _forget_download(part)


def tree_sha256(folder: str | Path) -> str:
    """Return the SHA-256 that identifies the recordings of a folder, whatever archive they came in.

    SHA-256 over the lines `<sha256 of the file>  <path below the folder>`, sorted by path.
    """
    folder = Path(folder)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    lines = (f"{_sha256(folder / name, lambda done: None)}  {name}\n" for name in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _proven_archive(manifest: Manifest, part: Path, tell: OnStage, opener: Opener | None) -> Path:
    """The archive put there by hand, or else the download; its hash is checked where the manifest has one."""
    archive = part.with_suffix("")
    if not archive.is_file():
        archive = part
        if not _is_complete(part, manifest):
            _download(manifest, part, tell, opener or paced_opener(_most_bytes(manifest)))
    before = archive.stat()
    if manifest.sha256 and _sha256(archive, lambda done: tell("verify", done, before.st_size)) != manifest.sha256:
        raise _set_aside(archive, manifest, "its SHA-256 differs", before)
    return archive


def _set_aside(archive: Path, manifest: Manifest, problem: str, before: os.stat_result) -> InputError:
    """Move wrong bytes out of the way, never deleting what a user put there; return the error that says so."""
    after = archive.stat()
    if (after.st_ino, after.st_size, after.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns):
        return InputError(f"{archive} changed while it was read: wait until it is written, then prepare again")
    names = (f"{manifest.archive_name}.corrupt{number}" for number in chain([""], (f"-{k}" for k in count(2))))
    aside = archive.replace(next(archive.with_name(name) for name in names if not (archive.parent / name).exists()))
    if archive.suffix == ".part":
        _forget_download(archive)
    return InputError(f"{archive} is not {manifest.name} ({problem}); moved to {aside}: fetch it again")


def _most_bytes(manifest: Manifest) -> int:
    return manifest.archive_bytes or manifest.max_bytes


def _is_complete(part: Path, manifest: Manifest) -> bool:
    return bool(manifest.sha256) and part.is_file() and part.stat().st_size == manifest.archive_bytes


def _download(manifest: Manifest, part: Path, tell: OnStage, opener: Opener) -> None:
    by_hand = f"put that file at {part.with_suffix('')} and run snn data prepare {manifest.name} again"
    try:
        response, n_have = _request(manifest.url, part, opener)
        try:
            _receive(response, part, n_have, manifest, tell)
        finally:
            response.close()
    except InputError:
        raise
    except (OSError, HTTPException, ValueError) as error:  # ValueError: of an address that it is sent on to
        if getattr(error, "errno", None) in OF_THE_DISK:
            raise
        raise OSError(f"cannot fetch {manifest.url} ({error}): try again to resume, or {by_hand}") from error


def _request(url: str, part: Path, opener: Opener) -> tuple[HTTPResponse, int]:
    """Ask for what is missing; the whole file where the server does not do ranges or the file has changed."""
    n_have = part.stat().st_size if part.is_file() else 0
    headers = {"User-Agent": "tunnelspike", "Accept-Encoding": "identity"}
    ranged = {**headers, "Range": f"bytes={n_have}-", **_if_range(part)} if n_have else headers
    try:
        response = opener(Request(url, headers=ranged))
    except HTTPError as error:
        if error.code != RANGE_NOT_SATISFIABLE or not n_have:
            raise
        response = opener(Request(url, headers=headers))
    first = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    if response.status == PARTIAL_CONTENT and first == str(n_have):
        return response, n_have
    if response.status == PARTIAL_CONTENT:
        response.close()
        response = opener(Request(url, headers=headers))
    _forget_download(part)
    _save_validator(part, response)
    return response, 0


def _receive(response: HTTPResponse, part: Path, n_have: int, manifest: Manifest, tell: OnStage) -> None:
    promised, limit, done = response.length, _most_bytes(manifest), n_have
    total = manifest.archive_bytes if promised is None else n_have + promised
    with part.open("ab" if n_have else "wb") as file:
        while chunk := response.read1(CHUNK_BYTES):  # what has arrived is kept, whatever follows
            done += len(chunk)
            if done > limit:
                _forget_download(part)
                raise InputError(f"{manifest.url} sends more than {limit} bytes: it is not {manifest.name}")
            file.write(chunk)
            tell("download", done, total)
    if done < total and (promised is not None or manifest.sha256):  # else its length is a guess
        raise OSError(f"the connection ended after {done} of {total} bytes")


def _validator_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _save_validator(part: Path, response: HTTPResponse) -> None:
    """Remember the version of the file being fetched, so that two versions are never joined."""
    etag = response.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    write_json(_validator_path(part), {"if_range": validator})


def _if_range(part: Path) -> dict[str, str]:
    try:
        validator = read_json(_validator_path(part))["if_range"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # a lost note costs nothing but certainty; the hash decides
    return {"If-Range": validator} if isinstance(validator, str) and validator else {}


def _forget_download(part: Path) -> None:
    for path in (part, _validator_path(part)):
        with suppress(FileNotFoundError):
            path.unlink()


def _unpack_into_place(manifest: Manifest, archive: Path, folder: Path, tell: OnStage) -> Path:
    """Unpack beside the target, prove the recordings, and rename; a failure leaves nothing."""
    before, limits = archive.stat(), Limits(manifest.max_bytes, manifest.max_files)
    with own_folder(folder) as part:
        n_files = unpack(archive, part, limits, keep=manifest.keep, on_progress=lambda done: tell("unpack", done, 0))
        if manifest.tree_sha256 and tree_sha256(part) != manifest.tree_sha256:
            raise _set_aside(archive, manifest, "the recordings in it differ", before)
        publish(part, folder, n_files)
    return folder


def _sha256(path: Path, tell: Callable[[int], None]) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            tell(done := done + len(chunk))
    return digest.hexdigest()
