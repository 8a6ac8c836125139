"""Multichannel recordings on disk: one CSV or NPZ file for each clip."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from snn.data.recordings.recording_error import refusal, shown
from snn.data.signals.signal import Signal
from snn.data.signals.signal_csv import csv_channels, read_csv
from snn.data.signals.signal_npz import npz_channels, read_npz

SIGNAL_SUFFIXES = (".csv", ".npz")
LARGEST = 1e30  # ASSUMED: beyond any unit; its square still fits a double
REMEDY = "repair it, save it again or remove it"

Result = TypeVar("Result")


def read_signal(path: str | Path, sample_rate: float | None = None) -> Signal:
    """Read a CSV or NPZ file (`read_csv`, `read_npz`); `sample_rate` (Hz) holds where the file tells none.

    Returns:  values `(time, channel)` in double precision, the sample rate (Hz), the names of the channels.
    Raises:  RecordingError for a missing, empty, damaged or foreign file, ragged rows, cells that are not numbers, NaN
        or infinite values, an unknown sample rate, and for more values than a clip can sensibly have.
    """
    path = Path(path)
    is_csv = path.suffix.lower() == ".csv"
    signal = _guarded(path, lambda: read_csv(path, sample_rate) if is_csv else read_npz(path, sample_rate))
    if (largest := float(np.abs(signal.values).max(initial=0.0))) > LARGEST:
        raise refusal(path, f"holds a value of size {largest:g}, beyond {LARGEST:g}", "scale it, or " + REMEDY)
    return signal


def signal_channels(path: str | Path) -> tuple[str, ...]:
    """The names of a file's channels, without reading its samples.  Raises:  RecordingError."""
    path = Path(path)
    return _guarded(path, lambda: csv_channels(path) if path.suffix.lower() == ".csv" else npz_channels(path))


def _guarded(path: Path, read: Callable[[], Result]) -> Result:
    """What `read` returns; every failure becomes a RecordingError that names the file."""
    if shown(path) != str(path):
        raise refusal(path, "has a name that is not UTF-8", "rename it")
    if path.suffix.lower() not in SIGNAL_SUFFIXES:
        raise refusal(path, f"is not one of {', '.join(SIGNAL_SUFFIXES)}", "convert it")
    if not path.is_file():
        raise refusal(path, "is not a file" if path.exists() else "does not exist", "check the path")
    try:
        return read()
    except UnicodeDecodeError as error:
        raise refusal(path, "is not UTF-8 text", "save it as CSV in UTF-8") from error
    except ValueError as error:
        raise refusal(path, str(error), REMEDY) from error
    except OSError as error:
        raise refusal(path, f"cannot be read ({error.strerror or error})", "check its permissions") from error
