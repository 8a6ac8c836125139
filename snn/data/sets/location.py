"""Where data sets live: the folder named by SNN_DATA, or the platform's user cache."""

import os
from collections.abc import Iterator
from pathlib import Path

from circuits.errors import InputError, MissingInputError
from snn.data.corpora.official_lists import LISTS
from snn.data.recordings.decoder import AUDIO_SUFFIXES
from snn.data.sets.manifest import Manifest

DEPTH = 3  # folders in one another, at most, in which a data set has its recordings


def data_root() -> Path:
    """Return the folder that prepared data sets are written to: `$SNN_DATA`, or the platform's user cache.

    Raises:  InputError where neither can be told.
    """
    if named := os.environ.get("SNN_DATA"):
        return expanded(named)
    from platformdirs import user_cache_path  # only needed without SNN_DATA

    try:
        return user_cache_path("tunnelspike") / "data"
    except RuntimeError as error:
        raise InputError(f"there is no place for data sets ({error}): set SNN_DATA to a folder") from error


def expanded(path: str | Path) -> Path:
    """A path with `~` as the home folder it stands for. Raises: InputError for a user who has none here."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(f"{path} begins with a home folder that is not known here: write it in full") from error


def find_data(manifest: Manifest) -> Path:
    """Return the folder of a prepared data set.

    Raises:  FileNotFoundError with the place looked at and the command that prepares it.
    """
    root = data_root()
    if (folder := find_below(root, manifest)) is not None:
        return folder
    remedy = f"run snn data prepare {manifest.name}, or set SNN_DATA"
    raise MissingInputError(f"{manifest.name} is not prepared (no recordings in {root / manifest.name}): {remedy}")


def find_below(root: str | Path, manifest: Manifest) -> Path | None:
    """Return the folder of a data set below `root`, or `root` itself where that is the data set, or None."""
    root = Path(root)
    for name in (manifest.name, *manifest.folders):
        if any(recordings_below(root / name)):
            return root / name
    return root if _is_data_set(root, manifest) else None


def recordings_below(folder: str | Path, depth: int = DEPTH) -> Iterator[Path]:
    """The recordings in a folder or below; what is hidden or called `_`, as background noise, is none."""
    folder = Path(folder)
    seen = [path for path in folder.iterdir() if path.name[0] not in "._"] if folder.is_dir() else []
    for path in seen:
        if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
            yield path
        elif depth > 1:
            yield from recordings_below(path, depth - 1)


def _is_data_set(folder: Path, manifest: Manifest) -> bool:
    match manifest.layout:
        case "fsdd":
            return any(any(flat.glob("[0-9]_*_[0-9]*.wav")) for flat in (folder, folder / "recordings"))
        case "embedded":
            return (folder / "corpus.json").is_file()
        case "speech-commands":
            # the word folders tell v0.01 from v0.02
            words = {p.name for p in folder.glob("*/") if p.name[0] not in "._"}
            return words == set(manifest.labels) and all((folder / name).is_file() for name in LISTS)
