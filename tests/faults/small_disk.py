"""A disk of a few kilobytes, and folders that cannot be written: mounts of a namespace of our own, gone with it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOUNTS = "FAULTS_MOUNTS"  # in the environment: whether this process may mount, 1 or nothing
ROOMY = "64m"
PAGE = 4096  # bytes, the unit of a tmpfs


def namespace() -> list[str]:
    """What runs a command where it may mount; nothing where the system does not let it."""
    for options in (["--mount"], ["--mount", "--user", "--map-root-user"]):
        try:
            tried = subprocess.run(["unshare", *options, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True)
        except OSError:
            return []
        if tried.returncode == 0:
            return ["unshare", *options]
    return []


def may_mount() -> bool:
    """Whether this process is in such a namespace."""
    return bool(os.environ.get(MOUNTS))


@contextmanager
def disk(place: Path) -> Iterator[None]:
    """An empty disk with room, at the folder `place`."""
    with _mounted(place, "-t", "tmpfs", "-o", f"size={ROOMY}", "none"):
        yield


def leave_room(place: Path, n_bytes: int | None) -> None:
    """Make the disk as large as what lies on it and `n_bytes` more; None: roomy again."""
    told = os.statvfs(place)
    used = (told.f_blocks - told.f_bfree) * told.f_frsize
    size = ROOMY if n_bytes is None else max(used + n_bytes, PAGE)  # 0 would be a disk without an end
    subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)


def may_close() -> bool:
    """Whether a folder can be closed to this process: the modes of files say nothing to root."""
    return may_mount() or os.geteuid() != 0


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """A folder that cannot be written, nor what lies in it: mounted read-only, or else by the modes of its folders."""
    if may_mount():
        with _mounted(folder, "--bind", folder):
            subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
            yield
        return
    inside = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in inside:
        path.chmod(0o555)
    try:
        yield
    finally:
        for path in inside:
            path.chmod(0o755)


@contextmanager
def _mounted(place: Path, *options: object) -> Iterator[None]:
    subprocess.run(["mount", *map(str, options), place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
