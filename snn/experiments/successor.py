"""A run that takes the place of another: made in a folder of its own inside, moved out when it has finished.

Until then the run that was there stays as it was, and `--resume` goes on with the one that is made.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snn.experiments.run_folder import METRICS, MODEL, RUN_FILES, clear_run, holds_run
from snn.training.checkpoint import CHECKPOINT

SUCCESSOR = ".successor"  # of the run in whose folder it lies
CLEARED = "cleared"  # in there: nothing of the old run is left, and what lies outside has been moved there


def settle(out: str | Path) -> None:
    """Finish the move of a successor that had finished when its process was killed."""
    out = Path(out)
    if (out / SUCCESSOR / METRICS).exists():
        _move(out / SUCCESSOR, out)


@contextmanager
def place_of_run(out: str | Path, resume: bool, overwrite: bool) -> Iterator[Path]:
    """Where a run is written that will be found at `out`; one that fails before its first epoch leaves nothing."""
    out = Path(out)
    made = out / SUCCESSOR
    goes_on = resume and holds_run(made)
    if not goes_on:
        shutil.rmtree(made, ignore_errors=True)
    if not (goes_on or (overwrite and (out / MODEL).exists())):
        yield out
        return
    made.mkdir(exist_ok=True)
    try:
        yield made
        _move(made, out)
    finally:
        if not any((made / name).exists() for name in (CHECKPOINT, METRICS)):
            shutil.rmtree(made, ignore_errors=True)


def _move(made: Path, out: Path) -> None:
    """Put one finished run where another was; a move that is broken off goes on where it was."""
    if not (made / CLEARED).exists():
        clear_run(out)
        (made / CLEARED).touch()
    for name in sorted(RUN_FILES, key=lambda name: name == METRICS):  # by which a run has finished
        if (made / name).exists():
            (made / name).replace(out / name)
    shutil.rmtree(made, ignore_errors=True)
