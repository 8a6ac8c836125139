"""A zip whose directory is bounded before it is read, and says what it holds."""

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

LEAST_BYTES = 1 << 20  # that may be read at once, whatever the directory may have
END_BYTES, ALL_ONES = (1 << 16) + 22, 0xFFFF  # of a zip: its last record with a comment; a number that is elsewhere


class BoundedFile(io.BufferedReader):
    """A file of which no more than `most` bytes are read at once."""

    def __init__(self, file: BinaryIO, most: int):
        super().__init__(file)
        self.most = most

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(self.most + 1 if size is None or size < 0 else min(size, self.most + 1))
        if len(data) > self.most:
            raise zipfile.BadZipFile(f"its directory is longer than {self.most} bytes")
        return data


@contextmanager
def opened_zip(archive: BinaryIO, max_bytes: int = LEAST_BYTES) -> Iterator[zipfile.ZipFile]:
    """The zip in a file, which is closed behind it; the library believes any length of its directory.

    Raises:  zipfile.BadZipFile for a directory of more than `max_bytes` (at least 1 MiB), or one that contradicts its
    end or the size of the file; whatever the library trips over.
    """
    with BoundedFile(archive, max(LEAST_BYTES, max_bytes)) as file:
        n_bytes, n_said = file.seek(0, io.SEEK_END), _n_said(file)
        with zipfile.ZipFile(file) as zipped:
            infos = zipped.infolist()
            if n_said not in (len(infos) & ALL_ONES, ALL_ONES):  # all ones: said elsewhere, in 64 bits
                raise zipfile.BadZipFile(f"it says that it has {n_said} members and lists {len(infos)}")
            if sum(info.compress_size for info in infos) > n_bytes:
                raise zipfile.BadZipFile("its members overlap")
            yield zipped


def _n_said(file: BinaryIO) -> int:
    """How many members the record at the end of a zip says that it has. Source: APPNOTE.TXT 4.3.16 of PKWARE."""
    file.seek(max(0, file.seek(0, io.SEEK_END) - END_BYTES))
    tail = file.read()
    if (start := tail.rfind(b"PK\5\6")) < 0:
        raise zipfile.BadZipFile("it has no end, as a zip has one")
    disk, n_members = struct.unpack_from("<H4xH", tail, start + 4)
    if disk not in (0, ALL_ONES):
        raise zipfile.BadZipFile(f"it is part {disk} of several")
    return n_members
