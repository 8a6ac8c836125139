"""Prepare a data set: fetch it (resuming), prove its bytes, unpack it safely, move it into place."""

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from circuits.errors import InputError
from snn.data.recordings.decoder import AUDIO_SUFFIXES
from snn.data.sets.archive import CHUNK_BYTES, Limits, unpack
from snn.data.sets.location import data_root, find_below
from snn.data.sets.manifest import Manifest, find_manifest

TIMEOUT_S = 30.0  # s without a byte before the connection counts as lost (ASSUMED)
RANGE_NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206

Progress = Callable[[str, int, int], None]  # (stage, done, total); total is 0 where nobody knows it
Opener = Callable[[Request], HTTPResponse]


def _urlopen(request: Request) -> HTTPResponse:
    return urlopen(request, timeout=TIMEOUT_S)


def prepare(
    name: str,
    root: str | Path | None = None,
    *,
    on_progress: Progress | None = None,
    opener: Opener = _urlopen,
) -> Path:
    """Make a data set ready for use and return its folder; at once if it is ready already.

    An archive put at `<root>/<name>.<kind>` by hand is used after its hash is checked. A download that breaks off is
    resumed by the next call. The folder appears whole, by one rename, or not at all.

    Args:  root: where data sets live, None for the data root.  on_progress: told (stage, done, total).
    Raises:  InputError for an unknown name or bytes that are not the data set; OSError without a network (it says which
        file to put where) or without disk space.
    """
    manifest = find_manifest(name)
    root = data_root() if root is None else Path(root)
    if (ready := find_below(root, manifest)) is not None:
        return ready
    tell = on_progress or (lambda stage, done, total: None)
    if manifest.archive == "synthesis":
        from snn.data.synthesis.embedded import build_corpus  # needs the optional synthesiser

        return build_corpus(root / name, on_progress=lambda done, total: tell("synthesise", done, total))
    with _explained_disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        archive = _proven_archive(manifest, root, tell, opener)
        folder = _unpack_into_place(manifest, archive, root / name, tell)
        if archive.suffix == ".part":
            _forget_download(archive)
        return folder


def tree_sha256(folder: str | Path) -> str:
    """Return the SHA-256 that identifies the recordings of a folder, whatever archive they came in.

    SHA-256 over the lines `<sha256 of the file>  <path below the folder>`, sorted by path.
    """
    folder = Path(folder)
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    lines = (f"{_sha256(folder / name, lambda done: None)}  {name}\n" for name in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _proven_archive(manifest: Manifest, root: Path, tell: Progress, opener: Opener) -> Path:
    """The archive put there by hand, or else the download; its hash is checked where the manifest has one."""
    archive = root / manifest.archive_name
    if not archive.is_file():
        archive = root / f"{manifest.archive_name}.part"
        if not _is_complete(archive, manifest):
            _download(manifest, archive, tell, opener)
    n_bytes = archive.stat().st_size
    if manifest.sha256 and _sha256(archive, lambda done: tell("verify", done, n_bytes)) != manifest.sha256:
        raise _set_aside(archive, manifest, "its SHA-256 differs")
    return archive


def _set_aside(archive: Path, manifest: Manifest, problem: str) -> InputError:
    """Move wrong bytes out of the way, never deleting what a user put there; return the error that says so."""
    aside = archive.replace(archive.with_name(f"{manifest.archive_name}.corrupt"))
    if archive.suffix == ".part":
        _forget_download(archive)
    return InputError(f"{archive} is not {manifest.name} ({problem}); moved to {aside}: fetch it again")


def _is_complete(part: Path, manifest: Manifest) -> bool:
    return bool(manifest.sha256) and part.is_file() and part.stat().st_size == manifest.archive_bytes


def _download(manifest: Manifest, part: Path, tell: Progress, opener: Opener) -> None:
    by_hand = f"put that file at {part.with_suffix('')} and run snn data prepare {manifest.name} again"
    try:
        response, n_have = _request(manifest.url, part, opener)
        try:
            _receive(response, part, n_have, manifest, tell)
        finally:
            response.close()
    except (OSError, HTTPException) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
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


def _receive(response: HTTPResponse, part: Path, n_have: int, manifest: Manifest, tell: Progress) -> None:
    promised = response.headers.get("Content-Length")
    total = n_have + int(promised) if promised and promised.isdigit() else manifest.archive_bytes
    limit = manifest.archive_bytes or manifest.max_bytes
    done = n_have
    with part.open("ab" if n_have else "wb") as file:
        while chunk := response.read(CHUNK_BYTES):
            done += len(chunk)
            if done > limit:
                _forget_download(part)
                raise InputError(f"{manifest.url} sends more than {limit} bytes: it is not {manifest.name}")
            file.write(chunk)
            tell("download", done, total)
    if promised and done < total:
        raise OSError(f"the connection ended after {done} of {total} bytes")


def _validator_path(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _save_validator(part: Path, response: HTTPResponse) -> None:
    """Remember the version of the file being fetched, so that two versions are never joined."""
    etag = response.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    _validator_path(part).write_text(json.dumps({"if_range": validator}), encoding="utf-8")


def _if_range(part: Path) -> dict[str, str]:
    try:
        validator = json.loads(_validator_path(part).read_text(encoding="utf-8"))["if_range"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # a lost note costs nothing but certainty; the hash decides
    return {"If-Range": validator} if isinstance(validator, str) and validator else {}


def _forget_download(part: Path) -> None:
    for path in (part, _validator_path(part)):
        with suppress(FileNotFoundError):
            path.unlink()


def _unpack_into_place(manifest: Manifest, archive: Path, folder: Path, tell: Progress) -> Path:
    """Unpack beside the target, prove the recordings, and rename; a failure leaves nothing."""
    unpacking = folder.with_name(f".{manifest.name}.unpacking")
    shutil.rmtree(unpacking, ignore_errors=True)  # left by a killed process
    unpacking.mkdir()
    try:
        limits = Limits(manifest.max_bytes, manifest.max_files)
        unpack(archive, unpacking, limits, keep=manifest.keep, on_progress=lambda done: tell("unpack", done, 0))
        if manifest.tree_sha256 and tree_sha256(unpacking) != manifest.tree_sha256:
            raise _set_aside(archive, manifest, "the recordings in it differ")
        unpacking.replace(folder)
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)
    return folder


def _sha256(path: Path, tell: Callable[[int], None]) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            tell(done := done + len(chunk))
    return digest.hexdigest()


@contextmanager
def _explained_disk_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "free some, or set SNN_DATA to another disk"
            raise OSError(error.errno, f"no space left at {root}: {remedy}") from error
        raise
