"""Two processes at once in one place: the second begins while the first stands before a file event."""

import os
import random
import re
from pathlib import Path

from bench import REFUSED, Bench
from child import End, end, start
from file_events import wait_at, watch
from jobs import TWIN, Job
from whole import Verdict, differences, files_below, half_written, unfinished

TWINS = {  # the job beside each: one with another result for the same place, or the same once more
    **{name: name + TWIN for name in ("spotter", "reservoir", "over", "export", "map")},
    **{name: name for name in ("by-hand", "download", "embedded")},
}
ONE_WINS = ("spotter", "reservoir")  # a folder with a run takes no other
BUSY = re.compile(r"is being written by|holds a run already|is being prepared by")
PAUSES_S = (0.02, 0.2, 1.0)
TRIALS = 5  # of a job


def pairs(bench: Bench, rng: random.Random, share: float) -> list[str]:
    """Cases `pair JOB EVENT PAUSE`: the first waits so long (s) before that event, as the second begins."""
    return [
        f"pair {name} {rng.randint(1, bench.references[name].n_events)} {rng.choice(PAUSES_S)}"
        for name in TWINS
        for _ in range(TRIALS)
    ]


def pair(bench: Bench, name: str, number: str, pause_s: str) -> tuple[bool, Verdict]:
    """What lies there in the end is all of one of them, of one that ended well; the other is refused or waits."""
    names, verdict = (name, TWINS[name]), Verdict()
    with bench.place(bench.jobs[name]) as place:
        met, ends = _race([bench.jobs[job] for job in names], place, int(number), float(pause_s))
        files = files_below(place)
    codes = [ended.code for ended in ends]
    if 0 not in codes or (name in ONE_WINS and codes == [0, 0]):
        verdict.add("lost", f"both ended so: {ends[0]}; {ends[1]}")
    for ended in ends:
        if ended.code != 0 and (ended.code != REFUSED or not BUSY.search(ended.said)):
            verdict.add("badly_told", f"beside another: {ended}")
    verdict.add("half_written", *half_written(files))
    verdict.add("left_over", *(f"{file} is left" for file in unfinished(files)))
    wrong = [
        differences(files, bench.references[job].files) for job, code in zip(names, codes, strict=True) if not code
    ]
    if wrong and all(wrong):
        part = any("missing" in line for line in wrong[0])
        verdict.add("published_partial" if part else "lost", *min(wrong, key=len))
    return met, verdict


def _race(jobs: list[Job], place: Path, number: int, pause_s: float) -> tuple[bool, list[End]]:
    """Begin the first, let it stand before an event of its own, begin the second then: whether it stood, their ends."""
    reached, telling = os.pipe()
    first, second = jobs
    one = start(first.at(place), first.environment(place), lambda: watch(place, wait_at(number, pause_s, telling)))
    os.close(telling)
    stood = bool(os.read(reached, 1))  # or its end, where the event never comes
    two = start(second.at(place), second.environment(place))
    os.close(reached)
    return stood, [end(one), end(two)]
