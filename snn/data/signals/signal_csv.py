"""Multichannel recordings as text: a header that names the channels, one row per sample, perhaps a time column."""

import io
import itertools
import re
from array import array
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np
from jaxtyping import Float64

from circuits.errors import InputError
from snn.data.signals.signal import MAX_CHANNELS, MAX_VALUES, Signal, refuse_names, refuse_size

MAX_LINE = 1 << 16  # letters; ASSUMED: 512 channels of 100 letters, names or numbers
SAME_RATE = 0.01  # of a noted rate: a time column this near to it agrees
REGULAR = 0.01  # of the interval: sampling times this near to even ones count as even
MAX_GAP = 5.0  # intervals; ASSUMED: a longer silence of the recorder cannot be bridged by a line
# T is a temperature
TIME_NAME = re.compile(r"(?:(?i:time|timestamp)|t)(?:(?:_| ?[(\[])(s|ms|us|ns)[)\]]?)?")
TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
QUOTED = re.compile(r'\s*"[^"]*"\s*')
RATE_COMMENT = re.compile(r"#\s*(?:sample_rate|fs)\s*[=:]\s*(\S+)", re.IGNORECASE)


class Table(NamedTuple):
    """What a file holds: the columns, the line on which each row stands, and the noted sample rate (Hz)."""

    names: tuple[str, ...]
    values: Float64[np.ndarray, "time column"]
    lines: array
    rate: float | None


def read_csv(file: BinaryIO, sample_rate: float | None = None) -> Signal:
    """Read a CSV file; columns are separated by commas, semicolons or tabs, lines with # are comments.

    The sample rate (Hz) is that of the time column (`time`, `t`, `time_ms`, `time (ms)` ...), else that of a comment
    `# sample_rate = 100`, else the argument; a column and a comment must agree. Times that are uneven by more than 1 %
    of the interval are evened out by linear interpolation.
    Raises:  InputError with line and column of what is wrong.
    """
    table = _table(file)
    column = _time_column(table.names)
    if column is None:
        return Signal(table.values, _given(sample_rate) if table.rate is None else table.rate, table.names)
    time = table.values[:, column] * TIME_UNITS[(TIME_NAME.fullmatch(table.names[column])[1] or "s")]
    values, lines, names = np.delete(table.values, column, 1), table.lines, _channels(table.names)
    noted = table.rate
    del table  # as large as the values once more
    with np.errstate(all="ignore"):  # times that overflow give a rate that is refused
        even, rate = _even(time, values, lines)
    _refuse_other_rate(noted, rate, (len(time) - 1) / (time[-1] - time[0]))
    return Signal(even, rate, names)


def csv_channels(file: BinaryIO) -> tuple[str, ...]:
    """The names of the channels, from the header alone.  Raises:  InputError."""
    names, _ = _header(next((line for line in _lines(file) if not line[1].startswith("#")), None))
    return _channels(names)


