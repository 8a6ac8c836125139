"""Disks with room for a part of what a job writes; where no disk can be made, files that may not grow beyond a size."""

import random
import re

import small_disk
from bench import Bench, judge_fault, judge_repeat, run_job
from file_events import limit_files
from whole import Verdict, files_below, unfinished

REMEDY = re.compile(r"make room|free some|free space|more room")
SIZES = 9  # of a job
FAILED = 1


def full_disks(bench: Bench, rng: random.Random, share: float) -> list[str]:
    """Cases `full JOB BYTES`: room on the disk, or length of a file where that is all that can be limited."""
    cases = []
    for name, reference in bench.alone.items():
        if small_disk.may_mount():
            pages = range(reference.n_bytes // small_disk.PAGE)  # each file takes one at least
            sizes = sorted(rng.sample(pages, min(SIZES, len(pages)))) or [0]
            cases += [f"full {name} {n * small_disk.PAGE}" for n in sizes]
        else:
            largest = max(map(len, reference.files.values()))
            cases += [f"full {name} {int(largest ** rng.random())}" for _ in range(SIZES)]
    return cases


def full(bench: Bench, name: str, room: str) -> tuple[bool, Verdict]:
    """The command fails in order, names place and remedy, spoils nothing, and works once there is room."""
    job, reference, verdict, mounts = bench.jobs[name], bench.references[name], Verdict(), small_disk.may_mount()
    with bench.place(job, small=mounts) as place:
        if mounts:
            small_disk.leave_room(place, int(room))
            ended = run_job(job, place)
        else:
            ended = run_job(job, place, lambda: limit_files(int(room)))
        happened = ended.code != 0 or "cannot write" in ended.said
        if happened:
            if ended.code not in ((0, FAILED) if job.extra else (FAILED,)):
                verdict.add("badly_told", f"a full disk is told as {ended}")
            if str(place) not in ended.said or not REMEDY.search(ended.said):
                verdict.add("badly_told", f"without place or remedy: {ended}")
            hidden = (file for file in unfinished(files_below(place)) if "/." in f"/{file}")  # a download is kept
            verdict.add("left_over", *(f"{file} is left" for file in hidden))
        judge_fault(job, place, reference, verdict)
        if mounts:
            small_disk.leave_room(place, None)
        judge_repeat(job, place, reference, verdict)
    return happened, verdict
