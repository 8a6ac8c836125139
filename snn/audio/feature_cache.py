"""Features kept on disk for the next start, found by what they were made of: every byte and every setting.

`SNN_FEATURES` names the folder, or is "off"; by default it lies in the user's cache. What has not been used for
longest goes when all together exceed `SNN_FEATURES_GIB`.
"""

import hashlib
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any

from circuits import compile
from circuits.errors import InputError, MissingInputError
from circuits.storage import write_atomically
from snn.audio.feature_file import FeatureWriter, StoredFeatures, open_features
from snn.audio.preparation import Preparation, in_order
from snn.data.corpora.clip import Clip
from snn.data.corpora.identity import sha256_of_file
from snn.data.recordings.recording_error import refuse_name

HOUSE, ROOMS = Path(__file__).parents[1], ("audio", "data")  # whose text stands for the program that made the features
COMPILER = Path(compile.__file__)  # and how its loops are compiled
LIBRARIES = ("librosa", "numba", "numpy", "scipy", "soundfile", "soxr", "torch")
FEWEST = 256  # clips; ASSUMED: fewer are made in a second
MOST_GIB = 20.0
SUFFIX = ".features"
HASHED = 512  # files that a thread reads at a time
REMEDY = "set SNN_FEATURES to a folder with room, or to off"

Fill = Callable[[FeatureWriter], Sequence[int]]  # writes all clips, returns the numbers of those left out


class FeatureCacheWarning(UserWarning):
    """Features cannot be kept for the next start, or what was kept is damaged."""


def kept_features(
    clips: Sequence[Clip], preparation: Preparation, shape: Sequence[int], fill: Fill
) -> StoredFeatures | None:
    """Features of clips from the disk, where `fill` has written them now or at an earlier start; None: not there.

    A warning says why they cannot be there; a damaged file is written anew. What `fill` raises comes through.
    """
    folder = cache_folder() if len(clips) >= FEWEST and _known(preparation) else None
    if folder is None:
        return None
    before = _states(clips)
    path = folder / f"{key(clips, preparation, sha256_of_files(clips))}{SUFFIX}"
    return _found(path, shape) or _made(path, shape, fill, lambda: _states(clips) == before)


def _known(preparation: Preparation) -> bool:
    """Whether what makes the features is ours, so that its text and its settings say all of it."""
    return all(
        type(part).__module__.startswith("snn.") for part in (preparation.front_end, preparation.augment) if part
    )


def cache_folder() -> Path | None:
    """Where features are kept; None: nowhere."""
    named = os.environ.get("SNN_FEATURES")
    if named is not None and named.lower() == "off":
        return None
    try:
        if named:
            return Path(named).expanduser()
        from platformdirs import user_cache_path  # only needed without SNN_FEATURES

        return user_cache_path("tunnelspike") / "features"
    except RuntimeError as error:
        _warn(f"not kept for the next start: there is no place for them ({error}); {REMEDY}")
        return None


def most_bytes() -> float:
    """What all kept features may take together.  Raises:  InputError for a limit that is no number."""
    named = os.environ.get("SNN_FEATURES_GIB", MOST_GIB)
    try:
        most = float(named)
    except ValueError:
        most = -1.0
    if not most >= 0:
        raise InputError(f"SNN_FEATURES_GIB is {named!r}: give the GiB that features may take on disk, such as 20")
    return most * 2**30


def sha256_of_files(clips: Iterable[Clip]) -> dict[Path, str]:
    """Of the recordings of clips and of their noise; an empty text for one that cannot be read."""
    paths = list(dict.fromkeys(path for clip in clips for path in _paths(clip)))
    parts = [paths[i : i + HASHED] for i in range(0, len(paths), HASHED)]
    return dict(zip(paths, chain.from_iterable(in_order(lambda part: [*map(_sha256, part)], parts)), strict=True))


def key(clips: Sequence[Clip], preparation: Preparation, files: dict[Path, str]) -> str:
    """A name for what is made of clips, by all that it depends on; not by their labels, nor by where they lie."""
    told = hashlib.sha256(repr((preparation, sys.byteorder, _program())).encode())
    for clip in clips:
        told.update(repr(_told(clip, files)).encode())
    return told.hexdigest()


