"""Who is trained on and who is tested: splits that depend on names alone, never on order, platform or chance."""

import hashlib
import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath
from typing import Literal

from circuits.errors import InputError
from snn.data.corpora.spelling import one_form

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
HELD_OUT = 0.1  # fraction for validation, and as much for test: the proportions of Speech Commands
MAX_NUM_WAVS_PER_CLASS = 2**27 - 1  # Source: Speech Commands README, section Partitioning


def which_set(file_name: str) -> Split:
    """Return the official Speech Commands set of a file: by its speaker, 10 % validation, 10 % test.

    percentage = sha1(name before `_nohash_`) mod 2**27 * 100 / (2**27 - 1); validation below 10, test below 20.

    Args:  file_name: name of the recording; folders before it are ignored.
    Source:  README of Speech Commands v0.01, section Partitioning (Warden 2017).
    """
    speaker = re.sub(r"_nohash_.*$", "", PurePosixPath(file_name).name)
    bucket = int(hashlib.sha1(_bytes(speaker)).hexdigest(), 16) % (MAX_NUM_WAVS_PER_CLASS + 1)
    percentage = bucket * (100.0 / MAX_NUM_WAVS_PER_CLASS)
    return "validation" if percentage < 100 * HELD_OUT else "test" if percentage < 200 * HELD_OUT else "train"


def name_fraction(name: str) -> float:
    """Return a number in [0, 1) that depends on the name alone, in one form: sha1(name) mod 2**52 / 2**52."""
    return (int(hashlib.sha1(_bytes(name)).hexdigest(), 16) % 2**52) / 2**52


def split_by_name(names: Collection[str]) -> dict[str, Split]:
    """Split names 80/10/10 by their hash; where that leaves a split empty, the names next in hash order fill it.

    One name is in train and one in test from two names on, one in validation from three on.

    Args:  names: at least two distinct names (of files of one class, or of speakers).
    """
    if len(set(names)) < 2:
        raise InputError(f"{len(set(names))} name(s) to split; train and test need at least 2")
    order = sorted(set(names), key=lambda name: (name_fraction(name), name))
    fractions = [name_fraction(name) for name in order]
    n_test = max(1, sum(f < HELD_OUT for f in fractions))
    n_validation = max(int(len(order) >= 3), sum(HELD_OUT <= f < 2 * HELD_OUT for f in fractions))
    n_test = min(n_test, len(order) - 1 - int(len(order) >= 3))
    n_validation = min(n_validation, len(order) - 1 - n_test)
    sets: list[Split] = ["test"] * n_test + ["validation"] * n_validation
    return dict(zip(order, sets + ["train"] * (len(order) - len(sets)), strict=True))


def pick_validation(names: Iterable[str]) -> frozenset[str]:
    """Pick 10 % of the training names by hash, and at least one of two or more."""
    order = sorted(set(names), key=lambda name: (name_fraction(name), name))
    n_picked = sum(name_fraction(name) < HELD_OUT for name in order)
    return frozenset(order[: min(max(n_picked, 1), len(order) - 1)] if order else [])


def _bytes(name: str) -> bytes:
    return one_form(name).encode("utf-8", "surrogateescape")  # a name that is not UTF-8 is refused by the reader