def _lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, each with its number in the file, from 1; the file is closed behind them."""
    with io.TextIOWrapper(file, encoding="utf-8-sig") as text:
        for number in itertools.count(1):
            line = text.readline(MAX_LINE + 1)
            if len(line) > MAX_LINE:
                raise InputError(f"line {number}: is longer than {MAX_LINE} letters")
            if not line:
                return
            if stripped := line.strip():
                yield number, stripped


def _table(file: BinaryIO) -> Table:
    """All of a file, a line at a time: text takes many times the memory of its numbers."""
    names, separator, rate = (), ",", None
    values, lines = array("d"), array("I")
    for number, line in _lines(file):
        if line.startswith("#"):
            rate = _noted_rate(number, line, rate)
        elif not names:
            names, separator = _header((number, line))
        else:
            cells = line.split(separator)
            if len(cells) != len(names) or '"' in line or "_" in line:
                cells = _cells(number, line, names, separator)
            try:
                values.extend(map(float, cells))
            except ValueError as error:
                raise _no_number(number, names, cells) from error
            lines.append(number)
            if len(values) > MAX_VALUES:
                raise InputError(f"line {number}: is beyond {MAX_VALUES} values of {len(names)} columns")
    if not names:
        raise InputError("is empty")
    refuse_size(len(lines), len(names))
    table = Table(names, np.frombuffer(values).reshape(len(lines), len(names)), lines, rate)
    _refuse_not_finite(table)
    return table


def _header(line: tuple[int, str] | None) -> tuple[tuple[str, ...], str]:
    """Names of the columns, and what separates them."""
    if line is None:
        raise InputError("is empty")
    number, text = line
    separator = max(",;\t", key=text.count)
    if (n := 1 + text.count(separator)) > MAX_CHANNELS + 1:
        raise InputError(f"line {number}: has {n} columns, more than {MAX_CHANNELS} channels and their time")
    names = tuple(name.strip().strip('"').strip() for name in text.split(separator))
    if all(_is_number(name) for name in names):
        raise InputError(f"line {number}: holds numbers, want the names of the channels")
    refuse_names(names)
    return names, separator


def _cells(number: int, text: str, names: tuple[str, ...], separator: str) -> list[str]:
    """The cells of a line that is not as plain as most."""
    quoted = text.split(separator)
    if len(quoted) != len(names):
        raise InputError(f"line {number}: has {len(quoted)} cells, the header {len(names)}")
    for name, cell in zip(names, quoted, strict=True):
        if '"' in cell and not QUOTED.fullmatch(cell):
            raise InputError(
                f"line {number}, column {name!r}: {cell.strip()[:40]!r} has other quotes than two around it"
            )
    cells = [cell.replace('"', "") for cell in quoted]
    if "_" in text and not all(map(_is_number, cells)):
        raise _no_number(number, names, cells)
    return cells


def _no_number(number: int, names: tuple[str, ...], cells: list[str]) -> InputError:
    name, cell = next(pair for pair in zip(names, cells, strict=True) if not _is_number(pair[1]))
    return InputError(f"line {number}, column {name!r}: {cell.strip()[:40]!r} is not a number")


def _refuse_not_finite(table: Table) -> None:
    bad = np.flatnonzero(~np.isfinite(table.values))
    if len(bad):
        i, k = divmod(int(bad[0]), len(table.names))
        place = f"line {table.lines[i]}, column {table.names[k]!r}"
        raise InputError(f"{place}: is {table.values[i, k]}; {len(bad)} cells are not finite")


def _channels(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names without that of time."""
    time = _time_column(names)
    return tuple(name for k, name in enumerate(names) if k != time)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # which Python reads over


def _time_column(names: tuple[str, ...]) -> int | None:
    found = [k for k, name in enumerate(names) if TIME_NAME.fullmatch(name)]
    if len(found) > 1:
        raise InputError(f"has two time columns, {names[found[0]]!r} and {names[found[1]]!r}")
    if found and len(names) < 2:
        raise InputError("has a time column and no channel")
    return found[0] if found else None


def _noted_rate(number: int, comment: str, before: float | None) -> float | None:
    """The sample rate (Hz) up to this comment, whether it notes one or not."""
    if (match := RATE_COMMENT.match(comment)) is None:
        return before
    if not _is_number(match[1]):
        raise InputError(f"line {number}: {match[1][:40]!r} is not a sample rate in Hz")
    if before not in (None, rate := float(match[1])):
        raise InputError(f"line {number}: notes a sample rate of {rate:g} Hz, a line before {before:g} Hz")
    return rate


def _refuse_other_rate(noted: float | None, *measured: float) -> None:
    """The usual interval tells a rate, and so does the mean one; where time is rounded or has gaps, one is wrong."""
    if noted is not None and not any(abs(rate - noted) <= SAME_RATE * noted for rate in measured):
        raise InputError(f"notes a sample rate of {noted:g} Hz, but its time column has {measured[0]:g} Hz")


def _given(sample_rate: float | None) -> float:
    if sample_rate is None:
        raise InputError("tells no sample rate (a time column, or a first line such as # sample_rate = 100)")
    return sample_rate


def _even(
    time: Float64[np.ndarray, " time"], values: Float64[np.ndarray, "time channel"], lines: array
) -> tuple[Float64[np.ndarray, "even channel"], float]:
    """Values at even times, and their rate: as they are where the times are even, else on lines between them."""
    if len(time) < 2:
        raise InputError("has one row: a time column needs two to tell the sample rate")
    steps = np.diff(time)
    if (steps <= 0).any():
        raise InputError(f"line {lines[int(np.argmax(steps <= 0)) + 1]}: time does not rise")
    mean, interval = (time[-1] - time[0]) / len(steps), float(np.median(steps))
    if np.abs(time - time[0] - mean * np.arange(len(time))).max() <= REGULAR * mean:
        return values, float(f"{1 / mean:.9g}")  # nine digits: decimal times are not exact in binary
    if steps.max() > MAX_GAP * interval:
        i = int(np.argmax(steps))
        raise InputError(f"line {lines[i + 1]}: {steps[i]:g} s are missing, at an interval of {interval:g} s")
    refuse_size(int((time[-1] - time[0]) / interval) + 1, values.shape[1])
    even = np.arange(time[0], time[-1] + 1e-6 * interval, interval)
    return np.stack([np.interp(even, time, channel) for channel in values.T], 1), float(f"{1 / interval:.9g}")
