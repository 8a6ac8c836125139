"""Recordings on disk: read any WAV, FLAC or OGG file safely, resample it, fit it to a fixed duration."""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import soundfile
from jaxtyping import Float, Float32

from circuits.errors import InputError
from snn.data.recordings.container import Sound, ends_as_ogg, promised_sound
from snn.data.recordings.recording_error import RecordingError, shown

Waveform = Float32[np.ndarray, " time"]
Result = TypeVar("Result")

# Those in the second line are mostly not read: a recording that was made in one is named, never passed over.
AUDIO_SUFFIXES = (
    ".wav", ".flac", ".ogg", ".aif", ".aiff", ".aifc", ".au", ".snd", ".w64", ".rf64", ".caf", ".oga", ".opus",
    ".mp3", ".m4a", ".aac", ".wma", ".raw", ".webm", ".mp4", ".amr", ".3gp",
)  # fmt: skip
SAMPLE_RATE_RANGE = (1_000, 768_000)  # Hz; ASSUMED: below is no speech, above no converter
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "SVX", "AU", "CAF", "NIST", "FLAC", "OGG")  # that tell their end
MAX_FRAMES = 1 << 62  # libsndfile tells more for a FLAC stream whose header leaves the length open
BLOCK_FRAMES = 1 << 18


class AudioFileError(RecordingError):
    """A sound recording that cannot be used."""


@dataclass(frozen=True)
class AudioInfo:
    """What a whole, valid recording holds: `duration_s` (s), `sample_rate` (Hz), number of channels."""

    duration_s: float
    sample_rate: int
    n_channels: int


def read_audio(path: str | Path, start_s: float = 0.0, max_duration_s: float | None = None) -> tuple[Waveform, int]:
    """Read a recording, or the excerpt of at most `max_duration_s` from `start_s`, as mono.

    Channels are averaged. Float files that exceed full scale are divided by their peak.

    Args:  path: WAV (8 to 32 bit, float), FLAC, OGG, or another of `CONTAINERS`.
        start_s, max_duration_s: excerpt (s); None: to the end.
    Returns:  waveform `(time,)` in [-1, 1], and the native sample rate (Hz).
    Raises:  AudioFileError for a missing, empty, truncated or foreign file, and for NaN or infinite samples.
    """
    if not 0 <= start_s < math.inf or (max_duration_s is not None and not 0 < max_duration_s < math.inf):
        raise InputError(f"excerpt of {path} from {start_s} s for {max_duration_s} s: want start >= 0, length > 0")

    path = Path(path)

    def excerpt(sound: soundfile.SoundFile) -> tuple[Waveform, int]:
        first = round(start_s * sound.samplerate)
        if first >= sound.frames:
            length_s = sound.frames / sound.samplerate
            raise _error(path, f"lasts {length_s:.3f} s, the excerpt starts at {start_s} s", "start earlier")
        n_frames = _n_heard(sound, sound.frames - first, max_duration_s)
        if sound.seekable():
            sound.seek(first)
        else:  # GSM, G.721 ...: they are decoded from their beginning
            _read_over(sound, first, path)
        frames = _read_frames(sound, n_frames, path)
        if first + n_frames < sound.frames:
            _refuse_missing_end(sound, path)
        return _full_scale(_mono(frames)), sound.samplerate

    return _with_sound(path, excerpt)


def check_audio(path: str | Path, max_duration_s: float | None = None) -> AudioInfo:
    """Read a recording block by block, all of it or its first `max_duration_s` (s), and return what it holds.

    Raises:  AudioFileError where `read_audio` does.
    """

    path = Path(path)

    def check(sound: soundfile.SoundFile) -> AudioInfo:
        n_frames = _n_heard(sound, sound.frames, max_duration_s)
        _read_over(sound, n_frames, path)
        if n_frames < sound.frames:
            _refuse_missing_end(sound, path)
        return _about(sound)

    return _with_sound(path, check)


def audio_info(path: str | Path) -> AudioInfo:
    """Return what the header of a recording promises, without reading its samples.  Raises:  AudioFileError."""
    return _with_sound(Path(path), _about)


