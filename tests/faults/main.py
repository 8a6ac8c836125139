"""Faults on purpose: kills, full disks, pairs of processes and read-only folders; counts as one JSON object.

    python tests/faults/main.py [--seed N] [--share 0..1] [--case "kill spotter 37"]

Exit code 1 if anything was lost, half written, published in part, left over or badly told, or if a repeated command
ended otherwise than an uninterrupted one; each such case is named on standard error, and `--case` repeats it alone.
"""

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import small_disk  # noqa: E402
from archive_server import served  # noqa: E402
from bench import Bench  # noqa: E402
from child import run  # noqa: E402
from full_disks import full, full_disks  # noqa: E402
from jobs import PLAIN, TWIN, jobs, runs  # noqa: E402
from kills import kill, kills, tear  # noqa: E402
from pairs import pair, pairs  # noqa: E402
from read_only import INSTALLATION, INSTALLED, closed, read_only  # noqa: E402
from stock import import_all, make_stock, stand_in  # noqa: E402
from whole import COUNTS, Verdict  # noqa: E402

AT_ONCE = 2
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # one each: a fork has no other
KINDS = {  # by the first word of a case: who judges it, and what counts it
    "kill": (kill, "kills"), "tear": (tear, "kills"), "full": (full, "full_disks"), "pair": (pair, "pairs"),
    "closed": (closed, "read_only"),
}  # fmt: skip


def main() -> int:
    """Run the cases; the exit code."""
    parser = argparse.ArgumentParser(description="Faults on purpose.")
    parser.add_argument("--seed", type=int, default=0, help="of the choice among all cases")
    parser.add_argument("--share", type=float, default=0.5, help="of all file events, to be killed at")
    parser.add_argument("--case", action="append", default=[], help="only this one; may be repeated")
    asked = parser.parse_args()
    with prepared({case.split()[1] for case in asked.case}) as bench:
        cases = asked.case or all_cases(bench, random.Random(asked.seed), asked.share)
        counts = judge_all(bench, cases)
    told = dict.fromkeys(counted for _, counted in KINDS.values())
    sys.stdout.write(json.dumps({"seed": asked.seed} | {name: counts[name] for name in (*told, *COUNTS)}) + "\n")
    return int(any(counts[name] for name in COUNTS))


def in_namespace() -> None:
    """Begin again, with one thread and, where the system lets us, mounts of our own."""
    if small_disk.MOUNTS not in os.environ:
        namespace = small_disk.namespace()
        os.environ.update(dict.fromkeys(THREADS, "1"), **{small_disk.MOUNTS: "1" if namespace else ""})
        command = [*namespace, sys.executable, *sys.argv]
        os.execvp(command[0], command)


@contextmanager
def prepared(names: set[str]) -> Iterator[Bench]:
    """Everything that cases need, for the jobs of these names and their twins; of none: for all."""
    names = {INSTALLED if name == INSTALLATION else name for name in names}
    trained = not names or not names <= {*PLAIN}
    import_all(gradients=trained)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, served(Path(folder) / "stock") as url:
        stock = make_stock(Path(folder) / "stock", url)
        stand_in(stock)
        for command in runs(stock) if trained else ():
            run(command, {})
        bench = Bench(jobs(stock), Path(folder))
        for name in bench.jobs:
            if not names or name.removesuffix(TWIN) in names:
                bench.refer(name)
        yield bench


def all_cases(bench: Bench, rng: random.Random, share: float) -> list[str]:
    """Of every kind, in a random order."""
    cases = [case for kind in (kills, full_disks, pairs, read_only) for case in kind(bench, rng, share)]
    rng.shuffle(cases)
    return cases


def judge_all(bench: Bench, cases: list[str]) -> Counter[str]:
    """What came to pass and what was wrong, each wrong case told."""
    counts: Counter[str] = Counter()
    with multiprocessing.get_context("fork").Pool(AT_ONCE, _take, (bench,)) as pool:
        for case, happened, verdict in pool.imap_unordered(_judge, cases):
            counts += Counter({KINDS[case.split()[0]][1]: int(happened)}) + verdict.counts
            for count, line in verdict.found:
                sys.stderr.write(f'{count}: {line}\n    --case "{case}"\n')
    return counts


def _take(bench: Bench) -> None:
    global _bench
    _bench = bench


def _judge(case: str) -> tuple[str, bool, Verdict]:
    kind, *words = case.split()
    return case, *KINDS[kind][0](_bench, *words)


if __name__ == "__main__":
    in_namespace()
    began, code = time.monotonic(), main()
    disks = "disks of their own" if small_disk.may_mount() else "limits on the length of files, for want of mounts"
    sys.stderr.write(f"{time.monotonic() - began:.0f} s; full disks by {disks}\n")
    sys.exit(code)
