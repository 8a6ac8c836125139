"""What lies in a place after a fault: whether each file is whole, and whether all of them are what they should be."""

import csv
import io
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load

COUNTS = ("lost", "half_written", "resume_differs", "published_partial", "left_over", "badly_told")
Files = dict[str, bytes]  # by path below the place
UNFINISHED = re.compile(r"(^|/)\.[^/]+(/|$)|\.part(\.[^/]*)?$")  # hidden, or a download that goes on


@dataclass
class Verdict:
    """What a case found wrong, a line each, by the name of its count."""

    found: list[tuple[str, str]] = field(default_factory=list)

    def add(self, count: str, *lines: str) -> None:
        self.found += [(count, line) for line in lines]

    @property
    def counts(self) -> Counter[str]:
        """One for each kind of fault: a case is half written once, however many of its files are."""
        return Counter({count for count, _ in self.found})


def files_below(place: Path) -> Files:
    """Every file of a place, with what two equal runs may differ in left out: the seconds that they took."""
    found = {}
    for path in sorted(place.rglob("*")):
        if path.is_file():
            name = path.relative_to(place).as_posix()
            found[name] = _timeless(path.name, path.read_bytes())
    return found


def _timeless(name: str, data: bytes) -> bytes:
    if name == "metrics.json":
        return re.sub(rb'"seconds": [-+.e0-9]+', b'"seconds": 0', data)
    if name == "history.csv":
        return re.sub(rb",[-+.e0-9]+\n", b",0\n", data)  # its last column
    return data


def finished(files: Files) -> Files:
    """Those that stand under a name of their own."""
    return {name: data for name, data in files.items() if not UNFINISHED.search(name)}


def unfinished(files: Files) -> list[str]:
    """What else is there: hidden folders and files, and downloads that go on, each once."""
    matches = (UNFINISHED.search(name) for name in files)
    return sorted({found.string[: found.end()].rstrip("/") for found in matches if found})


def half_written(files: Files) -> list[str]:
    """Files under a final name that do not parse."""
    problems = []
    for name, data in finished(files).items():
        try:
            PARSERS.get(Path(name).suffix, _not_empty)(data)
        except (ValueError, EOFError, SafetensorError) as error:  # of every parser here
            problems.append(f"{name}: {type(error).__name__}: {error}")
    return problems


def differences(files: Files, expected: Files) -> list[str]:
    """In what the finished files are others than expected."""
    files = finished(files)
    return [
        f"{name} is {'missing' if name not in files else 'not expected' if name not in expected else 'different'}"
        for name in sorted(files.keys() | expected.keys())
        if files.get(name) != expected.get(name)
    ]


def _wav(data: bytes) -> None:
    n_said = int.from_bytes(data[4:8], "little") + 8
    if data[:4] != b"RIFF" or n_said != len(data):
        raise ValueError(f"{n_said} bytes announced, {len(data)} there")


def _table(data: bytes) -> None:
    rows = list(csv.reader(io.StringIO(data.decode())))
    if not data.endswith(b"\n") or len({len(row) for row in rows if row}) != 1:
        raise ValueError("rows of different lengths, or a last one without end")


def _not_empty(data: bytes) -> None:
    if not data:
        raise ValueError("empty")


PARSERS: dict[str, Callable[[bytes], object]] = {
    ".json": json.loads,
    ".toml": lambda data: tomllib.loads(data.decode()),
    ".safetensors": load,
    ".csv": _table,
    ".wav": _wav,
}
