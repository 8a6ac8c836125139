"""What makes two corpora the same data: labels, splits, and the files of every label with what is in them."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from circuits.errors import InputError, MissingInputError
from circuits.storage import open_regular, reading, write_json
from circuits.tables import DAMAGED, read_json, record, shortened
from circuits.units import require
from snn.data.corpora.clip import Clip
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.spelling import one_form
from snn.data.corpora.splits import SPLITS

PIECE = 1 << 18  # bytes of a file read at a time: most recordings whole
REMEDY = "resume with the data that it was started on, or start it anew with --overwrite"


@dataclass(frozen=True)
class Part:
    """The clips of one label in one split: how many, and SHA-256 of their names and of the bytes of their files."""

    split: str
    label: str
    n_clips: int
    names: str
    contents: str

    def __post_init__(self):
        require(self, "split", self.split in SPLITS, f"one of {', '.join(SPLITS)}")
        require(self, "n_clips", self.n_clips >= 1, "at least 1")
        for name in ("names", "contents"):
            require(self, name, re.fullmatch("[0-9a-f]{64}", getattr(self, name)) is not None, "a SHA-256")


@dataclass(frozen=True)
class CorpusIdentity:
    """What a corpus is, wherever its folder lies; small enough for a run folder, whatever the size of the corpus."""

    labels: tuple[str, ...]
    split_rule: str
    sample_rate: int | float
    parts: tuple[Part, ...]

    def __post_init__(self):
        require(self, "sample_rate", self.sample_rate > 0, "positive")
        require(self, "labels", len(set(self.labels)) == len(self.labels), "different ones")
        if unknown := {part.label for part in self.parts} - set(self.labels):
            raise InputError(f"clips are of {sorted(unknown)[0]!r}, which is no label")

    def differences(self, now: "CorpusIdentity") -> tuple[str, ...]:
        """One line for each thing in which the data of `now` differ; none where they are the same."""
        plain = (
            f"{name} {_listed(getattr(now, key))}, were {_listed(getattr(self, key))}"
            for key, name in (("labels", "labels"), ("split_rule", "splits by"), ("sample_rate", "samples per second"))
            if getattr(self, key) != getattr(now, key)
        )
        before, after = ({(part.split, part.label): part for part in one.parts} for one in (self, now))
        keys = sorted(before.keys() | after.keys())
        return (*plain, *(line for key in keys if (line := _change(before.get(key), after.get(key)))))


def corpus_identity(corpus: Corpus) -> CorpusIdentity:
    """Read every file of a corpus, those of its noise too, and tell what it is.

    Names count below the corpus's folder and in one Unicode form, so a copy elsewhere is the same data. A file that
    cannot be read counts as empty: whether it may be left out is for the reader of clips to say.
    """
    parts = defaultdict(list)
    for clip in corpus.clips:
        parts[clip.split, corpus.labels[clip.label]].append(clip)
    known: dict[Path, str] = {}
    made = (_part(split, label, clips, corpus.folder, known) for (split, label), clips in sorted(parts.items()))
    return CorpusIdentity(tuple(map(one_form, corpus.labels)), corpus.split_rule, corpus.sample_rate, tuple(made))


def write_identity(path: str | Path, identity: CorpusIdentity) -> None:
    """Write an identity as JSON, whole or not at all."""
    write_json(Path(path), asdict(identity))


def read_identity(path: str | Path) -> CorpusIdentity:
    """Read what `write_identity` wrote.  Raises:  FileNotFoundError, or InputError for a damaged file."""
    path = Path(path)
    with reading(path):
        if not path.exists():
            raise MissingInputError(f"{path} is missing: it cannot be told whether the data are the same; train again")
        table = read_json(path)
        if not isinstance(table, dict):
            raise InputError(f"{path} is damaged: no table, but {shortened(table)}{DAMAGED}")
        return record(table, CorpusIdentity, f"{path} is damaged{DAMAGED}: it")


def require_same_data(path: str | Path, corpus: Corpus) -> None:
    """Raises:  InputError naming what differs between a corpus and the identity at `path`."""
    if lines := read_identity(path).differences(corpus_identity(corpus)):
        more = f" and {len(lines) - 5} more" if len(lines) > 5 else ""
        raise InputError(f"the data of {Path(path).parent} have changed ({'; '.join(lines[:5])}{more}): {REMEDY}")


def _part(split: str, label: str, clips: list[Clip], folder: Path, known: dict[Path, str]) -> Part:
    files = [path for clip in clips for path in _files(clip)]
    for path in files:
        if path not in known:
            known[path] = sha256_of_file(path)
    names = sorted(_description(clip, folder) for clip in clips)
    contents = sorted(f"{_name(path, folder)} {known[path]}" for path in set(files))
    return Part(split, one_form(label), len(clips), _sha256_of_lines(names), _sha256_of_lines(contents))


def _files(clip: Clip) -> list[Path]:
    """A clip's recording and those of its noise."""
    noise = [path for voice in clip.mix.noise for path in _files(voice)] if clip.mix else []
    return [clip.path, *noise] if clip.path else noise


def _description(clip: Clip, folder: Path) -> str:
    """All that a clip is, on one line, but for where the corpus lies."""
    name = clip.path and _name(clip.path, folder)
    noise = [_description(voice, folder) for voice in clip.mix.noise] if clip.mix else []
    mixed = clip.mix and (clip.mix.snr_db, clip.mix.seed, clip.mix.speech)
    excerpt = clip.start_s, clip.duration_s, clip.gain, clip.noise_seed
    return repr((name, one_form(clip.speaker), excerpt, mixed, noise))


def _name(path: Path, folder: Path) -> str:
    return one_form((path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix())


def _sha256_of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def sha256_of_file(path: str | Path) -> str:
    """Of its bytes; an empty text for a file that cannot be read."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while piece := file.read(PIECE):
                digest.update(piece)
    except (OSError, InputError):
        return ""
    return digest.hexdigest()


def _change(before: Part | None, after: Part | None) -> str:
    part = after or before
    place = f"{part.split} clips of {part.label!r}"
    n_after, n_before = (one.n_clips if one else 0 for one in (after, before))
    if n_after != n_before:
        return f"{n_after} {place}, were {n_before}"
    if before.names != after.names:
        return f"{place} are other files"
    return f"{place} have other contents" if before.contents != after.contents else ""


def _listed(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
