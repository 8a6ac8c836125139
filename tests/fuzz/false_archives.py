"""Archives that reach outside, burst or break."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable

from lies import ELSEWHERE, MIB, wrote


def _member(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, link: str = "") -> Callable[[bytes], bytes]:
    def make(_: bytes) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, len(data)
            tar.addfile(info, io.BytesIO(data))
        return out.getvalue()

    return make


def _zipped(name: str, data: bytes = b"x", mode: int = 0, times: int = 1) -> Callable[[bytes], bytes]:
    def make(_: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
            for _ in range(times):
                info = zipfile.ZipInfo(name)
                info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
                zipped.writestr(info, data)
        return out.getvalue()

    return make


def _at(mark: bytes, offset: int, form: str, value: int) -> Callable[[bytes], bytes]:
    """A field of the last record with that mark."""

    def make(data: bytes) -> bytes:
        place = data.rfind(mark) + offset
        return data[:place] + struct.pack(form, value) + data[place + struct.calcsize(form) :]

    return make


OUTSIDE = ("../x", str(ELSEWHERE), "a/../../x", "C:/x", "\\x", "a\\..\\..\\x", "//host/x")
ZIP = (
    *(wrote(f"member {name}", _zipped(name)) for name in OUTSIDE),
    wrote("a link", _zipped("x", b"/etc/passwd", 0o120777)),
    wrote("a device", _zipped("x", b"", 0o020666)),
    wrote("a name twice", _zipped("x", times=2)),
    wrote("a bomb", _zipped("x", bytes(64 * MIB))),
    wrote("5,000 members", _zipped("x", times=5000)),
    wrote("a negative offset", _at(b"PK\5\6", 16, "<I", 2**32 - 1)),
    wrote("offset 0 of the directory", _at(b"PK\5\6", 16, "<I", 0)),
    wrote("a member at 2^32 - 2", _at(b"PK\1\2", 42, "<I", 2**32 - 2)),
    wrote("encrypted", _at(b"PK\1\2", 8, "<H", 1)),
    wrote("compression 99", _at(b"PK\1\2", 10, "<H", 99)),
    wrote("another checksum", _at(b"PK\1\2", 16, "<I", 1)),
    wrote("size of 4 GiB", _at(b"PK\1\2", 24, "<I", 2**32 - 2), refuse=False),
    wrote("a name of 60,000 letters", _zipped("x" * 60_000), refuse=False),
    wrote("700 folders deep", _zipped("a/" * 700 + "x"), refuse=False),
)
TAR = (
    *(wrote(f"member {name}", _member(name)) for name in OUTSIDE),
    *(wrote(f"kind {kind!r}", _member("x", b"", kind, "/etc/passwd")) for kind in (
        tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)),
    wrote("a bomb", _member("x", bytes(64 * MIB))),
    wrote("a bomb of nothing", lambda data: gzip.compress(bytes(256 * MIB)), refuse=False, heavy=True),
    wrote("a header of 200 MiB", lambda data: _long_header(200 * MIB), heavy=True),
    wrote("half of it", lambda data: data[: len(data) // 2]),
)  # fmt: skip


def _long_header(size: int) -> bytes:
    """A pax header that long before the member's own."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, size
    return gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(size) + tarfile.TarInfo("x").tobuf() + bytes(1024))
