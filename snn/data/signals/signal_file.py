"""Multichannel recordings on disk: one CSV or NPZ file for each clip."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

from circuits.errors import InputError
from circuits.storage import open_regular
from snn.data.recordings.recording_error import RecordingError, refusal, refuse_name
from snn.data.signals.signal import Signal
from snn.data.signals.signal_csv import csv_channels, read_csv
from snn.data.signals.signal_npz import npz_channels, read_npz

SIGNAL_SUFFIXES = (".csv", ".npz")
MAX_BYTES = 1 << 28  # of a file
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
    signal = _guarded(path, lambda file: (read_csv if _is_csv(path) else read_npz)(file, sample_rate))
    if (largest := float(max(signal.values.max(), -signal.values.min()))) > LARGEST:
        raise refusal(path, f"holds a value of size {largest:g}, beyond {LARGEST:g}", "scale it, or " + REMEDY)
    return signal


def signal_channels(path: str | Path) -> tuple[str, ...]:
    """The names of a file's channels, without reading its samples.  Raises:  RecordingError."""
    path = Path(path)
    return _guarded(path, csv_channels if _is_csv(path) else npz_channels)


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _guarded(path: Path, read: Callable[[BinaryIO], Result]) -> Result:
    """What `read` makes of the open file; every failure becomes a RecordingError that names it."""
    refuse_name(path)
    if path.suffix.lower() not in SIGNAL_SUFFIXES:
        raise refusal(path, f"is not one of {', '.join(SIGNAL_SUFFIXES)}", "convert it")
    try:
        file = open_regular(path, MAX_BYTES)
    except InputError as error:
        raise RecordingError(str(error)) from error
    except OSError as error:
        raise refusal(path, f"cannot be read ({error.strerror or error})", "check its permissions") from error
    with file:
        try:
            return read(file)
        except UnicodeDecodeError as error:
            raise refusal(path, "is not UTF-8 text", "save it as CSV in UTF-8") from error
        except (ValueError, OSError) as error:
            raise refusal(path, str(error), REMEDY) from error
