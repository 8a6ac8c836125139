"""constraints-hashed.txt is constraints.txt with hashes: the same versions, and all that an installation needs."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINNED, HASHED = ((ROOT / name).read_text(encoding="utf-8") for name in ("constraints.txt", "constraints-hashed.txt"))
NEEDED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]


def versions(text: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.M)}


def faults(hashed: str) -> list[str]:
    """What the file of hashes lacks or says otherwise than constraints.txt."""
    there, pinned = versions(hashed), versions(PINNED)
    entries = re.split(r"\n(?=\S)", hashed.strip())
    needed = {canonicalize_name(Requirement(text).name) for text in NEEDED}
    return [
        *(f"{name} is missing" for name in sorted(needed - there.keys())),
        *(f"{name} is another" for name in sorted(there.keys() & pinned.keys()) if there[name] != pinned[name]),
        *(f"no hash: {e}" for e in entries if e[0] != "#" and not re.search(r"--hash=sha256:[0-9a-f]{64}\b", e)),
    ]


def test_the_hashes_are_those_of_the_pinned_versions_and_miss_none():
    assert faults(HASHED) == [], "make hashes"
    assert len(versions(HASHED)) > 50
    assert not re.search(r"://|--(index|find)", HASHED)


@pytest.mark.parametrize(
    ("words", "instead", "fault"),
    [
        (r"(?m)^soxr==\S+", "soxr==0.0.1", "soxr is another"),
        (r"(?ms)^scipy==.*?(?=^\S)", "", "scipy is missing"),
        (r"(?m)^(idna==\S+) \\\n(    --hash.*\n)+", r"\1\n", "no hash: idna"),
        (r"(?m)^(idna==\S+) \\\n(    --hash.*\n)+", r"\1 \\\n    --hash=sha256:12\n", "no hash: idna"),
    ],
)
def test_a_file_that_went_stale_is_told(words, instead, fault):
    damaged, n = re.subn(words, instead, HASHED, count=1)
    told = faults(damaged)
    assert n == 1
    assert len(told) == 1
    assert told[0].startswith(fault)
