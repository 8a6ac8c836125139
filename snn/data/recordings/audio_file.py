"""Recordings on disk: read any WAV, FLAC or OGG file safely, resample it, fit it to a fixed duration."""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
from jaxtyping import Float, Float32

from circuits.errors import InputError
from circuits.storage import open_regular
from snn.data.recordings.decoder import AudioFileError, file_error, opened
from snn.data.recordings.recording_error import refuse_name
from snn.data.recordings.resampling import change_rate

Waveform = Float32[np.ndarray, " time"]
Result = TypeVar("Result")

SAMPLE_RATE_RANGE = (1_000, 768_000)  # Hz; ASSUMED: below is no speech, above no converter
MAX_HELD = 60 * SAMPLE_RATE_RANGE[1]  # frames of a waveform: a minute at any rate, 184 MB
MAX_SAMPLES = 1 << 28  # of all channels for one waveform; ASSUMED: some seconds of decoding
MAX_CHECKED = 1 << 32  # samples of all channels read from end to end; ASSUMED: three days of speech
UNPACKED = (1 << 25, 64)  # samples, and samples for each byte besides; ASSUMED: half an hour of silence, 6 kbit/s
BLOCK_SAMPLES = 1 << 20  # of all channels, decoded at a time


@dataclass(frozen=True)
class AudioInfo:
    """What a whole, valid recording holds: `duration_s` (s), `sample_rate` (Hz), number of channels."""

    duration_s: float
    sample_rate: int
    n_channels: int