def resample(
    waveform: Float[np.ndarray, " time"], sample_rate: int, target_rate: int
) -> Float32[np.ndarray, " resampled"]:
    """Change the sample rate with a polyphase low-pass filter; the input itself where the rates are equal.

    The ratio of the rates is rounded to a denominator of at most 4096, exact for every customary pair of rates, so
    that odd rates cost no more (relative error of the rate below 3e-4 for neighbouring rates, 1e-6 otherwise).

    Args:  waveform: `(time,)`.  sample_rate, target_rate: present and wanted rate (Hz).
    Returns:  `(ceil(time * target_rate / sample_rate),)` or one sample off for a rounded ratio.
    Raises:  InputError if a rate is outside 1 kHz to 768 kHz.
    """
    for rate in (sample_rate, target_rate):
        if not SAMPLE_RATE_RANGE[0] <= rate <= SAMPLE_RATE_RANGE[1]:
            raise InputError(f"sample rate {rate} Hz is outside {SAMPLE_RATE_RANGE[0]} to {SAMPLE_RATE_RANGE[1]} Hz")
    waveform = waveform.astype(np.float32, copy=False)
    if sample_rate == target_rate or waveform.size == 0:
        return waveform
    from scipy.signal import resample_poly  # slow to import, and not needed where the rates agree

    ratio = Fraction(target_rate, sample_rate).limit_denominator(4096)
    return resample_poly(waveform, ratio.numerator, ratio.denominator).astype(np.float32, copy=False)


