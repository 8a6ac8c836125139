"""Input number k of a seed: always the same reader and bytes, so that one that failed can be repeated alone."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from reader import Lie, Reader

LIE_EVERY = 6  # of so many inputs one is a lie; the others are changed files


@dataclass(frozen=True)
class Input:
    """A file at `path` for a reader. `name` says how it was made."""

    reader: Reader
    path: Path
    name: str
    lie: Lie | None = None


class Table:
    """The inputs of some readers, from their valid files in a folder."""

    def __init__(self, readers: Sequence[Reader], seeds: Path, seed: int):
        self.readers, self.seeds, self.seed = readers, seeds, seed
        lies = [(reader, lie) for reader in readers for lie in reader.lies]
        self.light = [pair for pair in lies if not pair[1].heavy]
        self.heavy = [pair for pair in lies if pair[1].heavy]
        self.valid = cache(lambda reader: sorted(seeds.glob(reader.seeds)))

    def is_heavy(self, index: int) -> bool:
        """Whether that input takes seconds."""
        return index % LIE_EVERY == 0 and len(self.light) <= index // LIE_EVERY < len(self.light) + len(self.heavy)

    def make(self, index: int, folder: Path) -> Input:
        """Put the input into a folder that is not there."""
        rng = Random(f"{self.seed}:{index}")
        if index % LIE_EVERY == 0 and self.light:
            lies = self.light + (self.heavy if self.is_heavy(index) else [])
            reader, lie = lies[index // LIE_EVERY % len(lies)]
            path = self.place(reader, folder, b"")
            shutil.copyfile(rng.choice(self.valid(reader)), path)
            lie.build(path, rng)
            return Input(reader, path, f"{reader.name}: {lie.name}", lie)
        reader = rng.choice(self.readers)
        first, second = (rng.choice(self.valid(reader)) for _ in range(2))
        how, data = reader.mutate(rng, first.read_bytes(), second.read_bytes())
        return Input(reader, self.place(reader, folder, data), f"{reader.name}: {first.name} {how}")

    def place(self, reader: Reader, folder: Path, data: bytes) -> Path:
        """The file of a reader, with those around it."""
        path = folder / reader.file
        shutil.rmtree(folder, ignore_errors=True)
        if reader.around:
            shutil.copytree(self.seeds / reader.around, path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path
