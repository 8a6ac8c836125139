"""The audit of dependencies says what it could not do, and neither fails nor hangs for it."""

import json
import runpy
import time
from pathlib import Path

import pytest

AUDIT = runpy.run_path(str(Path(__file__).parents[1] / "supply" / "audit.py"))
audit, judge = AUDIT["audit"], AUDIT["judge"]
SKIPPED = {"name": "numpy", "skip_reason": "not found"}
SOUND = {"name": "scipy", "version": "1.0", "vulns": []}


def weak(*fixes: str) -> dict:
    return {"name": "idna", "version": "3.0", "vulns": [{"id": "CVE-1", "fix_versions": list(fixes)}]}


def tool(folder: Path, script: str) -> Path:
    """An environment whose pip-audit is this shell script; its sixth argument is the file of the report."""
    program = folder / "bin" / "pip-audit"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("packages", [None, [], [SKIPPED], [SKIPPED, SKIPPED]])
def test_where_nothing_was_looked_up_it_says_so_and_goes_on(packages):
    code, lines = judge(packages if packages is None else {"dependencies": packages})
    assert code == 0
    assert lines == ["pip-audit reaches no advisories from here: the dependencies are not audited"]


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([SOUND, SKIPPED], 0, "1 packages, 0 known weaknesses"),
        ([SOUND, weak()], 0, "idna 3.0: CVE-1, which no version mends yet"),
        ([SOUND, weak("3.7", "4.0")], 1, "idna 3.0: CVE-1, mended in 3.7, 4.0; raise it"),
    ],
)
def test_a_weakness_is_told_and_fails_where_there_is_a_remedy(packages, code, words):
    got, lines = judge({"dependencies": packages})
    assert got == code
    assert words in "\n".join(lines)


def test_the_report_is_read_although_the_program_fails(tmp_path):
    report = {"dependencies": [weak("4.0")]}
    program = tool(tmp_path, f"printf '%s' '{json.dumps(report)}' > $7; exit 1")
    assert audit(program) == report


@pytest.mark.parametrize("script", ["sleep 30 & sleep 30", "exit 1", "echo damaged > $7"])
def test_a_program_that_hangs_or_breaks_off_is_no_report(tmp_path, script):
    (tmp_path / "report.json").write_text('{"dependencies": []}')  # of an earlier run
    started = time.perf_counter()
    assert audit(tool(tmp_path, script), limit_s=0.3) is None
    assert time.perf_counter() - started < 5


def test_an_environment_that_cannot_be_made_is_no_report_and_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    assert audit(tmp_path / "file" / "audit") is None
    assert audit(tmp_path / "audit", limit_s=0.05) is None
    assert not (tmp_path / "audit").exists()
