"""Hours of audio, evaluations and trainings in one process beside other load: does anything grow, differ or stay?

    python tests/soak/main.py [--hours-of-audio 2 --evaluations 300 --trainings 50 --seed 0 --load 2 --json]

Prints one JSON object; exit code 1 if a result differs, or memory, open files, threads or files on disk grow.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from load import load, load_seconds
from rounds import FAILURES, PIECE_S, SEEDS, Plan, soak
from work import make_work


def read_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours-of-audio", type=float, default=Plan.pieces * PIECE_S / 3600)
    parser.add_argument("--evaluations", type=int, default=Plan.evaluations)
    parser.add_argument("--trainings", type=int, default=Plan.trainings)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--load", type=int, default=os.cpu_count() or 1, help="processes of other load")
    parser.add_argument("--json", action="store_true", help="nothing but the JSON, no progress on standard error")
    given = parser.parse_args(words)
    if given.trainings <= SEEDS or min(given.hours_of_audio, given.evaluations, given.load) < 0:
        parser.error(f"at least {SEEDS + 1} trainings, of which the first {SEEDS} warm up; no negative numbers")
    return given


def main(words: list[str]) -> int:
    given, started = read_arguments(words), time.perf_counter()
    plan = Plan(round(3600 * given.hours_of_audio / PIECE_S), given.evaluations, given.trainings)
    with _own_folder() as folder, load(given.load):
        told = soak(make_work(folder, given.seed), plan, folder, _progress(plan, given.json))
    told |= {"load_processes": given.load, "load_cpu_s": round(load_seconds()), "seed": given.seed}
    sys.stdout.write(json.dumps(told | {"seconds": round(time.perf_counter() - started)}) + "\n")
    return int(any(told[name] for name in FAILURES))


@contextmanager
def _own_folder() -> Iterator[Path]:
    """For all files, temporary ones too, so that what is left of them is seen."""
    before = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before


def _progress(plan: Plan, quiet: bool) -> Callable[[int], object]:
    def tell(done: int) -> None:
        if not quiet:
            sys.stderr.write(f"\r{done} of {plan.trainings} rounds" + "\n" * (done == plan.trainings))

    return tell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
