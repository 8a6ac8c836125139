"""The commands that write, each with what lies in its place before, and how a user repeats it after a fault."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from stock import RECIPES, SET, Stock

TWIN = "2"  # at the end of the name of a job that has another result for the same place
PLAIN = ("reservoir", "by-hand", "download", "embedded")  # jobs that need neither gradients nor a finished run


@dataclass(frozen=True)
class Job:
    """A command that writes below `{place}`.

    `again`: what a user tries after a fault, in order, until one is not refused; () for the command itself.
    `prepare`: puts what lies there before.  `replaces`: and goes when the result is there.  `extra`: it keeps what
    nobody asked it to write, so that it ends well without.  `whole`: the folder that appears whole or not at all.
    """

    name: str
    command: tuple[str, ...]
    again: tuple[tuple[str, ...], ...] = ()
    prepare: Callable[[Path], None] = lambda place: None
    replaces: bool = False
    extra: bool = False
    whole: str = ""

    @property
    def repeats(self) -> tuple[tuple[str, ...], ...]:
        return self.again or (self.command,)

    def at(self, place: Path, command: tuple[str, ...] | None = None) -> list[str]:
        """The arguments of the command, or of one of its repeats, for a place."""
        return [part.replace("{place}", str(place)) for part in command or self.command]

    def environment(self, place: Path) -> dict[str, str]:
        """That data sets are prepared there."""
        return {"SNN_DATA": str(place)}


def jobs(stock: Stock) -> dict[str, Job]:
    """All of them by name, twins included."""
    prepare = ("data", "prepare", SET)
    listed = [
        Job("evaluate", ("evaluate", "{place}/run"), prepare=partial(_copy, stock.run(1), "run"), extra=True),
        Job("by-hand", prepare, prepare=partial(_copy, stock.archive, stock.archive.name), whole=SET),
        Job("download", prepare, whole=SET),
        Job("embedded", ("data", "prepare", "embedded"), whole="embedded"),
    ]
    for seed, twin in ((1, ""), (2, TWIN)):
        run, out = str(stock.run(seed)), ("--out", "{place}/out")
        listed += [
            *(replace(_training(stock, kind, seed), name=kind + twin) for kind in RECIPES),
            replace(_overwriting(stock, seed), name=f"over{twin}"),
            Job(f"export{twin}", ("export", run, "--format", "json", *out)),
            Job(f"map{twin}", ("map", run, *out)),
        ]
    return {job.name: job for job in listed}


def runs(stock: Stock) -> list[list[str]]:
    """The commands that train the runs of the stock."""
    commands = {seed: _training(stock, "spotter", seed).command for seed in (1, 2, 3)}
    return [[part.replace("{place}/run", str(stock.run(seed))) for part in commands[seed]] for seed in commands]


def _training(stock: Stock, kind: str, seed: int) -> Job:
    """A training into an empty place."""
    data, out = ("--data", str(stock.words)), ("--out", "{place}/run")
    command = ("train", str(stock.recipe(kind)), *data, *out, "--seed", str(seed), "--device", "cpu")
    return Job(kind, command, ((*command, "--resume"), command))


def _overwriting(stock: Stock, seed: int) -> Job:
    """A training over the finished run of a third seed."""
    command = _training(stock, "spotter", seed).command
    resume, overwrite = (*command, "--resume"), (*command, "--overwrite")
    return Job("over", overwrite, (resume, overwrite), prepare=partial(_copy, stock.run(3), "run"), replaces=True)


def _copy(source: Path, name: str, place: Path) -> None:
    (shutil.copytree if source.is_dir() else shutil.copy)(source, place / name)