def _paths(clip: Clip) -> Iterator[Path]:
    if clip.path is not None:
        yield clip.path
    for voice in clip.mix.noise if clip.mix else ():
        yield from _paths(voice)


def _states(clips: Iterable[Clip]) -> dict[Path, tuple[int, ...] | None]:
    """Which file each recording is, its length and when it was changed last: a date put back is a change, too."""
    return {path: _state(path) for path in dict.fromkeys(path for clip in clips for path in _paths(clip))}


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _sha256(path: Path) -> str:
    try:
        refuse_name(path)
    except InputError:
        return ""
    return sha256_of_file(path)


def _told(clip: Clip, files: dict[Path, str]) -> tuple[Any, ...]:
    """All that a clip sounds like: a decoder goes by the suffix, too."""
    sound = clip.path and (files[clip.path], clip.path.suffix.lower())
    mix = clip.mix and (clip.mix.snr_db, clip.mix.seed, clip.mix.speech, [_told(c, files) for c in clip.mix.noise])
    return sound, clip.start_s, clip.duration_s, clip.gain, clip.noise_seed, mix


@lru_cache(maxsize=1)
def _program() -> tuple[str, ...]:
    """What computes features: the text of our own rooms, and whose versions may compute other bits."""
    sources = [COMPILER, *chain.from_iterable(sorted((HOUSE / room).rglob("*.py")) for room in ROOMS)]
    own = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    return own, *map(version, LIBRARIES)


def _found(path: Path, shape: Sequence[int]) -> StoredFeatures | None:
    try:
        stored = open_features(path, shape)
        with suppress(OSError):  # of a folder that is only read
            os.utime(path)
        return stored
    except MissingInputError:
        return None
    except InputError as error:
        _warn(f"made anew: {error}")
    except OSError as error:
        _warn(f"made anew: {error}; {REMEDY}")
    return None


def _made(path: Path, shape: Sequence[int], fill: Fill, same: Callable[[], bool]) -> StoredFeatures | None:
    stored: list[StoredFeatures] = []
    if path.exists() and not path.is_file():
        _warn(f"not kept for the next start: {path} is in the way and no file; remove it, or {REMEDY}")
        return None
    n_bytes, most = 4 * prod(shape), most_bytes()
    if n_bytes > most:
        size = f"their {n_bytes / 2**30:.3g} GiB are more than SNN_FEATURES_GIB = {most / 2**30:g}"
        _warn(f"not kept for the next start: {size}; raise it")
        return None

    def write(part: str | Path) -> None:
        _make_room(path.parent, most - n_bytes)
        with FeatureWriter(part, shape) as writer:
            writer.finish(fill(writer))
        stored.append(open_features(part, shape, checked=False))
        if not same():
            raise _ChangedError

    try:
        write_atomically(path, write)
    except _ChangedError:
        _warn("not kept for the next start: recordings changed while they were read")
    except OSError as error:
        _warn(f"not kept for the next start: {error.strerror or error}; {REMEDY}")
    return stored[0] if stored else None


class _ChangedError(Exception):
    """What was read is not what the name of the file says."""


def _make_room(folder: Path, most: float) -> None:
    """Remove what has not been used for longest, until the rest takes no more than `most` bytes."""
    kept = []
    for path in filter(_is_ours, folder.glob(f"*{SUFFIX}")):
        with suppress(OSError):
            kept.append((path.stat().st_mtime, path.stat().st_size, path))
    total = sum(n_bytes for _, n_bytes, _ in kept)
    for _, n_bytes, path in sorted(kept):
        if total <= most:
            return
        with suppress(OSError):
            path.unlink()
            total -= n_bytes


def _is_ours(path: Path) -> bool:
    """Whether it has a name as `key` gives: whoever names a folder may have files there."""
    return re.fullmatch(r"[0-9a-f]{64}", path.stem) is not None


def _warn(line: str) -> None:
    warnings.warn(f"features are {line}", FeatureCacheWarning, stacklevel=5)
