"""Scan a folder of recordings before training: every file that cannot be used, and what there is of the others."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from circuits.errors import InputError, MissingInputError
from snn.data.corpora.layouts import refuse_mixed
from snn.data.recordings.audio_file import AUDIO_SUFFIXES, check_audio
from snn.data.recordings.recording_error import RecordingError, refusal
from snn.data.signals.signal_file import SIGNAL_SUFFIXES, read_signal

# recordings in these formats would be passed over silently otherwise
FOREIGN_SUFFIXES = (".mp3", ".m4a", ".aac", ".wma", ".opus", ".aif", ".aiff", ".au", ".raw", ".webm", ".mp4", ".amr")


@dataclass(frozen=True)
class FileCheck:
    """One file: its `problem` (None if it is usable), and where usable its duration (s), sample rate (Hz), channels."""

    path: Path
    problem: str | None
    duration_s: float | None = None
    sample_rate: int | float | None = None
    n_channels: int | None = None


@dataclass(frozen=True)
class ScanReport:
    """Every recording found, sorted by path."""

    folder: Path
    files: tuple[FileCheck, ...]

    @property
    def bad(self) -> tuple[FileCheck, ...]:
        """The files that cannot be used."""
        return tuple(file for file in self.files if file.problem is not None)

    @property
    def n_clips(self) -> dict[str, int]:
        """Number of usable files by the name of their folder."""
        return dict(sorted(Counter(file.path.parent.name for file in self.files if file.problem is None).items()))

    @property
    def sample_rates(self) -> dict[int | float, int]:
        """Number of usable files by sample rate (Hz)."""
        return dict(sorted(Counter(f.sample_rate for f in self.files if f.sample_rate is not None).items()))

    @property
    def duration_s(self) -> float:
        """Duration of all usable files together (s)."""
        return sum(file.duration_s or 0.0 for file in self.files)


def scan(folder: Path, on_progress: Callable[[int, int], None] | None = None) -> ScanReport:
    """Read every recording below a folder (or one file) from end to end.

    Args:  on_progress: called after each file with (done, total).
    Raises:  FileNotFoundError if there is no such folder or file; ValueError if there is no recording in it, or both
        sound and signals.
    """
    if not folder.exists():
        raise MissingInputError(f"{folder} does not exist: name a folder of recordings")
    sound = [folder] if folder.is_file() else [p for p in sorted(folder.rglob("*")) if _is_recording(p)]
    signals = [p for p in sorted(folder.glob("*/*")) if _is_signal(p)]
    refuse_mixed(sound, signals)
    paths = sound or signals
    if not paths:
        raise InputError(
            f"{folder} holds no recordings: put WAV, FLAC or OGG files in a sub-folder for each word, "
            "or CSV or NPZ files in one for each class of signals"
        )
    files = []
    for path in paths:
        files.append(_check_file(path))
        if on_progress is not None:
            on_progress(len(files), len(paths))
    return ScanReport(folder, _same_channels(files) if signals else tuple(files))


def _is_recording(path: Path) -> bool:
    known = path.suffix.lower() in (*AUDIO_SUFFIXES, *FOREIGN_SUFFIXES)
    return known and not path.name.startswith(".") and not path.is_dir()


def _is_signal(path: Path) -> bool:
    """Whether it is the recording of a class: other tables may lie about."""
    hidden = path.name.startswith(".") or path.parent.name[0] in "._"
    return path.suffix.lower() in SIGNAL_SUFFIXES and not hidden and not path.is_dir()


def _check_file(path: Path) -> FileCheck:
    if path.suffix.lower() in FOREIGN_SUFFIXES:
        return FileCheck(path, f"{path} is not WAV, FLAC or OGG and would be left out: convert it")
    try:
        if path.suffix.lower() in SIGNAL_SUFFIXES:
            signal = read_signal(path)
            return FileCheck(path, None, signal.duration_s, signal.sample_rate, len(signal.channels))
        info = check_audio(path)
    except RecordingError as error:
        return FileCheck(path, str(error))
    return FileCheck(path, None, info.duration_s, info.sample_rate, info.n_channels)


def _same_channels(files: list[FileCheck]) -> tuple[FileCheck, ...]:
    """The files, a problem noted where the number of channels is not that of most."""
    counts = Counter(file.n_channels for file in files if file.problem is None)
    most = max(counts, key=counts.__getitem__, default=None)

    def checked(file: FileCheck) -> FileCheck:
        if file.problem is not None or file.n_channels == most:
            return file
        other = refusal(file.path, f"has {file.n_channels} channels, most have {most}", "record it again or remove it")
        return FileCheck(file.path, str(other))

    return tuple(checked(file) for file in files)
