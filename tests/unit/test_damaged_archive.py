"""Whatever is wrong inside an archive is the archive's fault: one error that names it, soon, with little memory."""

import gzip
import io
import os
import struct
import tarfile
import time
import tracemalloc
import zipfile
import zlib

import pytest

from circuits.errors import InputError
from snn.data.sets import members as reading
from snn.data.sets import zip_directory
from snn.data.sets.archive import Limits, unpack
from snn.data.sets.members import UnsafeArchiveError

LIMITS = Limits(max_bytes=400_000, max_files=20)
LONGEST_S, MOST_BYTES = 2.0, 64 << 20


def zipped(*names: str, **options) -> bytearray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **{"compression": zipfile.ZIP_STORED} | options) as archive:
        for name in names or ("a.wav",):
            archive.writestr(name, b"hello world")
    return bytearray(buffer.getvalue())


def zip_with(at: str, offset: int, form: str, value: int) -> bytes:
    """A zip of two members with one field of a record changed: of the "directory", the first, or of the "end"."""
    data = zipped("a.wav", "b.wav")
    start = data.find({"directory": b"PK\1\2", "end": b"PK\5\6"}[at])
    struct.pack_into(form, data, start + offset, value)
    return bytes(data)


def tarred(*blocks: bytes, end: bytes = bytes(1024)) -> bytes:
    return gzip.compress(b"".join(blocks) + end, 1)


def header(name: str = "a.wav", size: int = 0, kind: bytes = tarfile.REGTYPE, **changes) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    for key, value in changes.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 512)


