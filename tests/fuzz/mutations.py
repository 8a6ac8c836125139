"""Valid files made invalid: bytes for any format, tokens and structure for text. Same generator, same bytes."""

import re
import struct
from collections.abc import Callable
from random import Random

Change = Callable[[Random, bytes, bytes], bytes]  # of a file, and another of its kind

SIZES = (0, 1, 2, 7, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
FLOATS = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, -1.0, 0.0)
TOKENS = (
    b"0", b"-0.0", b"-1", b"1", b"1e308", b"-1e308", b"5e-324", b"1e999", b"nan", b"-inf", b"inf", b"true", b"null",
    b"2147483648", b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"1" * 400, b"9" * 5000,
    b"1e12", b"1_000", b"0x10", b"1979-05-27T07:32:00Z", b'""', b'"x"', b"''", b"[]", b"[[]]", b"[[], 1]", b"{}",
    b"[nan]", b"[1, 2, 3]", b"[-1]", b'{ value = 1, source = "x" }', b"\\u0000", b'"\\u001b[31mred\\u001b[0m"',
    b"\xff\xfe", "\u0661\u0662".encode(), "\u202e\u200b".encode(), b"..", b"../../x", b"%s%n", b"\x1b]0;x\x07",
)  # fmt: skip
TOKEN = re.compile(rb'"[^"\n]{0,80}"|[-+]?\d[\w.+-]*|[A-Za-z_][\w.-]*')
VALUE = re.compile(rb'(?<=[=:,\[(])\s*("[^"\n]{0,80}"|[-+]?[\w.+-]+)')


def _span(rng: Random, data: bytes, longest: int = 64) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randint(1, longest))


def _head(rng: Random, data: bytes) -> int:
    """A place, more often near the beginning, where the headers are."""
    return rng.randrange(min(len(data), rng.choice((16, 64, 256, 4096, len(data)))) or 1)


def flip(rng: Random, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64)) if data else 0):
        changed[_head(rng, data)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng: Random, data: bytes, other: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def drop(rng: Random, data: bytes, other: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def double(rng: Random, data: bytes, other: bytes) -> bytes:
    start, end = _span(rng, data, max(1, len(data)))
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 20)) + data[end:]


