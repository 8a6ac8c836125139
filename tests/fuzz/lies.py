"""Files that are wrong on purpose, whatever the format: no files at all, holes, and tables that cannot be."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

from reader import Lie

ELSEWHERE = Path(tempfile.gettempdir()) / "tunnelspike-fuzzed-outside"  # an absolute path, written nowhere
MIB = 1 << 20


def wrote(name: str, content: Callable[[bytes], bytes], refuse: bool = True, heavy: bool = False) -> Lie:
    """A lie that is made of the bytes of a valid file."""
    return Lie(name, lambda path, rng: path.write_bytes(content(path.read_bytes())), refuse, heavy)


def instead(name: str, put: Callable[[Path], None]) -> Lie:
    """Something else in the place of the file."""

    def build(path: Path, rng: Random) -> None:
        path.unlink()
        put(path)

    return Lie(name, build)


def sparse(size: int) -> Callable[[Path, Random], None]:
    def build(path: Path, rng: Random) -> None:
        with path.open("rb+") as file:
            file.truncate(size)

    return build


NO_FILE = (  # of what has to be there
    instead("pipe", os.mkfifo),
    instead("folder", Path.mkdir),
    instead("link to itself", lambda path: path.symlink_to(path.name)),
    instead("link to nothing", lambda path: path.symlink_to("nothing")),
    instead("endless device", lambda path: path.symlink_to("/dev/zero")),
)
ANY = (
    *NO_FILE,
    wrote("empty", lambda data: b"", refuse=False),
    Lie("sparse 300 MiB", sparse(300 * MIB), refuse=False),
    Lie("sparse 5 GiB", sparse(5 << 30), refuse=False),
    wrote("zeros", lambda data: bytes(MIB)),
    wrote("32 MiB of letters", lambda data: b"a" * 32 * MIB, heavy=True),
    wrote("32 MiB of line ends", lambda data: b"\n" * 32 * MIB, refuse=False, heavy=True),
)


BAD_FILE = tuple(replace(lie, refuse=False) for lie in ANY)  # of many files, which is named among them
DEEP = tuple(
    wrote(f"{depth} brackets", lambda data, depth=depth: data + b"\nx = " + b"[" * depth + b"]" * depth + b"\n")
    for depth in (90, 700, 100_000)
)
TOML = (
    *DEEP,
    wrote("a key twice", lambda data: data + b"\nzzz = 1\nzzz = 2\n"),
    wrote("an unknown key", lambda data: b"zzz = 1\n" + data),
    wrote("20,000 tables deep", lambda data: data + b"\n[" + b".".join([b"a"] * 20_000) + b"]\n"),
    wrote("100,000 keys", lambda data: b"".join(b"k%d = 1\n" % k for k in range(100_000)) + data, heavy=True),
    wrote("16 MiB of text", lambda data: b'zzz = "' + b"a" * 16 * MIB + b'"\n' + data, heavy=True),
)
JSON = tuple(
    wrote(f"{depth} brackets", lambda data, depth=depth: b'{"x": ' + b"[" * depth + b"]" * depth + b"}")
    for depth in (90, 700, 100_000)
) + tuple(
    wrote(text, lambda data, text=text: text.encode())
    for text in ("null", "[]", "0", "NaN", '"x"', "{}", "[[]]", "true")
)


def values(*pairs: tuple[str, str]) -> tuple[Lie, ...]:
    """Texts in the place of others: a key, and its line as it must not be; the first line of a file without the key."""
    return tuple(wrote(f"{new:.60}", lambda data, old=old, new=new: _line(data, old, new)) for old, new in pairs)


def _line(data: bytes, start: str, new: str) -> bytes:
    lines = data.decode().splitlines()
    changed = [new if line.startswith(start) else line for line in lines]
    return "\n".join(changed if changed != lines else [new, *lines]).encode()


MANIFEST = values(*(
    (key, f"{key} = {value}")
    for key, wrong in {
        "labels": ("[[]]", "[1, 2]", '["a", ""]', '["a"]'),
        "n_clips": ("-1", "true", "1.5"),
        "sample_rate_hz": ("0", "-8000", "9223372036854775808"),
        "max_bytes": ("-1",),
        "name": ('"../x"', '""', '"a\\nb"'),
        "keep": ('"../.."',),
        "url": ('"file:///x.tar.gz"',),
        "layout": ("[[]]", '""'),
    }.items()
    for value in wrong
))  # fmt: skip
CHIP = values(*(
    (key, f'{key} = {{ value = {value}, source = "x" }}')
    for key, wrong in {
        "cores": ("0", "-1", "1.5", "1e12", "nan", "true", '"1"', "[]"),
        "neurons": ("-1", "1e308", "inf", "[[]]"),
        "lines": ("-1", "nan", "{}"),
        "synapses": ("-1", "1.5"),
        "weight_bits": ("1e12", "0", "-1", "nan", "1.5", "9223372036854775808", "64000"),
        "node_m": ("0", "-1", "nan", "1e308"),
        "width_m": ("0", "-1e-6", "nan", "1", "1e308"),
        "c_mem_f": ("0", "-1e-15", "1e308", "nan"),
        "v_threshold_v": ("0", "-0.4", "nan", "1e308"),
        "v_dd_v": ("0", "-1", "1e308"),
        "device": ('"none"', "1", "[]", '"../x.csv"'),
    }.items()
    for value in wrong
))  # fmt: skip
