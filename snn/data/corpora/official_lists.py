"""The lists of Speech Commands, which say who is tested and who validates: read whoever wrote them, however."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from circuits.errors import InputError
from circuits.storage import read_regular
from snn.data.corpora.spelling import one_form
from snn.data.corpora.splits import Split

MAX_BYTES = 1 << 22  # ASSUMED: 150,000 lines, ten times the longest list
MAX_LINE = 4096  # letters, the longest path of most systems; the form of longer ones may take minutes to find
LISTS: dict[str, Split] = {"testing_list.txt": "test", "validation_list.txt": "validation"}


@dataclass(frozen=True)
class OfficialList:
    """One list: its file name, the split of what it names, and its lines that are not blank."""

    name: str
    split: Split
    lines: tuple[str, ...]

    def unmatched(self, files: set[str]) -> tuple[str, ...]:
        """The lines that name none of the files (each as `list_key`)."""
        return tuple(line for line in self.lines if list_key(line) not in files)


def read_lists(folder: str | Path) -> tuple[OfficialList, ...]:
    """The lists that lie in a folder.  Raises:  InputError for one that is no file, not text, or far too long."""
    folder = Path(folder)
    there = (name for name in LISTS if (folder / name).exists())
    return tuple(OfficialList(name, LISTS[name], _lines(folder / name)) for name in there)


def list_key(name: str) -> str:
    """Word and file of a line or a path, in one form, without the suffix: archives are converted, lists are not.

    Separators of any system, folders above the word and letter case of the suffix do not count.
    """
    parts = [part for part in one_form(name).replace("\\", "/").split("/") if part not in ("", ".")]
    *_, word, file = ("", "", *parts)
    return f"{word}/{file.rpartition('.')[0] or file}"


def _lines(path: Path) -> tuple[str, ...]:
    """Marks of byte order (UTF-8 and 16, and those between files put together) and spaces at the ends are no text."""
    raw = read_regular(path, MAX_BYTES)
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text ({error}): restore the list") from error
    lines = text.splitlines()
    if long := next((number for number, line in enumerate(lines, 1) if len(line) > MAX_LINE), None):
        raise InputError(f"{path}, line {long}: is longer than {MAX_LINE} letters: restore the list")
    return tuple(line for raw_line in lines if (line := raw_line.strip("\ufeff \t\r\0")))