def splice(rng: Random, data: bytes, other: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


def size(rng: Random, data: bytes, other: bytes) -> bytes:
    """A count or length replaced by an extreme one."""
    value, form = rng.choice(SIZES), rng.choice("HIQ")
    packed = struct.pack(rng.choice("<>") + form, value % (1 << 8 * struct.calcsize(form)))
    place = _head(rng, data) // 2 * 2
    return data[:place] + packed + data[place + len(packed) :]


def number(rng: Random, data: bytes, other: bytes) -> bytes:
    """A sample replaced by one that is not finite, or huge."""
    packed = struct.pack(rng.choice(("<f", "<d")), min(max(rng.choice(FLOATS), -3e38), 3e38) or 0.0)
    packed = packed if rng.random() < 0.5 else struct.pack("<d", rng.choice(FLOATS))
    place = max(0, len(data) - rng.randint(1, max(1, len(data) // 2))) // 8 * 8
    return data[:place] + packed + data[place + len(packed) :]


def tail(rng: Random, data: bytes, other: bytes) -> bytes:
    return data + rng.choice((b"\0", b"\xff", b"\n", b"A")) * rng.choice((1, 7, 1000, 1 << 20))


def token(rng: Random, data: bytes, other: bytes) -> bytes:
    return _replaced(rng, data, TOKEN, rng.choice(TOKENS))


def value(rng: Random, data: bytes, other: bytes) -> bytes:
    return _replaced(rng, data, VALUE, rng.choice(TOKENS))


def swap(rng: Random, data: bytes, other: bytes) -> bytes:
    """A token in the place of another: right words, wrong places."""
    found = TOKEN.findall(data) + TOKEN.findall(other)
    return _replaced(rng, data, rng.choice((TOKEN, VALUE)), rng.choice(found)) if found else data


def nest(rng: Random, data: bytes, other: bytes) -> bytes:
    depth, (opened, closed) = (
        rng.choice((70, 700, 100_000)),
        rng.choice(((b"[", b"]"), (b"{x=", b"}"), (b'{"a":', b"}"))),
    )
    return _replaced(rng, data, rng.choice((TOKEN, VALUE)), opened * depth + b"1" + closed * depth)


def dotted(rng: Random, data: bytes, other: bytes) -> bytes:
    key = b".".join([b"a"] * rng.choice((50, 700, 20_000)))
    return rng.choice((data + b"\n" + key + b" = 1\n", b"[" + key + b"]\n" + data))


def long_token(rng: Random, data: bytes, other: bytes) -> bytes:
    text = rng.choice((b"a", b"1", b"\xc3\xa9", b"\x1b")) * rng.choice((300, 5_000, 300_000))
    return _replaced(rng, data, rng.choice((TOKEN, VALUE)), rng.choice((text, b'"' + text + b'"')))


def control(rng: Random, data: bytes, other: bytes) -> bytes:
    place = rng.randrange(len(data) + 1)
    bad = rng.choice(
        (b"\0", b"\x1b[2J", b"\r", b"\x7f", b"\x85", b"\x0b", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x80\xa8")
    )
    return data[:place] + bad + data[place:]


def encoding(rng: Random, data: bytes, other: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return rng.choice((
        b"\xef\xbb\xbf" + data, b"\xef\xbb\xbf" * 2 + data, text.encode("utf-16"), text.encode("utf-16-le"),
        text.encode("utf-32"), data.replace(b"\n", b"\r\n"), data.replace(b"\n", b"\r"), data.replace(b" ", b"\xa0"),
    ))  # fmt: skip


def lines(rng: Random, data: bytes, other: bytes) -> bytes:
    """Lines doubled, dropped, in another order, or very many."""
    found = data.splitlines(keepends=True) or [b"\n"]
    k, many = rng.randrange(len(found)), rng.choice((1000, 30_000))
    if rng.randrange(4) == 0:
        rng.shuffle(found)
    else:
        found[k] = rng.choice((b"", found[k] * 2, (found[k] * min(many, (1 << 22) // len(found[k])))))
    return b"".join(found)


def _replaced(rng: Random, data: bytes, pattern: re.Pattern[bytes], new: bytes) -> bytes:
    found = list(pattern.finditer(data))
    if not found:
        return data + new
    match = rng.choice(found)
    last = match.lastindex or 0
    return data[: match.start(last)] + new + data[match.end(last) :]


BYTES: tuple[Change, ...] = (flip, flip, cut, drop, double, splice, size, size, size, number, tail)
TEXT: tuple[Change, ...] = (
    token, token, value, value, value, value, swap, swap, nest, nest, dotted, long_token, control, encoding, lines,
    flip, cut, drop, double, splice, tail,
)  # fmt: skip


def _changes(rng: Random, data: bytes, other: bytes, changes: tuple[Change, ...]) -> tuple[str, bytes]:
    names = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = rng.choice(changes)
        data = change(rng, data, other)[: 1 << 23]
        names.append(change.__name__)
    return "+".join(names), data


def mutate_bytes(rng: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """One to three changes of a binary file."""
    return _changes(rng, data, other, BYTES)


def mutate_text(rng: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """One to three changes of a text."""
    return _changes(rng, data, other, TEXT)


def mutate_both(rng: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """Of a format with a text header before its bytes."""
    return _changes(rng, data, other, rng.choice((BYTES, TEXT)))


def mutate_arguments(rng: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """A command line, one argument a line: one that is strange, missing, doubled or unknown behind the command."""
    found = data.splitlines()
    k = rng.randrange(1, len(found)) if len(found) > 1 else 0
    name = rng.choice(("strange", "strange", "strange", "missing", "doubled", "unknown", "foreign"))
    strange = rng.choice((*(t for t in TOKENS if b"\n" not in t), b"", b" ", b"-", b"--", b"a" * 5000, b"[" * 700))
    if name == "strange":
        found[k] = strange
    elif name == "missing":
        del found[k]
    elif name == "doubled":
        found.insert(k, found[k])
    elif name == "unknown":
        found.insert(k, rng.choice((b"--none", b"-x", b"--", b"--json=1", b"--help", strange)))
    else:
        found[k] = rng.choice(other.splitlines()[1:] or [b""])
    return name, b"\n".join(found)
