"""history.csv of a run folder: one row for each epoch."""

import csv
import io
from dataclasses import asdict, fields
from pathlib import Path

from circuits.errors import InputError, MissingInputError
from circuits.storage import write_text
from snn.training.checkpoint import EpochRecord

HISTORY = "history.csv"


def write_history(folder: str | Path, history: list[EpochRecord]) -> None:
    """Write history.csv, one row for each epoch."""
    text = io.StringIO()
    table = csv.DictWriter(text, [field.name for field in fields(EpochRecord)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(record) for record in history)
    write_text(Path(folder) / HISTORY, text.getvalue())


def read_history(folder: str | Path) -> list[EpochRecord]:
    """The rows of history.csv. Raises: FileNotFoundError or InputError."""
    path = Path(folder) / HISTORY
    if not path.is_file():
        raise MissingInputError(f"{path} is missing; train again, or copy it back")
    kinds = {field.name: int if field.name == "epoch" else float for field in fields(EpochRecord)}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [EpochRecord(**{key: kinds[key](text) for key, text in row.items()}) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged ({error!r}); train again, or copy it back") from error