def fit_duration(waveform: Float[np.ndarray, " time"], n_samples: int) -> Float32[np.ndarray, " n_samples"]:
    """Bring a waveform to `n_samples`: zeros on both sides, or the window of greatest energy (the first of equals).

    Window energy: E[k + n] - E[k], where E is the cumulative sum of squares.

    Args:  waveform: `(time,)`.  n_samples: wanted length, at least 1.   Returns:  `(n_samples,)`.
    """
    if n_samples < 1:
        raise InputError(f"n_samples is {n_samples}; want at least 1")
    waveform = waveform.astype(np.float32, copy=False)
    n_missing = n_samples - waveform.size
    if n_missing >= 0:
        return np.pad(waveform, (n_missing // 2, n_missing - n_missing // 2))
    start = strongest_window(np.square(waveform, dtype=np.float64), n_samples)
    return waveform[start : start + n_samples].copy()


def strongest_window(power: Float[np.ndarray, " time"], n_samples: int) -> int:
    """Where the window of `n_samples` with the greatest sum of `power` starts, the first of equals."""
    energy = np.concatenate([[0.0], np.cumsum(power)])
    return int(np.argmax(energy[n_samples:] - energy[:-n_samples]))


def _with_sound(path: Path, use: Callable[[soundfile.SoundFile], Result]) -> Result:
    """Open a recording, refuse what is not one, and hand it to `use`; every failure becomes an AudioFileError."""
    try:
        with soundfile.SoundFile(_source(path)) as sound:
            _refuse_unusable(sound, path)
            return use(sound)
    except FileNotFoundError as error:
        raise _error(path, "does not exist", "check the path") from error
    except IsADirectoryError as error:
        raise _error(path, "is a folder", "name a recording in it") from error
    except soundfile.SoundFileError as error:
        raise _error(path, "is damaged or not audio", "save it again as WAV, FLAC or OGG") from error
    except TypeError as error:  # soundfile's answer to headerless formats (.raw)
        raise _error(path, "has no audio header", "save it again as WAV, FLAC or OGG") from error
    except OSError as error:
        raise _error(path, f"cannot be read ({error.strerror or error})", "check its permissions") from error


def _about(sound: soundfile.SoundFile) -> AudioInfo:
    return AudioInfo(sound.frames / sound.samplerate, sound.samplerate, sound.channels)


def _refuse_unusable(sound: soundfile.SoundFile, path: Path) -> None:
    if sound.format not in CONTAINERS or sound.subtype == "MPEG_LAYER_III":
        kind = f"{sound.format_info}, {sound.subtype_info}"
        raise _error(path, f"is not WAV, FLAC or OGG but {kind}, of which a part may be missing", "convert it")
    if sound.frames > MAX_FRAMES:
        raise _error(path, "was streamed and does not tell its length: a part may be missing", "save it again")
    if not SAMPLE_RATE_RANGE[0] <= sound.samplerate <= SAMPLE_RATE_RANGE[1]:
        limits = f"{SAMPLE_RATE_RANGE[0]} to {SAMPLE_RATE_RANGE[1]} Hz"
        raise _error(path, f"has a sample rate of {sound.samplerate} Hz, outside {limits}", "save it again")
    if sound.frames < 1:
        raise _error(path, "holds no samples", "record it again or remove it")


def _n_heard(sound: soundfile.SoundFile, n_left: int, max_duration_s: float | None) -> int:
    return n_left if max_duration_s is None else min(n_left, max(1, round(max_duration_s * sound.samplerate)))


def _read_over(sound: soundfile.SoundFile, n_frames: int, path: Path) -> None:
    for first in range(0, n_frames, BLOCK_FRAMES):
        _read_frames(sound, min(BLOCK_FRAMES, n_frames - first), path)


def _refuse_missing_end(sound: soundfile.SoundFile, path: Path) -> None:
    """The header of FLAC tells frames, not bytes: that it was cut shows where the last frame cannot be read."""
    if sound.format == "FLAC":
        sound.seek(sound.frames - 1)
        _read_frames(sound, 1, path)


def _read_frames(sound: soundfile.SoundFile, n_frames: int, path: Path) -> Float32[np.ndarray, "time channel"]:
    try:
        frames = sound.read(n_frames, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise _error(path, "is damaged or truncated: it cannot be decoded", "copy it again") from error
    if len(frames) < n_frames:
        raise _error(path, f"is truncated: {n_frames - len(frames)} promised frames are missing", "copy it again")
    if n_bad := int(np.count_nonzero(~np.isfinite(frames))):
        raise _error(path, f"has {n_bad} NaN or infinite samples", "repair or remove it")
    return frames


def _mono(frames: Float32[np.ndarray, "time channel"]) -> Waveform:
    return frames[:, 0].copy() if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float64).astype(np.float32)


def _full_scale(waveform: Waveform) -> Waveform:
    peak = np.abs(waveform).max()
    return waveform / peak if peak > 1 else waveform


def _source(path: Path) -> Path | BytesIO:
    """What libsndfile shall open: the file, or a copy in memory with its data size filled in where a recorder wrote 0.

    Raises:  AudioFileError for an empty file, one that is no file, one whose name is not text, and one that was cut.
    """
    if shown(path) != str(path):
        raise _error(path, "has a name that is not UTF-8", "rename it")
    if path.exists() and not path.is_file() and not path.is_dir():
        raise _error(path, "is a device or a pipe", "name a recording")
    with path.open("rb") as file:
        if (n_bytes := file.seek(0, 2)) == 0:
            raise _error(path, "is empty", "record it again or remove it")
        sound = _whole_sound(file, n_bytes, path)
        if sound is None or sound.fill_in is None:
            return path
        place, size_format = sound.fill_in
        file.seek(0)
        head, size = file.read(place), struct.pack(size_format, n_bytes - sound.start)
        return BytesIO(head + size + file.read()[len(size) :])


def _whole_sound(file: BinaryIO, n_bytes: int, path: Path) -> Sound | None:
    """What the header promises, None where it promises nothing.  Raises:  AudioFileError if it was cut."""
    try:
        sound = promised_sound(file)
    except EOFError as error:
        raise _error(path, "is truncated: it ends before its data chunk", "copy it again") from error
    except (ValueError, IndexError) as error:
        raise _error(path, "is damaged or not audio", "save it again as WAV, FLAC or OGG") from error
    n_left = n_bytes - sound.start if sound else 0
    if sound and sound.n_bytes is not None and n_left < sound.n_bytes:
        raise _error(path, f"is truncated: {sound.n_bytes} bytes of sound promised, {n_left} found", "copy it again")
    file.seek(0)
    if file.read(4) == b"OggS" and not ends_as_ogg(file):
        raise _error(path, "is truncated: its stream does not end", "copy it again")
    return sound


def _error(path: Path, problem: str, remedy: str) -> AudioFileError:
    return AudioFileError(f"{shown(path)} {problem}: {remedy}")
