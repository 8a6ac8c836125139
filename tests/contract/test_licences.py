"""What each dependency is under, by its own metadata: python tests/contract/test_licences.py prints README's table."""

import json
import re
import sys
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
OURS, EXTRAS = (
    "tunnelspike",
    ("synthesis", "cluster", "rtl", "mapping", "test"),
)  # `bench`, `lint`: of their target of make
NAMES = {  # a classifier or a field in words, and the licence in short; clauses of BSD are not told apart
    r"BSD.*": "BSD",
    r"MIT License": "MIT",
    r"Apache.*": "Apache-2.0",
    r"ISC.*": "ISC",
    r"Python Software Foundation License|PSF-2.0": "PSF",
    r"MPL.*|Mozilla Public License 2.0.*": "MPL-2.0",
    r"CEA CNRS Inria.*": "CeCILL-2.1",
}
PERMISSIVE = {"Apache-2.0", "BSD", "BSL-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF"}
SILENT = {"espeakng-loader": "GPL-3.0"}  # its metadata names none; this is that of the espeak-ng library inside
NAMED = {"CeCILL-2.1": {"brian2"}, "LGPL-2.1-or-later": {"soxr"}, "MPL-2.0": {"certifi"}}  # the README tells of each
NVIDIA = ("nvidia-", "cuda-")  # what PyTorch's CUDA build brings; the README tells of it


def licence_of(fields: Message) -> set[str]:
    """The licences that metadata names: its expression, else its classifiers, else its field where that is a line."""
    classifiers = [c.rpartition(" :: ")[2] for c in fields.get_all("Classifier", []) if c.startswith("License")]
    field = (fields.get("License") or "").strip()
    told = fields.get("License-Expression") or " AND ".join(classifiers) or ("" if "\n" in field else field)
    parts = [re.sub(r" WITH .*", "", part).strip() for part in re.split(r" AND | OR ", told)]
    return {_short(part) for part in parts if part} or {"not stated"}


def _short(name: str) -> str:
    return next((short for words, short in NAMES.items() if re.fullmatch(words, name)), name)


def licences(name: str) -> set[str]:
    """Of an installed package, and of GPL parts that its bill of materials lists."""
    told = licence_of(metadata.metadata(name))
    if told == {"not stated"} and name in SILENT:
        told = {SILENT[name]}
    package = metadata.distribution(name)
    bills = re.findall(r"^[^,]+/sboms/[^,]+", package.read_text("RECORD") or "", re.MULTILINE)
    return told.union(*(gpl_parts(json.loads(Path(package.locate_file(bill)).read_bytes())) for bill in bills))


def gpl_parts(bill: dict) -> set[str]:
    """Licences of the GPL's family in a bill of materials (CycloneDX), without alternatives and optional parts."""
    parts = [part for part in bill.get("components", []) if part.get("scope") != "optional"]
    entries = [entry for part in parts for entry in part.get("licenses", [])]
    told = {entry.get("expression") or entry.get("license", {}).get("id", "") for entry in entries}
    return {licence for licence in told if "GPL" in licence and " OR " not in licence}


def needs(name: str, extra: str = "") -> list[str]:
    """What an installed package asks for on this machine: always, or with one extra on top of that."""
    asked = [Requirement(text) for text in metadata.requires(name) or []]
    always = [r for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})]
    more = [r for r in asked if r not in always and r.marker.evaluate({"extra": extra})]
    return [canonicalize_name(r.name) for r in (more if extra else always)]


def closure(name: str) -> set[str]:
    """All that an installed package cannot be installed without."""
    seen, left = set(), needs(name)
    while left:
        if (one := left.pop()) not in seen:
            seen.add(one)
            left += needs(one)
    return seen


def refused(licence: set[str], name: str) -> set[str]:
    """What a package that everyone must install must not be under, unless the README tells of that package."""
    return {one for one in licence if one not in PERMISSIVE and name not in NAMED.get(one, ())}


