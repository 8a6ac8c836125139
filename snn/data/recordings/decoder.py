"""From an open file to its decoder: what the suffix promises, whole, or an error that names the file."""

import os
import struct
from pathlib import Path
from typing import BinaryIO

import soundfile

from snn.data.recordings.container import SIZE_OF_RF64, SUFFIXES, FilledIn, Sound, container_of, promised_sound
from snn.data.recordings.ogg_pages import refuse_broken_pages
from snn.data.recordings.recording_error import RecordingError

# Those in the second line are not read: a recording that was made in one is named, never passed over.
AUDIO_SUFFIXES = (
    *sorted({suffix for suffixes in SUFFIXES.values() for suffix in suffixes}),
    ".mp3", ".m4a", ".aac", ".wma", ".raw", ".webm", ".mp4", ".amr", ".3gp",
)  # fmt: skip


class AudioFileError(RecordingError):
    """A sound recording that cannot be used."""


def file_error(path: str | Path, problem: str, remedy: str) -> AudioFileError:
    """The error to raise for a file."""
    return AudioFileError(f"{path} {problem}: {remedy}")


def opened(file: BinaryIO) -> soundfile.SoundFile:
    """The decoder of what the suffix promises, checked before a byte of it is decoded.

    Raises:  AudioFileError for an empty file, one that is no sound, other sound than its suffix says, or was cut.
    """
    path = Path(file.name)
    if (n_bytes := os.fstat(file.fileno()).st_size) == 0:
        raise file_error(path, "is empty", "record it again or remove it")
    container, suffix = container_of(file), path.suffix.lower()
    if container is None:
        problem = "is damaged or not audio: it has no audio header of WAV, FLAC, OGG or another that is read"
        raise file_error(path, problem, "save it again as WAV, FLAC or OGG")
    if suffix in AUDIO_SUFFIXES and suffix not in SUFFIXES[container]:
        problem = f"holds {container}, not what {suffix} promises"
        raise file_error(path, problem, f"rename it to {SUFFIXES[container][0]}")
    sound = _whole_sound(file, container, n_bytes, path)
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # where libsndfile begins; nobody else moves in the file from now on
    if sound is None or sound.fill_in is None:
        return soundfile.SoundFile(file.fileno(), closefd=False)
    place, size_format = sound.fill_in
    if n_bytes - sound.start > SIZE_OF_RF64:
        raise file_error(path, "is larger than 4 GiB and does not tell its length", "save it again as RF64 or W64")
    return soundfile.SoundFile(FilledIn(file, place, struct.pack(size_format, n_bytes - sound.start)))


def _whole_sound(file: BinaryIO, container: str, n_bytes: int, path: Path) -> Sound | None:
    """What the header promises, None where it promises nothing.  Raises:  AudioFileError if it was cut."""
    try:
        sound = promised_sound(file, container)
        if container in ("Ogg", "Opus"):
            refuse_broken_pages(file)
    except EOFError as error:
        end = "its stream does not end" if container in ("Ogg", "Opus") else "it ends before its data chunk"
        raise file_error(path, f"is truncated: {end}", "copy it again") from error
    except (ValueError, IndexError) as error:
        raise file_error(path, f"is damaged or not audio ({error})", "save it again as WAV, FLAC or OGG") from error
    n_left = max(0, n_bytes - sound.start) if sound else 0
    if sound and sound.n_bytes is not None and n_left < sound.n_bytes:
        raise file_error(
            path, f"is truncated: {sound.n_bytes} bytes of sound promised, {n_left} found", "copy it again"
        )
    return sound
