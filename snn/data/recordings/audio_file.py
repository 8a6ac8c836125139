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
from snn.data.recordings.recording_error import RecordingError

Waveform = Float32[np.ndarray, " time"]
Result = TypeVar("Result")

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg")
SAMPLE_RATE_RANGE = (1_000, 768_000)  # Hz; ASSUMED: below is no speech, above no converter
UNKNOWN_SIZES = 0x7FFF0000  # recorders that stream write 0, about 2**31 or 0xFFFFFFFF: they cannot know the length
BLOCK_FRAMES = 1 << 18


class AudioFileError(RecordingError):
    """A sound recording that cannot be used."""


@dataclass(frozen=True)
class AudioInfo:
    """What a whole, valid recording holds: `duration_s` (s), `sample_rate` (Hz), number of channels."""

    duration_s: float
    sample_rate: int
    n_channels: int


def read_audio(path: Path, start_s: float = 0.0, max_duration_s: float | None = None) -> tuple[Waveform, int]:
    """Read a recording, or the excerpt of at most `max_duration_s` from `start_s`, as mono.

    Channels are averaged. Float files that exceed full scale are divided by their peak.

    Args:  path: WAV (8 to 32 bit, float), FLAC or OGG file.  start_s, max_duration_s: excerpt (s); None: to the end.
    Returns:  waveform `(time,)` in [-1, 1], and the native sample rate (Hz).
    Raises:  AudioFileError for a missing, empty, truncated or foreign file, and for NaN or infinite samples.
    """
    if not 0 <= start_s < math.inf or (max_duration_s is not None and not 0 < max_duration_s < math.inf):
        raise InputError(f"excerpt of {path} from {start_s} s for {max_duration_s} s: want start >= 0, length > 0")

    def excerpt(sound: soundfile.SoundFile) -> tuple[Waveform, int]:
        first = round(start_s * sound.samplerate)
        if first >= sound.frames:
            length_s = sound.frames / sound.samplerate
            raise _error(path, f"lasts {length_s:.3f} s, the excerpt starts at {start_s} s", "start earlier")
        n_left = sound.frames - first
        n_frames = n_left if max_duration_s is None else min(n_left, max(1, round(max_duration_s * sound.samplerate)))
        sound.seek(first)
        return _full_scale(_mono(_read_frames(sound, n_frames, path))), sound.samplerate

    return _with_sound(path, excerpt)


def check_audio(path: Path) -> AudioInfo:
    """Read a recording of any length from end to end, block by block, and return what it holds.

    Raises:  AudioFileError, as `read_audio` does.
    """

    def check(sound: soundfile.SoundFile) -> AudioInfo:
        for first in range(0, sound.frames, BLOCK_FRAMES):
            _read_frames(sound, min(BLOCK_FRAMES, sound.frames - first), path)
        return AudioInfo(sound.frames / sound.samplerate, sound.samplerate, sound.channels)

    return _with_sound(path, check)


def audio_info(path: Path) -> AudioInfo:
    """Return what the header of a recording promises, without reading its samples.  Raises:  AudioFileError."""
    return _with_sound(path, lambda sound: AudioInfo(sound.frames / sound.samplerate, sound.samplerate, sound.channels))


def resample(
    waveform: Float[np.ndarray, " time"], sample_rate: int, target_rate: int
) -> Float32[np.ndarray, " resampled"]:
    """Change the sample rate with a polyphase low-pass filter; the input itself where the rates are equal.

    The ratio of the rates is rounded to a denominator of at most 4096, exact for every customary pair of rates, so
    that odd rates cost no more (relative error of the rate below 3e-4 for neighbouring rates, 1e-6 otherwise).

    Args:  waveform: `(time,)`.  sample_rate, target_rate: present and wanted rate (Hz).
    Returns:  `(ceil(time * target_rate / sample_rate),)` or one sample off for a rounded ratio.
    Raises:  ValueError if a rate is outside 1 kHz to 768 kHz.
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


def _refuse_unusable(sound: soundfile.SoundFile, path: Path) -> None:
    if not SAMPLE_RATE_RANGE[0] <= sound.samplerate <= SAMPLE_RATE_RANGE[1]:
        limits = f"{SAMPLE_RATE_RANGE[0]} to {SAMPLE_RATE_RANGE[1]} Hz"
        raise _error(path, f"has a sample rate of {sound.samplerate} Hz, outside {limits}", "save it again")
    if sound.frames < 1:
        raise _error(path, "holds no samples", "record it again or remove it")


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

    Raises:  AudioFileError for an empty file, and for a RIFF file whose data chunk promises more than there is:
        libsndfile would return what is left of it without a word.
    """
    with path.open("rb") as file:
        n_bytes = file.seek(0, 2)
        if n_bytes == 0:
            raise _error(path, "is empty", "record it again or remove it")
        file.seek(0)
        riff, riff_size, wave = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if riff != b"RIFF" or wave != b"WAVE":
            return path
        data_size = _seek_data_chunk(file, path)
        n_left = n_bytes - file.tell()
        if n_left < data_size < UNKNOWN_SIZES:
            raise _error(path, f"is truncated: {data_size} bytes of sound promised, {n_left} found", "copy it again")
        if data_size or riff_size == n_bytes - 8:  # written to the end: a data size of 0 means what it says
            return path
        head = file.tell() - 4
        file.seek(0)
        return BytesIO(file.read(head) + struct.pack("<I", n_left) + file.read()[4:])


def _seek_data_chunk(file: BinaryIO, path: Path) -> int:
    """Move to the first byte of sound and return how many bytes of sound the RIFF header promises."""
    while len(header := file.read(8)) == 8:
        chunk, size = struct.unpack("<4sI", header)
        if chunk == b"data":
            return size
        file.seek(size + size % 2, 1)  # chunks are aligned to two bytes
    raise _error(path, "is truncated: it ends before its data chunk", "copy it again")


def _error(path: Path, problem: str, remedy: str) -> AudioFileError:
    return AudioFileError(f"{path} {problem}: {remedy}")
