"""The one walk over a folder of recordings: the files of every word, and those that are left out."""

import os
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from circuits.errors import InputError, shown
from snn.data.corpora.spelling import first_spellings, one_form
from snn.data.recordings.decoder import AUDIO_SUFFIXES
from snn.data.recordings.recording_error import refuse_name
from snn.data.signals.signal_file import SIGNAL_SUFFIXES

Media = Literal["audio", "signals"]  # of all clips of a corpus
BACKGROUND_FOLDER = "_background_noise_"
# Of the archive on which the 12-word task of Speech Commands is tested; other names with _ are no words.
WORD_OF_FOLDER = {"_unknown_": "unknown", "_silence_": "silence"}


def audio_files(folder: str | Path) -> list[Path]:
    """List the sound files directly in a folder, sorted by name; hidden files are left out.

    What has the suffix of a recording and is none is listed too, so that its reader names it.
    """
    return _files(Path(folder), AUDIO_SUFFIXES)


def signal_files(folder: str | Path) -> list[Path]:
    """List the CSV and NPZ files directly in a folder, sorted by name; hidden files are left out."""
    return _files(Path(folder), SIGNAL_SUFFIXES)


def word_files(folder: str | Path) -> dict[str, list[Path]]:
    """The recordings of every word in label order: a folder for each, perhaps a link, or two that differ in their
    Unicode form alone.

    Raises:  InputError for no recordings, sound and signals at once, and a word whose name is not text.
    """
    folder = Path(folder)
    folders = [p for p in folder.iterdir() if p.is_dir() and (p.name[0] not in "._" or p.name in WORD_OF_FOLDER)]
    for path in folders:
        refuse_name(path)
    folders.sort(key=lambda p: (one_form(p.name), p.name))
    word_of = {p: WORD_OF_FOLDER.get(p.name, p.name) for p in folders}
    audio, signals = ({p: files(p) for p in folders} for files in (audio_files, signal_files))
    refuse_mixed(*([path for paths in files.values() for path in paths] for files in (audio, signals)))
    found = signals if any(signals.values()) else audio
    if not any(found.values()):
        raise InputError(
            f"{folder} holds no words: put the WAV, FLAC or OGG files of each word in its own sub-folder, "
            "or the CSV or NPZ files of each class of signals"
        )
    words = {form: word for form, word in sorted(first_spellings(word_of.values()).items())}
    return {
        word: [path for p in folders if one_form(word_of[p]) == form for path in found[p]]
        for form, word in words.items()
    }


def refuse_mixed(audio: Sequence[Path], signals: Sequence[Path]) -> None:
    """Raises:  InputError where clips are sound and signals at once."""
    if audio and signals:
        raise InputError(
            f"a folder holds recordings of one kind, and {audio[0]} is sound, {signals[0]} a signal: "
            "move one kind to a folder of its own"
        )


def left_out(folder: str | Path, used: Collection[Path]) -> tuple[str, ...]:
    """One line for each place below a folder with recordings of the same kind that are not among the used ones."""
    folder = Path(folder)
    signals = any(path.suffix.lower() in SIGNAL_SUFFIXES for path in used)
    files, found = signal_files if signals else audio_files, Counter()
    for place, _, _ in os.walk(folder):
        if Path(place) != folder / BACKGROUND_FOLDER and not (signals and Path(place) == folder):  # tables lie about
            found[place] = sum(path not in used for path in files(place))
    remedy = "a recording lies directly in the folder of its word, whose name does not begin with _ or ."
    return tuple(f"left out {n} recording(s) in {shown(place)}: {remedy}" for place, n in sorted(found.items()) if n)


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        files = [folder / e.name for e in entries if e.name.lower().endswith(suffixes) and not e.is_dir()]
    seen = (path for path in files if not path.name.startswith("."))
    return sorted(seen, key=lambda path: (one_form(path.name), path.name))