def listed() -> dict[str, tuple[str, str]]:
    """Licence and extra of each direct dependency here, and of those behind them that are not permissive."""
    rows = {name: (licences(name), "") for name in needs(OURS)}
    rows |= {name: (told, "") for name in closure(OURS) if not (told := licences(name)) <= PERMISSIVE}
    for extra in EXTRAS:
        rows |= {name: (licences(name), extra) for name in needs(OURS, extra) if _installed(name) and name not in rows}
    return {name: (", ".join(sorted(told)), extra) for name, (told, extra) in rows.items() if _told(name)}


def _told(name: str) -> bool:
    return name != OURS and not name.startswith(NVIDIA)


def _installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def table() -> str:
    rows = listed()
    lines = ["| licence | always needed | with an extra |", "|---|---|---|"]
    for licence in sorted({told for told, _ in rows.values()}, key=str.lower):
        there = sorted(name for name, (told, _) in rows.items() if told == licence)
        extra = ", ".join(f"{name} ({rows[name][1]})" for name in there if rows[name][1])
        lines.append(f"| {licence} | {', '.join(name for name in there if not rows[name][1])} | {extra} |")
    return "\n".join(lines) + "\n"


def read_table(text: str) -> dict[str, tuple[str, str]]:
    """The same from the README."""
    rows = {}
    for line in re.findall(r"^\| .* \|$", text.partition("| licence | always needed")[2], re.MULTILINE):
        licence, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        for name, extra in re.findall(r"([\w.-]+)(?: \((\w+)\))?", ",".join(cells)):
            rows[name] = (licence, extra)
    return rows


def test_the_readme_names_the_licence_of_each_dependency():
    told, here = read_table(README), listed()
    assert {name: told.get(name) for name in here} == here, f"the README's table should be\n{table()}"
    declared = {canonicalize_name(Requirement(text).name) for text in metadata.requires(OURS)}
    assert told.keys() - here.keys() <= declared  # an extra that is not installed, or not on this machine


def test_nothing_that_everyone_needs_is_under_the_gpl_non_commercial_or_without_a_licence():
    needed = {name: licences(name) for name in closure(OURS) if _told(name)}
    assert len(needed) > 40
    assert {name: bad for name, told in needed.items() if (bad := refused(told, name))} == {}


@pytest.mark.parametrize(
    ("fields", "licence", "bad"),
    [
        ("License-Expression: GPL-3.0-only", {"GPL-3.0-only"}, {"GPL-3.0-only"}),
        ("License-Expression: MIT AND CC-BY-NC-4.0", {"MIT", "CC-BY-NC-4.0"}, {"CC-BY-NC-4.0"}),
        ("License-Expression: BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", {"BSD", "Apache-2.0"}, set()),
        ("Classifier: License :: OSI Approved :: MIT License", {"MIT"}, set()),
        ("License: BSD 3-Clause License", {"BSD"}, set()),
        ("License: AGPL", {"AGPL"}, {"AGPL"}),
        ("License: all of\n        a text\nClassifier: License :: OSI Approved :: ISC License (ISCL)", {"ISC"}, set()),
        ("Name: silent", {"not stated"}, {"not stated"}),
        ("License-Expression: LGPL-2.1-or-later", {"LGPL-2.1-or-later"}, {"LGPL-2.1-or-later"}),
    ],
)
def test_a_licence_is_read_from_metadata_and_judged(fields, licence, bad):
    message = Message()
    for key, text in re.findall(r"^([\w-]+): ([^\n]*(?:\n .*)*)", fields, re.MULTILINE):
        message[key] = text
    assert licence_of(message) == licence
    assert refused(licence, "another") == bad


def test_gpl_parts_inside_a_package_are_found():
    parts = [{"licenses": [{"expression": text}]} for text in ("MIT", "GPL-3.0", "MIT OR LGPL-2.1-or-later")]
    parts += [{"licenses": [{"license": {"id": "LGPL-3.0-only"}}]}, {"name": "silent"}]
    parts += [{"scope": "optional", "licenses": [{"expression": "AGPL-3.0"}]}]
    assert gpl_parts({"components": parts}) == {"GPL-3.0", "LGPL-3.0-only"}


if __name__ == "__main__":
    sys.stdout.write(table())
