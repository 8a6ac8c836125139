"""Multichannel recordings as text: a header that names the channels, one row per sample, perhaps a time column."""

import re
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from circuits.errors import InputError
from snn.data.signals.signal import Signal, refuse_names, refuse_size

MAX_CSV_BYTES = 1 << 28
HEAD_BYTES = 1 << 16  # the header and the comments before it lie in here
REGULAR = 0.01  # of the interval: sampling times this near to even ones count as even
MAX_GAP = 5.0  # intervals; ASSUMED: a longer silence of the recorder cannot be bridged by a line
# T is a temperature
TIME_NAME = re.compile(r"(?:(?i:time|timestamp)|t)(?:(?:_| ?[(\[])(s|ms|us|ns)[)\]]?)?")
TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
RATE_COMMENT = re.compile(r"#\s*(?:sample_rate|fs)\s*[=:]\s*(\S+)", re.IGNORECASE)

Line = tuple[int, str]  # number in the file, from 1, and text


def read_csv(path: str | Path, sample_rate: float | None = None) -> Signal:
    """Read a CSV file; columns are separated by commas, semicolons or tabs, lines with # are comments.

    The sample rate (Hz) is that of the time column (`time`, `t`, `time_ms`, `time (ms)` ...), else that of a comment
    `# sample_rate = 100`, else the argument. Times that are uneven by more than 1 % of the interval are evened out by
    linear interpolation.
    Raises:  InputError with line and column of what is wrong.
    """
    path = Path(path)
    if path.stat().st_size > MAX_CSV_BYTES:
        raise InputError(f"is larger than {MAX_CSV_BYTES >> 20} MiB")
    lines = _lines(path.read_text(encoding="utf-8-sig"))
    names, separator, rows = _header(lines)
    refuse_size(len(rows), len(names))
    values = _values(rows, names, separator)
    time = _time_column(names)
    if time is None:
        return Signal(values, _noted_rate(lines) or _given(sample_rate), names)
    unit = TIME_UNITS[(TIME_NAME.fullmatch(names[time])[1] or "s")]
    channels = tuple(name for k, name in enumerate(names) if k != time)
    even, rate = _even(values[:, time] * unit, np.delete(values, time, 1), [number for number, _ in rows])
    return Signal(even, rate, channels)


def csv_channels(path: str | Path) -> tuple[str, ...]:
    """The names of the channels, from the header alone.  Raises:  InputError."""
    with Path(path).open("rb") as file:
        head = file.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
    names, _, _ = _header(_lines(head))
    time = _time_column(names)
    return tuple(name for k, name in enumerate(names) if k != time)


def _lines(text: str) -> list[Line]:
    """The lines that are not blank."""
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def _header(lines: list[Line]) -> tuple[tuple[str, ...], str, list[Line]]:
    """Names of the columns, what separates them, and the rows below."""
    table = [line for line in lines if not line[1].lstrip().startswith("#")]
    if not table:
        raise InputError("is empty")
    number, header = table[0]
    separator = max(",;\t", key=header.count)
    names = tuple(name.strip().strip('"').strip() for name in header.split(separator))
    if all(_is_number(name) for name in names):
        raise InputError(f"line {number}: holds numbers, want the names of the channels")
    refuse_names(names)
    return names, separator, table[1:]


def _values(rows: list[Line], names: tuple[str, ...], separator: str) -> Float64[np.ndarray, "time column"]:
    values = np.empty((len(rows), len(names)))
    for i, (number, text) in enumerate(rows):
        cells = text.replace('"', "").split(separator)
        if len(cells) != len(names):
            raise InputError(f"line {number}: has {len(cells)} cells, the header {len(names)}")
        for k, cell in enumerate(cells):
            try:
                values[i, k] = _number(cell)
            except ValueError as error:
                raise InputError(
                    f"line {number}, column {names[k]!r}: {cell.strip()[:40]!r} is not a number"
                ) from error
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        i, k = bad[0]
        raise InputError(f"line {rows[i][0]}, column {names[k]!r}: is {values[i, k]}; {len(bad)} cells are not finite")
    return values


def _number(cell: str) -> float:
    if "_" in cell:  # which Python reads over
        raise ValueError
    return float(cell)


def _is_number(cell: str) -> bool:
    try:
        _number(cell)
    except ValueError:
        return False
    return True


def _time_column(names: tuple[str, ...]) -> int | None:
    found = [k for k, name in enumerate(names) if TIME_NAME.fullmatch(name)]
    if len(found) > 1:
        raise InputError(f"has two time columns, {names[found[0]]!r} and {names[found[1]]!r}")
    if found and len(names) < 2:
        raise InputError("has a time column and no channel")
    return found[0] if found else None


def _noted_rate(lines: list[Line]) -> float | None:
    for number, text in lines:
        if match := RATE_COMMENT.match(text.strip()):
            if not _is_number(match[1]):
                raise InputError(f"line {number}: {match[1]!r} is not a sample rate in Hz")
            return float(match[1])
    return None


def _given(sample_rate: float | None) -> float:
    if sample_rate is None:
        raise InputError("tells no sample rate (a time column, or a first line such as # sample_rate = 100)")
    return sample_rate


def _even(
    time: Float64[np.ndarray, " time"], values: Float64[np.ndarray, "time channel"], numbers: list[int]
) -> tuple[Float64[np.ndarray, "even channel"], float]:
    """Values at even times, and their rate: as they are where the times are even, else on lines between them."""
    if len(time) < 2:
        raise InputError("has one row: a time column needs two to tell the sample rate")
    steps = np.diff(time)
    if (steps <= 0).any():
        raise InputError(f"line {numbers[int(np.argmax(steps <= 0)) + 1]}: time does not rise")
    mean, interval = (time[-1] - time[0]) / len(steps), float(np.median(steps))
    if np.abs(time - time[0] - mean * np.arange(len(time))).max() <= REGULAR * mean:
        return values, float(f"{1 / mean:.9g}")  # nine digits: decimal times are not exact in binary
    if steps.max() > MAX_GAP * interval:
        i = int(np.argmax(steps))
        raise InputError(f"line {numbers[i + 1]}: {steps[i]:g} s are missing, at an interval of {interval:g} s")
    even = np.arange(time[0], time[-1] + 1e-6 * interval, interval)
    return np.stack([np.interp(even, time, channel) for channel in values.T], 1), float(f"{1 / interval:.9g}")