def pax(text: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    return header("x", len(text), kind) + padded(text)


def record(key: str, value: str) -> bytes:
    """One line of a pax header, its length first."""
    rest = f" {key}={value}\n"
    n = len(rest) + 1
    n += len(str(n + len(str(n)) - 1)) - 1
    return f"{n}{rest}".encode()


def negative(kind: bytes = tarfile.REGTYPE) -> bytes:
    """A header whose size is -512, in the form of numbers above 8 GiB."""
    block = bytearray(header(kind=kind))
    block[124:136] = (-512).to_bytes(12, "big", signed=True)
    return checked(block)


def checked(block: bytearray) -> bytes:
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    return bytes(block)


def old_sparse() -> bytes:
    block = bytearray(header("a.wav", 0, tarfile.GNUTYPE_SPARSE))
    block[483:495] = b"00000010000\0"  # real size: 4096
    return checked(block)


def extended_sparse() -> bytes:
    """An old sparse header that says that another of its blocks follows, without end."""
    block = bytearray(old_sparse())
    block[482] = 1
    more = b"00000000001\0" * 42 + b"\1" + bytes(7)
    return checked(block) + more * 2000


def shifted_gzip(data: bytes) -> bytes:
    return data[:-8] + struct.pack("<I", zlib.crc32(b"")) + data[-4:]


ZIPS = {
    "directory cut": bytes(zipped()[:-30]),
    "end alone": bytes(zipped()[-22:]),
    "wrong check sum": zip_with("directory", 16, "<I", 1),
    "encrypted": zip_with("directory", 8, "<H", 1),
    "patched": zip_with("directory", 8, "<H", 0x20),
    "unknown compression": zip_with("directory", 10, "<H", 77),
    "lzma, which takes what memory it is told": bytes(zipped(compression=zipfile.ZIP_LZMA)),
    "bzip2": bytes(zipped(compression=zipfile.ZIP_BZIP2)),
    "version 25": zip_with("directory", 6, "<H", 250),
    "names differ": bytes(zipped()).replace(b"a.wav", b"b.wav", 1),
    "name is not UTF-8": zip_with("directory", 8, "<H", 0x800).replace(b"a.wav", b"\xff.wav"),
    "member far away": zip_with("directory", 42, "<I", 1 << 30),
    "member before the file": zip_with("end", 16, "<I", 1 << 20),
    "directory before the file": zip_with("end", 12, "<I", 1 << 20),
    "directory of 4 GB": zip_with("end", 12, "<I", 0xFFFFFFFE),
    "a name too long": zip_with("directory", 28, "<H", 0xFFFF),
    "extra field too long": zip_with("directory", 30, "<H", 0xFFFF),
    "size in 64 bits that are not there": zip_with("directory", 24, "<I", 0xFFFFFFFF),
    "packed size too large": zip_with("directory", 20, "<I", 1 << 20),
    "overlapping": bytes(zipped("a.wav")).replace(struct.pack("<I", 11), struct.pack("<I", 500)),
    "many disks": zip_with("end", 4, "<H", 3),
    "three members of which two are listed": zip_with("end", 10, "<H", 3),
    "zeros": bytes(10_000),
    "nothing": b"",
}
TARS = {
    "negative size": tarred(negative()),
    "name with a negative size": tarred(negative(tarfile.GNUTYPE_LONGNAME)),
    "name of 8 MB": tarred(header("x", 8 << 20, tarfile.GNUTYPE_LONGNAME), b"a" * (8 << 20), header()),
    "attributes of 64 MB": tarred(header("x", 64 << 20, tarfile.XHDTYPE), bytes(64 << 20), header()),
    "attributes that are searched without end": tarred(pax(b"1" * (1 << 20)), header()),
    "attributes within attributes": tarred(*[pax(b"")] * 2000, header()),
    "attributes for all that follow": tarred(
        pax(b"".join(record(f"k{k}", "v") for k in range(40)), tarfile.XGLTYPE), header()
    ),
    "attribute of no length": tarred(pax(b"0 path=a\n"), header()),
    "attribute size is a word": tarred(pax(record("size", "many")), header()),
    "attribute size is negative": tarred(pax(record("size", "-512")), header()),
    "sparse, of the old kind": tarred(old_sparse()),
    "sparse without end": tarred(extended_sparse()),
    "sparse, 1.0": tarred(
        pax(record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.realsize", "9")),
        header("a.wav", 4 << 20), b"9999999\n" + b"1" * ((4 << 20) - 8),
    ),
    "sparse, 0.1": tarred(
        pax(record("GNU.sparse.map", "0,x") + record("GNU.sparse.size", "9")), header("a.wav", 512), bytes(512)
    ),
    "check sum of a header": tarred(header("b.wav"), b"\1" + header()[1:]),
    "check sum of the first header": tarred(b"\1" + header()[1:]),
    "check sum of it all": shifted_gzip(tarred(header())),
    "no end": tarred(header(), end=b""),
    "member cut": tarred(header("a.wav", 5000), bytes(512), end=b""),
    "header cut": tarred(header(), header("b.wav")[:100], end=b""),
    "stream cut": tarred(header())[:-9],
    "not packed": header() + bytes(1024),
    "much after its end": tarred(header(), end=bytes(8 << 20)),
    "unknown gzip method": b"\x1f\x8b\x07" + bytes(20),
    "a file of 8 TB": tarred(header("other/a.wav", 8 << 40)),
    "nothing": b"",
}  # fmt: skip
CASES = [("a.zip", name) for name in ZIPS] + [("a.tar.gz", name) for name in TARS]


@pytest.mark.parametrize(("file", "case"), CASES)
def test_it_is_refused_by_name_soon_and_with_little_memory(tmp_path, file, case):
    archive, target = tmp_path / file, tmp_path / "target"
    archive.write_bytes((ZIPS if file == "a.zip" else TARS)[case])
    target.mkdir()
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(UnsafeArchiveError, match=file.replace(".", r"\.")):
            unpack(archive, target, LIMITS)
        taken, most = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (taken < LONGEST_S, most < MOST_BYTES) == (True, True), (taken, most)


def test_a_zip_whose_directory_is_longer_than_its_files_need_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for k in range(18):
            info = zipfile.ZipInfo(str(k))
            info.comment = bytes(60_000)
            archive.writestr(info, b"")
    with pytest.raises(UnsafeArchiveError, match="directory is longer than 1048576 bytes"):
        list(reading.members(tmp_path / "a.zip", 20, 1 << 30))
    assert len(list(reading.members(tmp_path / "a.zip", 2000, 1 << 30))) == 18


@pytest.mark.parametrize("file", ["a.zip", "a.tar.gz", "a.tar.gz.part"])
def test_a_pipe_and_a_file_longer_than_the_data_set_are_refused_before_they_are_read(tmp_path, file):
    archive, target = tmp_path / file, tmp_path / "target"
    target.mkdir()
    os.mkfifo(archive)
    with pytest.raises(InputError, match=rf"{file} is a pipe"):
        unpack(archive, target, LIMITS)
    archive.unlink()
    archive.write_bytes(zipped() if file == "a.zip" else tarred(header()))
    os.truncate(archive, 5 << 30)  # which a reader of gzip skips byte by byte
    with pytest.raises(InputError, match=rf"{file} has 5,368,709,120 bytes, more than the 563,840"):
        unpack(archive, target, LIMITS)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_attributes_of_a_good_tar_are_read(tmp_path, form):
    name = "/".join(["folder" * 5] * 3 + ["file" * 8]) if form == tarfile.USTAR_FORMAT else "a/" * 20 + "ä" * 120
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=form) as archive:
        for k in range(3):
            info = tarfile.TarInfo(f"{k}/{name}")
            info.size, info.mtime, info.uname = 5, 1.25, "ü" * 10
            archive.addfile(info, io.BytesIO(b"hello"))
    (tmp_path / "target").mkdir()
    assert unpack(tmp_path / "a.tar.gz", tmp_path / "target", LIMITS) == 3
    assert (tmp_path / "target" / "2" / name).read_bytes() == b"hello"


def test_a_disk_that_fails_is_not_the_archives_fault(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(zipped())

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(zip_directory.BoundedFile, "read", fail)
    with pytest.raises(OSError, match="Input/output error"):
        list(reading.members(tmp_path / "a.zip", 20, 1 << 30))
