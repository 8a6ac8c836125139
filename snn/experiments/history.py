"""history.csv of a run folder: one row for each epoch."""

import csv
import io
from dataclasses import asdict, fields
from pathlib import Path

from circuits.errors import InputError
from circuits.storage import parsed, reading, write_text
from circuits.tables import DAMAGED, text_of
from snn.training.checkpoint import EpochRecord, replayed

HISTORY = "history.csv"
MOST_HISTORY = 2**22  # bytes


def write_history(folder: str | Path, history: list[EpochRecord]) -> None:
    """Write history.csv, one row for each epoch."""
    text = io.StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(record) for record in history)
    write_text(Path(folder) / HISTORY, text.getvalue())


def read_history(folder: str | Path) -> list[EpochRecord]:
    """The rows of history.csv. Raises: FileNotFoundError or InputError."""
    path, names = Path(folder) / HISTORY, [field.name for field in fields(EpochRecord)]
    with reading(path):
        header, *rows = parsed(path, "is damaged", lambda: _cells(text_of(path, MOST_HISTORY)), DAMAGED)
        if header != names or any(len(row) != len(names) for row in rows):
            raise InputError(f"{path} is damaged: every row has {', '.join(names)}{DAMAGED}")
        numbers = parsed(path, "is damaged", lambda: [list(map(float, row)) for row in rows], DAMAGED)
        return replayed(numbers).history


def _cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""))) or [[]]
