"""An archive cannot write outside its target, nor more than it may."""

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from snn.data.sets.archive import Limits, unpack
from snn.data.sets.members import UnsafeArchiveError

LIMITS = Limits(max_bytes=10_000, max_files=20)


def make_tar(path: Path, *items: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, data in items:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def make_zip(path: Path, *items: tuple[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in items:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            zipped.writestr(info, data)
    return path


def written(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def target(tmp_path) -> Path:
    (tmp_path / "deep" / "target").mkdir(parents=True)
    return tmp_path / "deep" / "target"


def test_regular_files_below_the_wanted_folder_are_unpacked(tmp_path, target):
    files = (("top/yes/a.wav", b"abc"), ("top/list.txt", b"x"), ("other/b.wav", b"no"), ("topless/c.wav", b"no"))
    folder = member("./top/yes", tarfile.DIRTYPE)
    tar = make_tar(tmp_path / "a.tar.gz", (folder, b""), *((member(f"./{n}"), data) for n, data in files))
    zipped = make_zip(tmp_path / "a.zip", ("top/", b""), *files)
    for archive in (tar, zipped):
        unpacked = target / archive.name
        unpacked.mkdir()
        seen = []
        unpack(archive, unpacked, LIMITS, keep="top", on_progress=seen.append)
        assert written(unpacked) == {"yes/a.wav": b"abc", "list.txt": b"x"}
        assert seen == [3, 4]


@pytest.mark.parametrize(
    "name",
    ["../out.txt", "yes/../../../out.txt", "/out.txt", "C:/out.txt", "C:out.txt", "..\\out.txt", "\\\\host\\out.txt"],
)
def test_no_path_leaves_the_target(tmp_path, target, name):
    tar = make_tar(tmp_path / "a.tar.gz", (member("fine"), b"1"), (member(name), b"evil"))
    for archive in (tar, make_zip(tmp_path / "a.zip", ("fine", b"1"), (name, b"evil"))):
        with pytest.raises(UnsafeArchiveError, match="leaves the target"):
            unpack(archive, target, LIMITS)
        (target / "fine").unlink()
        assert set(written(tmp_path)) <= {"a.tar.gz", "a.zip"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_no_links_and_no_devices(tmp_path, target, kind):
    tar = make_tar(tmp_path / "a.tar.gz", (member("yes", kind, "/etc"), b""), (member("yes/passwd"), b"evil"))
    with pytest.raises(UnsafeArchiveError, match="'yes' is a link or a device"):
        unpack(tar, target, LIMITS)
    assert not any(target.iterdir())


def test_no_links_in_a_zip(tmp_path, target):
    with pytest.raises(UnsafeArchiveError, match="link or a device"):
        unpack(make_zip(tmp_path / "a.zip", ("yes", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), target, LIMITS)
    assert not any(target.iterdir())


def test_a_bomb_stops_at_the_limit(tmp_path, target):
    zeros = bytes(5_000_000)
    for archive in (make_tar(tmp_path / "a.tar.gz", (member("z"), zeros)), make_zip(tmp_path / "a.zip", ("z", zeros))):
        assert archive.stat().st_size < LIMITS.max_bytes
        with pytest.raises(UnsafeArchiveError, match="more than its manifest allows"):
            unpack(archive, target, LIMITS)
        assert not any(target.iterdir())


def test_the_number_of_members_is_limited(tmp_path, target):
    archive = make_zip(tmp_path / "a.zip", *((f"{k}", b"") for k in range(21)))
    with pytest.raises(UnsafeArchiveError, match="more than 20 members"):
        unpack(archive, target, LIMITS)


def test_a_member_that_comes_twice_is_refused(tmp_path, target):
    tar = make_tar(tmp_path / "a.tar.gz", (member("a"), b"1"), (member("a"), b"2"))
    with pytest.raises(UnsafeArchiveError, match="a member twice"):
        unpack(tar, target, LIMITS)
    tar = make_tar(tmp_path / "b.tar.gz", (member("b"), b"1"), (member("b/c"), b"2"))
    with pytest.raises(UnsafeArchiveError, match="a member twice"):
        unpack(tar, target, LIMITS)


def test_damage_is_named(tmp_path, target):
    good = make_tar(tmp_path / "a.tar.gz", (member("a"), bytes(range(256)) * 30)).read_bytes()
    broken = {"half.tar.gz": good[: len(good) // 2], "text.tar.gz": b"hello", "text.zip": b"hello", "empty.zip": b""}
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(UnsafeArchiveError, match="is damaged"):
            unpack(tmp_path / name, target, LIMITS)


def test_names_that_no_disk_takes_are_refused_before_anything_is_written(tmp_path, target):
    for name in ("a" * 256, "ä" * 128, "a/" * 32 + "b"):
        tar = make_tar(tmp_path / "a.tar.gz", (member(name), b"1"))
        for archive in (tar, make_zip(tmp_path / "a.zip", (name, b"1"))):
            with pytest.raises(UnsafeArchiveError, match="allowed are 255 in 32"):
                unpack(archive, target, LIMITS)
            assert not any(target.iterdir())


def test_what_lies_outside_the_wanted_folder_counts_too(tmp_path, target):
    """To skip it, a tar is unpacked all the same."""
    tar = make_tar(tmp_path / "a.tar.gz", (member("other/z"), bytes(20_000)), (member("top/a"), b"1"))
    with pytest.raises(UnsafeArchiveError, match="more than its manifest allows"):
        unpack(tar, target, LIMITS, keep="top")
