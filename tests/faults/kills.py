"""`kill -9` before each change of a file, and in the middle of writes."""

import random
import signal
from collections.abc import Callable

from bench import Bench, judge_fault, judge_repeat, run_job
from file_events import kill_at, tear_at, watch
from whole import Verdict

KILLED = (-signal.SIGKILL, -signal.SIGXFSZ)
TEARS = 5  # of a job
SEMAPHORE = 64  # bytes; files shorter than those that hold locks between threads cannot be asked for


def kills(bench: Bench, rng: random.Random, share: float) -> list[str]:
    """Cases `kill JOB EVENT` for a share of all events, and `tear JOB EVENT BYTES` for some of them."""
    cases = []
    for name, reference in bench.alone.items():
        events = range(1, reference.n_events + 1)
        cases += [f"kill {name} {n}" for n in sorted(rng.sample(events, max(2, round(share * len(events)))))]
        largest = max(map(len, reference.files.values()))
        sizes = [max(SEMAPHORE, int(largest ** rng.random())) for _ in range(TEARS)]
        cases += [f"tear {name} {rng.choice(events)} {size}" for size in sizes]
    return cases


def kill(bench: Bench, name: str, number: str) -> tuple[bool, Verdict]:
    """Killed before an event."""
    return _killed(bench, name, lambda: kill_at(int(number)))


def tear(bench: Bench, name: str, number: str, n_bytes: str) -> tuple[bool, Verdict]:
    """Killed in the first write after an event that makes a file longer than so many bytes, if there is one."""
    return _killed(bench, name, lambda: tear_at(int(number), int(n_bytes)))


def _killed(bench: Bench, name: str, fault: Callable[[], Callable[[int], None]]) -> tuple[bool, Verdict]:
    job, reference, verdict = bench.jobs[name], bench.references[name], Verdict()
    with bench.place(job) as place:
        ended = run_job(job, place, lambda: watch(place, fault()))
        if ended.code not in (0, *KILLED):
            verdict.add("badly_told", f"neither killed nor finished: {ended}")
        judge_fault(job, place, reference, verdict)
        judge_repeat(job, place, reference, verdict)
    return ended.code in KILLED, verdict
