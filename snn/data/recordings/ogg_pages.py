"""Whether an Ogg file is whole: decoders pass over a damaged page and fill the gap, without a word.

Source:  RFC 3533, section 6.
"""

import struct
import zlib
from typing import BinaryIO

HEAD = struct.Struct("<4sBBqIIIB")  # pattern, version, flags, position, stream, number, checksum, segments
LAST = 4  # flag of the page that ends a stream
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def refuse_broken_pages(file: BinaryIO) -> None:
    """Read every page of a file.  Raises:  EOFError if its last one is missing, ValueError for a damaged or lost one.

    What follows the last page does not count.
    """
    file.seek(0)
    open_streams: dict[int, int] = {}  # the page that comes next, by stream
    while True:
        head = file.read(HEAD.size)
        if head[:4] != b"OggS":
            break
        page = _whole_page(file, head)
        _, _, flags, _, stream, number, checksum, _ = HEAD.unpack(head)
        if number != open_streams.get(stream, number) or checksum != _checksum(page):
            raise ValueError(f"page {number} is damaged, or one before it is lost")
        open_streams[stream] = number + 1
        if flags & LAST:
            del open_streams[stream]
    if open_streams:
        raise ValueError("a page is damaged") if len(head) == HEAD.size else EOFError


def _whole_page(file: BinaryIO, head: bytes) -> bytes:
    segments = file.read(head[-1]) if len(head) == HEAD.size else b""
    body = file.read(sum(segments))
    if len(head) < HEAD.size or len(segments) < head[-1] or len(body) < sum(segments):
        raise EOFError
    return head + segments + body


def _checksum(page: bytes) -> int:
    """The CRC of a page whose own checksum counts as 0: that of zlib, whose bits run the other way, from 0 to 0."""
    bare = page[:22] + bytes(4) + page[26:]
    crc = zlib.crc32(bare.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)
