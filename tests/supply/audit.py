"""Known weaknesses of the installed packages, as pip-audit tells them: python tests/supply/audit.py

Exit code 1 for a weakness that another version mends. A machine that reaches no advisories is told so, exit code 0.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

TOOL = Path(sys.prefix) / "audit"  # an environment of its own: nothing that is audited comes of the audit
LIMIT_S = 120.0  # of installing it, and of the audit; ASSUMED: ten times what each takes
QUICK = ("--quiet", "--disable-pip-version-check", "--retries", "0", "--timeout", "10")


def audit(tool: Path, limit_s: float = LIMIT_S) -> dict | None:
    """What pip-audit says of this environment; None if it cannot be had, or does not end in time."""
    report = tool / "report.json"
    try:
        if not (tool / "bin" / "pip-audit").exists():
            _run([sys.executable, "-m", "venv", tool], limit_s)
            _run([tool / "bin" / "python", "-m", "pip", "install", *QUICK, "pip-audit"], limit_s)
        report.unlink(missing_ok=True)
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(tool, ignore_errors=True)  # half an environment would be taken for a whole one
        return None
    site = sysconfig.get_path("purelib")
    options = ("--path", site, "--skip-editable", "--format", "json", "--output", report, "--progress-spinner", "off")
    with suppress(OSError, subprocess.SubprocessError, ValueError):  # it exits 1 with a report of weaknesses
        _run([tool / "bin" / "pip-audit", *options, "--timeout", "10"], limit_s, check=False)
        return json.loads(report.read_bytes())
    return None


def _run(command: list[str | Path], limit_s: float, check: bool = True) -> None:
    """Without pipes, which a process of the command's own could hold open; all of them end with the limit."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        code = process.wait(limit_s)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code and check:
        raise subprocess.CalledProcessError(code, command)


def judge(report: dict | None) -> tuple[int, list[str]]:
    """Exit code and lines to tell. pip-audit itself finds nothing wrong where it could look nothing up."""
    packages = [] if report is None else report["dependencies"]
    looked_up = [package for package in packages if "vulns" in package]
    if not looked_up:
        return 0, ["pip-audit reaches no advisories from here: the dependencies are not audited"]
    weak = [(package, weakness) for package in looked_up for weakness in package["vulns"]]
    mended = [weakness for _, weakness in weak if weakness["fix_versions"]]
    lines = [f"{p['name']} {p['version']}: {w['id']}, {_remedy(w['fix_versions'])}" for p, w in weak]
    return int(bool(mended)), [*lines, f"pip-audit: {len(looked_up)} packages, {len(weak)} known weaknesses"]


def _remedy(versions: list[str]) -> str:
    if not versions:
        return "which no version mends yet"
    return f"mended in {', '.join(versions)}; raise it in constraints.txt, then make hashes"


if __name__ == "__main__":
    code, told = judge(audit(TOOL))
    sys.stdout.write("\n".join(told) + "\n")
    sys.exit(code)
