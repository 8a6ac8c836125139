"""One reader of the product, as the fuzzer sees it: what it is fed with, and what must hold of its answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

Mutate = Callable[[Random, bytes, bytes], tuple[str, bytes]]  # of a valid file and another: its name, and the new bytes


@dataclass(frozen=True)
class Lie:
    """A file that is wrong on purpose. `build` puts it at the path that it gets.

    `refuse`: it must not be accepted.  `heavy`: seconds or much disk, so once in a run.
    """

    name: str
    build: Callable[[Path, Random], None]
    refuse: bool = True
    heavy: bool = False


@dataclass(frozen=True)
class Reader:
    """`seeds`: glob of its valid files.  `file`: the name under which it gets a changed one.

    `read` takes that path and returns a value; `check` says what is wrong with one that was accepted, or "".
    `around`: folder whose other files lie beside it.  `named`: an error has to name the file.  `seconds`: what it may
    take longer than others, as a command whose defaults are much work.
    """

    name: str
    seeds: str
    file: str
    read: Callable[[Path], Any]
    check: Callable[[Any, Path], str]
    mutate: Mutate
    lies: tuple[Lie, ...] = field(default=(), repr=False)
    around: str = ""
    named: bool = True
    seconds: float = 0.0
