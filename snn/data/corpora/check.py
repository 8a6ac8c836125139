"""Scan a folder of recordings before training: every file that it would refuse, and what there is of the others."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from circuits.errors import InputError, MissingInputError
from snn.data.corpora.clip import MAX_READ_S
from snn.data.corpora.layouts import Layout, read_layout, refuse_untrainable, with_validation
from snn.data.corpora.open_corpus import odd_channels
from snn.data.corpora.word_folders import BACKGROUND_FOLDER, audio_files
from snn.data.recordings.audio_file import check_audio
from snn.data.recordings.recording_error import RecordingError
from snn.data.signals.signal_file import SIGNAL_SUFFIXES, read_signal, signal_channels


@dataclass(frozen=True)
class FileCheck:
    """One file: its `problem` (None if it is usable), and where usable its duration (s), sample rate (Hz), channels.

    `word`: the label of its clip, "" for noise and for a file on its own.
    """

    path: Path
    problem: str | None
    word: str = ""
    duration_s: float | None = None
    sample_rate: int | float | None = None
    n_channels: int | None = None


@dataclass(frozen=True)
class ScanReport:
    """Every recording that training, or its noise, would read.

    `unfit`: why nothing could be trained on the folder, whatever its files, "" if it could.  `notes`: what of it would
    be left out.
    """

    folder: Path
    files: tuple[FileCheck, ...]
    unfit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def bad(self) -> tuple[FileCheck, ...]:
        """The files that cannot be used."""
        return tuple(file for file in self.files if file.problem is not None)

    @property
    def n_clips(self) -> dict[str, int]:
        """Number of usable clips by their word."""
        return dict(sorted(Counter(f.word for f in self.files if f.problem is None and f.word).items()))

    @property
    def sample_rates(self) -> dict[int | float, int]:
        """Number of usable files by sample rate (Hz)."""
        return dict(sorted(Counter(f.sample_rate for f in self.files if f.sample_rate is not None).items()))

    @property
    def duration_s(self) -> float:
        """Duration of all usable files together (s)."""
        return sum(file.duration_s or 0.0 for file in self.files)


def scan(folder: str | Path, on_progress: Callable[[int, int], None] | None = None) -> ScanReport:
    """Read every recording of a folder as training would, and its noise; or one file, from end to end.

    Args:  on_progress: called after each file with (done, total).
    Raises:  FileNotFoundError if there is no such folder or file; InputError if it is no corpus (`read_layout`).
    """
    folder = Path(folder)
    if not folder.exists():
        raise MissingInputError(f"{folder} does not exist: name a folder of recordings")
    if folder.is_file():
        return ScanReport(folder, tuple(_checked([(folder, "")], on_progress)))
    layout = read_layout(folder)
    clips = [(r.path, r.word) for r in layout.recordings]
    noise = [(path, "") for path in audio_files(folder / BACKGROUND_FOLDER)] if layout.media == "audio" else []
    files = tuple(_checked(clips + noise, on_progress))
    if layout.media == "signals":
        files = _same_channels(files)
    return ScanReport(folder, files, _unfit(layout, folder), layout.notes)


def _unfit(layout: Layout, folder: Path) -> str:
    try:
        refuse_untrainable(with_validation(layout), folder)
    except InputError as error:
        return str(error)
    return ""


def _checked(paths: list[tuple[Path, str]], on_progress: Callable[[int, int], None] | None) -> Iterator[FileCheck]:
    for done, (path, word) in enumerate(paths, 1):
        yield _check_file(path, word)
        if on_progress is not None:
            on_progress(done, len(paths))


def _check_file(path: Path, word: str) -> FileCheck:
    """A clip is read as far as it is heard, noise to its end, wherever an excerpt may lie."""
    try:
        if path.suffix.lower() in SIGNAL_SUFFIXES:
            signal = read_signal(path)
            return FileCheck(path, None, word, signal.duration_s, signal.sample_rate, len(signal.channels))
        info = check_audio(path, MAX_READ_S if word else None)
    except RecordingError as error:
        return FileCheck(path, str(error), word)
    return FileCheck(path, None, word, info.duration_s, info.sample_rate, info.n_channels)


def _same_channels(files: tuple[FileCheck, ...]) -> tuple[FileCheck, ...]:
    """The files, a problem noted where the channels are not those of most."""
    odd = odd_channels({file.path: signal_channels(file.path) for file in files if file.problem is None})
    return tuple(FileCheck(f.path, str(odd[f.path]), f.word) if f.path in odd else f for f in files)
