"""What a folder of recordings says about itself: each file's word, speaker and official split, from its layout."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from circuits.errors import InputError, MissingInputError
from snn.data.corpora.splits import SPLITS, Split, pick_validation, split_by_name, which_set
from snn.data.recordings.audio_file import AUDIO_SUFFIXES
from snn.data.signals.signal_file import SIGNAL_SUFFIXES

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Media = Literal["audio", "signals"]
BACKGROUND_FOLDER = "_background_noise_"
LISTS: dict[str, Split] = {"testing_list.txt": "test", "validation_list.txt": "validation"}
FSDD_NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<index>\d+)\.wav")
SPEECH_COMMANDS_NAME = re.compile(r"(?P<speaker>[0-9a-f]{8})_nohash_\d+\.wav")
N_FSDD_TEST = 5  # recordings 0 to 4 of every digit and speaker are the test set (Free Spoken Digit Dataset README)


@dataclass(frozen=True)
class Recording:
    """One file: its word, its speaker ("" if not known), its split; `name` is the path below the data set's folder."""

    path: Path
    name: str
    word: str
    speaker: str
    split: Split


@dataclass(frozen=True)
class Layout:
    """A recognised folder: its recordings sorted by name, its words in label order, the rule that made the splits."""

    kind: str
    rule: str
    words: tuple[str, ...]
    recordings: tuple[Recording, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(sorted({r.speaker for r in self.recordings} - {""}))

    @property
    def media(self) -> Media:
        """What the recordings hold: sound, or signals of any other kind."""
        return "signals" if self.recordings[0].path.suffix.lower() in SIGNAL_SUFFIXES else "audio"


def read_layout(folder: Path) -> Layout:
    """Recognise a folder and list its recordings: embedded corpus, Free Spoken Digits, Speech Commands, word folders,
    or folders of signals in place of words.

    Raises:  FileNotFoundError if there is no such folder; ValueError if it holds no corpus that can be split.
    """
    if not folder.is_dir():
        raise MissingInputError(f"{folder} is not a folder: name a folder of recordings, or a data set (snn data list)")
    if (folder / "corpus.json").is_file():
        return _read_embedded(folder)
    for flat in (folder, folder / "recordings"):
        if any(FSDD_NAME.fullmatch(path.name) for path in audio_files(flat)):
            return _read_fsdd(flat)
    files = _word_files(folder)
    if all((folder / name).is_file() for name in LISTS):
        return _read_speech_commands(folder, files, _read_lists(folder))
    if all(SPEECH_COMMANDS_NAME.fullmatch(path.name) for paths in files.values() for path in paths):
        return _read_speech_commands(folder, files, None)
    return _read_word_folders(folder, files)


def audio_files(folder: Path) -> list[Path]:
    """List the WAV, FLAC and OGG files directly in a folder, sorted by name; hidden files are left out."""
    return _files(folder, AUDIO_SUFFIXES)


def signal_files(folder: Path) -> list[Path]:
    """List the CSV and NPZ files directly in a folder, sorted by name; hidden files are left out."""
    return _files(folder, SIGNAL_SUFFIXES)


def refuse_mixed(audio: Sequence[Path], signals: Sequence[Path]) -> None:
    """Raises:  ValueError where clips are sound and signals at once."""
    if audio and signals:
        raise InputError(
            f"a folder holds recordings of one kind, and {audio[0]} is sound, {signals[0]} a signal: "
            "move one kind to a folder of its own"
        )


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        return []
    files = (p for p in folder.iterdir() if p.suffix.lower() in suffixes and not p.name.startswith("."))
    return sorted((path for path in files if path.is_file()), key=lambda path: path.name)


def leave_speaker_out(layout: Layout, speaker: str) -> Layout:
    """Test on one speaker; train on the others, a hash-picked 10 % of whose clips are for validation."""
    if speaker not in layout.speakers:
        known = layout.speakers if len(layout.speakers) <= 20 else get_close_matches(speaker, layout.speakers, 5, 0.0)
        listed = f"{len(layout.speakers)} speakers, among them {', '.join(known)}" if known else "no known speakers"
        raise InputError(f"no speaker {speaker!r}: the corpus has {listed}")
    if len(layout.speakers) < 2:
        raise InputError(f"{speaker!r} is the only speaker: leave-one-speaker-out needs at least 2")
    validation = pick_validation(r.name for r in layout.recordings if r.speaker != speaker)

    def split_of(r: Recording) -> Split:
        return "test" if r.speaker == speaker else "validation" if r.name in validation else "train"

    recordings = tuple(replace(r, split=split_of(r)) for r in layout.recordings)
    return replace(layout, rule=f"speaker {speaker} left out", recordings=recordings)


def _word_files(folder: Path) -> dict[str, list[Path]]:
    """The recordings of every word folder, sorted; folders whose name starts with `_` or `.` are not words."""
    words = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] not in "._")
    audio = {word: audio_files(folder / word) for word in words}
    signals = {word: signal_files(folder / word) for word in words}
    refuse_mixed(*([path for paths in files.values() for path in paths] for files in (audio, signals)))
    files = signals if any(signals.values()) else audio
    if not any(files.values()):
        raise InputError(
            f"{folder} holds no words: put the WAV, FLAC or OGG files of each word in its own sub-folder, "
            "or the CSV or NPZ files of each class of signals"
        )
    return files