def read_audio(path: str | Path, start_s: float = 0.0, max_duration_s: float | None = None) -> tuple[Waveform, int]:
    """Read a recording, or the excerpt of at most `max_duration_s` from `start_s`, as mono.

    Channels are averaged. Float files that exceed full scale are divided by their peak.

    Args:  path: WAV (8 to 32 bit, float), FLAC, OGG, or another container of `container.SUFFIXES`.
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
            raise file_error(path, f"lasts {length_s:.3f} s, the excerpt starts at {start_s} s", "start earlier")
        n_frames = _n_heard(sound, sound.frames - first, max_duration_s)
        if n_frames > (most := min(MAX_HELD, MAX_SAMPLES // sound.channels)):
            raise _too_much(path, sound, n_frames, most * sound.channels)
        _go_to(sound, first, path)
        waveform = _read_mono(sound, n_frames, path)
        if first + n_frames < sound.frames:
            _refuse_missing_end(sound, path)
        return _full_scale(waveform), sound.samplerate

    return _with_sound(path, excerpt)


def check_audio(path: str | Path, max_duration_s: float | None = None) -> AudioInfo:
    """Read a recording block by block, all of it or its first `max_duration_s` (s), and return what it holds.

    Raises:  AudioFileError where `read_audio` does.
    """

    path = Path(path)

    def check(sound: soundfile.SoundFile) -> AudioInfo:
        n_frames = _n_heard(sound, sound.frames, max_duration_s)
        if n_frames * sound.channels > MAX_CHECKED:
            raise _too_much(path, sound, n_frames, MAX_CHECKED)
        _go_to(sound, 0, path)
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
    """Change the sample rate (`change_rate`); the input itself where the rates are equal.

    Args:  waveform: `(time,)`.  sample_rate, target_rate: present and wanted rate (Hz).
    Returns:  `(round(time * target_rate / sample_rate),)`.
    Raises:  InputError if a rate is outside 1 kHz to 768 kHz.
    """
    for rate in (sample_rate, target_rate):
        if not SAMPLE_RATE_RANGE[0] <= rate <= SAMPLE_RATE_RANGE[1]:
            raise InputError(f"sample rate {rate} Hz is outside {SAMPLE_RATE_RANGE[0]} to {SAMPLE_RATE_RANGE[1]} Hz")
    waveform = waveform.astype(np.float32, copy=False)
    if sample_rate == target_rate or waveform.size == 0:
        return waveform
    return change_rate(waveform, sample_rate, target_rate)


def fit_duration(waveform: Float[np.ndarray, " time"], n_samples: int) -> Float32[np.ndarray, " n_samples"]:
    """Bring a waveform to `n_samples`: zeros on both sides, or the window of greatest energy (the first of equals).

    Window energy: E[k + n] - E[k], where E is the cumulative sum of squares.

    Args:  waveform: `(time,)`.  n_samples: wanted length, at least 1.   Returns:  `(n_samples,)`.
    """
    if n_samples < 1:
        raise InputError(f"n_samples is {n_samples}; want at least 1")
    waveform = waveform.astype(np.float32, copy=False)
    n_missing = n_samples - waveform.size
    if n_missing == 0:
        return waveform.copy()
    if n_missing > 0:
        return np.pad(waveform, (n_missing // 2, n_missing - n_missing // 2))
    start = strongest_window(np.square(waveform, dtype=np.float64), n_samples)
    return waveform[start : start + n_samples].copy()


def strongest_window(power: Float[np.ndarray, " time"], n_samples: int) -> int:
    """Where the window of `n_samples` with the greatest sum of `power` starts, the first of equals."""
    energy = np.cumsum(power)
    best, most = 0, energy[n_samples - 1]
    for first in range(1, len(power) - n_samples + 1, BLOCK_SAMPLES):  # in blocks: a recording may be long
        ends = energy[first + n_samples - 1 :][:BLOCK_SAMPLES]
        sums = ends - energy[first - 1 :][: len(ends)]
        if sums.max() > most:
            best, most = first + int(np.argmax(sums)), sums.max()
    return best


def _with_sound(path: Path, use: Callable[[soundfile.SoundFile], Result]) -> Result:
    """Open a recording, refuse what is not one, and hand it to `use`; every failure becomes an AudioFileError."""
    try:
        refuse_name(path)
        with open_regular(path) as file, opened(file) as sound:
            _refuse_unusable(sound, path, os.fstat(file.fileno()).st_size)
            return use(sound)
    except AudioFileError:
        raise
    except InputError as error:
        raise AudioFileError(str(error)) from error
    except soundfile.SoundFileError as error:
        raise file_error(path, "is damaged or not audio", "save it again as WAV, FLAC or OGG") from error
    except OSError as error:
        raise file_error(path, f"cannot be read ({error.strerror or error})", "check its permissions") from error


def _about(sound: soundfile.SoundFile) -> AudioInfo:
    return AudioInfo(sound.frames / sound.samplerate, sound.samplerate, sound.channels)


def _refuse_unusable(sound: soundfile.SoundFile, path: Path, n_bytes: int) -> None:
    if sound.frames > 1 << 62:  # libsndfile's word for a FLAC stream whose header leaves the length open
        raise file_error(path, "was streamed and does not tell its length: a part may be missing", "save it again")
    if sound.frames * sound.channels > (most := UNPACKED[0] + UNPACKED[1] * n_bytes):
        raise _too_much(path, sound, sound.frames, most)
    if not SAMPLE_RATE_RANGE[0] <= sound.samplerate <= SAMPLE_RATE_RANGE[1]:
        limits = f"{SAMPLE_RATE_RANGE[0]} to {SAMPLE_RATE_RANGE[1]} Hz"
        raise file_error(path, f"has a sample rate of {sound.samplerate} Hz, outside {limits}", "save it again")
    if sound.frames < 1:
        raise file_error(path, "holds no samples", "record it again or remove it")


def _too_much(path: Path, sound: soundfile.SoundFile, n_frames: int, limit: int) -> AudioFileError:
    what = f"holds {n_frames:,} frames of {sound.channels} channel(s) to read, more than {limit:,} samples"
    return file_error(path, what, "cut it, mix it down or lower its sample rate")


def _n_heard(sound: soundfile.SoundFile, n_left: int, max_duration_s: float | None) -> int:
    return n_left if max_duration_s is None else min(n_left, max(1, round(max_duration_s * sound.samplerate)))


def _go_to(sound: soundfile.SoundFile, first: int, path: Path) -> None:
    if first == 0:  # where it is
        return
    if sound.seekable():
        sound.seek(first)
    else:  # GSM, G.721 ...: they are decoded from their beginning
        _read_over(sound, first, path)


def _read_over(sound: soundfile.SoundFile, n_frames: int, path: Path) -> None:
    for _ in _blocks(sound, n_frames, path):
        pass


def _read_mono(sound: soundfile.SoundFile, n_frames: int, path: Path) -> Waveform:
    """The next frames, their channels averaged as they come."""
    waveform, filled = np.empty(n_frames, np.float32), 0
    for block in _blocks(sound, n_frames, path):
        one = block.shape[1] == 1
        waveform[filled : filled + len(block)] = block[:, 0] if one else block.mean(axis=1, dtype=np.float64)
        filled += len(block)
    return waveform


def _blocks(sound: soundfile.SoundFile, n_frames: int, path: Path) -> Iterator[Float32[np.ndarray, "time channel"]]:
    size = max(1, BLOCK_SAMPLES // sound.channels)
    for first in range(0, n_frames, size):
        yield _read_frames(sound, min(size, n_frames - first), path)


def _refuse_missing_end(sound: soundfile.SoundFile, path: Path) -> None:
    """The header of FLAC tells frames, not bytes: that it was cut shows where the last frame cannot be read."""
    if sound.format == "FLAC":
        sound.seek(sound.frames - 1)
        _read_frames(sound, 1, path)


def _read_frames(sound: soundfile.SoundFile, n_frames: int, path: Path) -> Float32[np.ndarray, "time channel"]:
    try:
        frames = sound.read(n_frames, dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise file_error(path, "is damaged or truncated: it cannot be decoded", "copy it again") from error
    if len(frames) < n_frames:
        raise file_error(path, f"is truncated: {n_frames - len(frames)} promised frames are missing", "copy it again")
    if n_bad := int(np.count_nonzero(~np.isfinite(frames))):
        raise file_error(path, f"has {n_bad} NaN or infinite samples", "repair or remove it")
    return frames


def _full_scale(waveform: Waveform) -> Waveform:
    """Divided by its peak where that exceeds full scale, in place."""
    peak = max(waveform.max(), -waveform.min())
    if peak > 1:
        waveform /= peak
    return waveform
