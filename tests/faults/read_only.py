"""Places, sources and an installation that cannot be written."""

import os
import random
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import small_disk
from bench import REFUSED, Bench, judge_repeat, run_job
from child import End, plain
from full_disks import FAILED, REMEDY
from whole import Verdict, differences, files_below

ROOT = Path(__file__).resolve().parents[2]
INSTALLATION = "installation"
INSTALLED = "reservoir"  # the job that is run from it
COMMAND = [sys.executable, "-c", "from snn.cli.app import main; main()"]
WAY_OUT = re.compile(r"another (place|folder|disk)|owner|right|can be written|SNN_DATA")
NO_CACHE = "NUMBA_CACHE_DIR"  # that the line about a cache that cannot be kept is to name


def read_only(bench: Bench, rng: random.Random, share: float) -> list[str]:
    """Cases `closed JOB`: its place cannot be written; and `closed installation`. None where nothing can be closed."""
    del rng, share
    return [f"closed {name}" for name in (*bench.alone, INSTALLATION)] if small_disk.may_close() else []


def closed(bench: Bench, name: str) -> tuple[bool, Verdict]:
    """Refused by the right cause, with the place, nothing changed; and it works once the place is open."""
    if name == INSTALLATION:
        return True, _installation(bench)
    job, reference, verdict = bench.jobs[name], bench.references[name], Verdict()
    with bench.place(job) as place:
        with small_disk.closed(place):
            ended = run_job(job, place)
        if ended.code not in ((0, FAILED, REFUSED) if job.extra else (FAILED, REFUSED)):
            verdict.add("badly_told", f"a read-only place is told as {ended}")
        if str(place) not in ended.said or ".part" in ended.said or REMEDY.search(ended.said):
            verdict.add("badly_told", f"without a place that the user knows, or with a remedy that is none: {ended}")
        if not WAY_OUT.search(ended.said):
            verdict.add("badly_told", f"without a remedy: {ended}")
        verdict.add("lost", *differences(files_below(place), reference.before))
        judge_repeat(job, place, reference, verdict)
    return True, verdict


def _installation(bench: Bench) -> Verdict:
    """Neither the packages nor a home can be written: a training works, and one line names what would keep its code."""
    job, verdict = bench.jobs[INSTALLED], Verdict()
    with bench.place(job) as place, ExitStack() as stack:
        (home := place / "home").mkdir()
        for folder in (ROOT, home) if small_disk.may_mount() else (home,):
            stack.enter_context(small_disk.closed(folder))
        environment = os.environ | {"HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        for name in (NO_CACHE, "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
            environment.pop(name, None)
        done = subprocess.run([*COMMAND, *job.at(place)], env=environment, capture_output=True, text=True)
        ended, files = End(done.returncode, plain(done.stderr)), files_below(place)
    if ended.code != 0 or (small_disk.may_mount() and ended.said.count(NO_CACHE) != 1):
        verdict.add("badly_told", f"a read-only installation: {ended}")
    verdict.add("resume_differs", *differences(files, bench.references[INSTALLED].files))
    return verdict