def _read_embedded(folder: Path) -> Layout:
    about_path = folder / "corpus.json"
    try:
        about = json.loads(about_path.read_text(encoding="utf-8"))
        splits = about["splits"]
        usable = about["kind"] == "embedded" and set(splits.values()) <= set(SPLITS)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise InputError(f"{about_path} is damaged ({error!r}): remove {folder} and prepare it again") from error
    if not usable:
        raise InputError(f"{about_path} does not describe an embedded corpus: remove it or prepare it again")
    recordings = []
    for word, paths in _word_files(folder).items():
        for path in paths:
            voice = path.stem.rpartition("_")[0]
            if voice not in splits:
                raise InputError(f"{path}: voice {voice!r} is not in corpus.json: remove the file or prepare it again")
            recordings.append(Recording(path, f"{word}/{path.name}", word, voice, splits[voice]))
    words = tuple(sorted({r.word for r in recordings}))
    return Layout("embedded", "voices of corpus.json", words, tuple(recordings))


def _read_fsdd(folder: Path) -> Layout:
    """Takes 0 to 4 are the test set; a hash-picked 10 % of the other takes are for validation."""
    takes = []
    for path in audio_files(folder):
        if (match := FSDD_NAME.fullmatch(path.name)) is None:
            raise InputError(f"{path} is not named {{digit}}_{{speaker}}_{{index}}.wav: rename it or remove it")
        takes.append((path, match))
    validation = pick_validation(path.name for path, match in takes if int(match["index"]) >= N_FSDD_TEST)
    recordings = []
    for path, match in takes:
        is_test = int(match["index"]) < N_FSDD_TEST
        split: Split = "test" if is_test else "validation" if path.name in validation else "train"
        recordings.append(Recording(path, path.name, DIGITS[int(match["digit"])], match["speaker"], split))
    present = {r.word for r in recordings}
    return Layout("fsdd", "takes 0 to 4", tuple(d for d in DIGITS if d in present), tuple(recordings))


def _read_lists(folder: Path) -> dict[str, Split]:
    try:
        lists = {name: (folder / name).read_text(encoding="utf-8").split("\n") for name in LISTS}
    except UnicodeDecodeError as error:
        raise InputError(f"a list in {folder} is not text ({error}): restore {' and '.join(LISTS)}") from error
    return {line.strip(): LISTS[name] for name, lines in lists.items() for line in lines if line.strip()}


def _read_speech_commands(folder: Path, files: dict[str, list[Path]], listed: dict[str, Split] | None) -> Layout:
    recordings = []
    for word, paths in files.items():
        for path in paths:
            name = f"{word}/{path.name}"
            split = which_set(name) if listed is None else listed.get(name, "train")
            recordings.append(Recording(path, name, word, path.name.partition("_nohash_")[0], split))
    rule = "speaker hash" if listed is None else "official lists"
    return Layout("speech-commands", rule, tuple(w for w, paths in files.items() if paths), tuple(recordings))


def _read_word_folders(folder: Path, files: dict[str, list[Path]]) -> Layout:
    for word, paths in files.items():
        if len(paths) < 2:
            need = "training and test need at least 2: record more, or remove the folder"
            raise InputError(f"{folder}: the word {word!r} has {len(paths)} recording(s); {need}")
    plain = [Recording(p, f"{word}/{p.name}", word, "", "train") for word, paths in files.items() for p in paths]
    layout = Layout("folder", "file hash", tuple(files), tuple(plain))
    return _split_by_speaker(layout) or _split_by_file(layout)


def _split_by_file(layout: Layout) -> Layout:
    names = defaultdict(list)
    for r in layout.recordings:
        names[r.word].append(r.name)
    splits = {name: split for group in names.values() for name, split in split_by_name(group).items()}
    return replace(layout, recordings=tuple(replace(r, split=splits[r.name]) for r in layout.recordings))


def _split_by_speaker(layout: Layout) -> Layout | None:
    """None where the names do not tell speakers apart, or a word would lack training clips."""
    speakers = [_speaker_of(r.path.stem) for r in layout.recordings]
    n_files = Counter(speakers)
    if "" in n_files or len(n_files) < 3 or min(n_files.values()) < 2:
        return None
    splits = split_by_name(n_files)
    pairs = zip(layout.recordings, speakers, strict=True)
    recordings = tuple(replace(r, speaker=s, split=splits[s]) for r, s in pairs)
    trained = {r.word for r in recordings if r.split == "train"}
    return replace(layout, rule="speaker hash", recordings=recordings) if trained == set(layout.words) else None


def _speaker_of(stem: str) -> str:
    speaker, found, _ = stem.partition("_nohash_") if "_nohash_" in stem else stem.partition("_")
    return speaker if found else ""
