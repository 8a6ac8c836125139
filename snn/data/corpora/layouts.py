"""What a folder of recordings says about itself: each file's word, speaker and official split, from its layout."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from circuits.errors import InputError, MissingInputError
from circuits.tables import json_value, text_of
from snn.data.corpora.official_lists import OfficialList, list_key, read_lists
from snn.data.corpora.spelling import first_spellings, one_form
from snn.data.corpora.splits import SPLITS, Split, pick_validation, split_by_name, which_set
from snn.data.corpora.word_folders import WORD_OF_FOLDER, Media, audio_files, left_out, word_files
from snn.data.recordings.recording_error import refuse_name
from snn.data.signals.signal_file import SIGNAL_SUFFIXES

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
FSDD_NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<index>\d+)\.(?i:wav)")
SPEECH_COMMANDS_NAME = re.compile(r"(?P<speaker>[0-9a-f]{8})_nohash_\d+\.(?i:wav)")
MAX_ABOUT = 1 << 20  # bytes of corpus.json, which names some hundred voices
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
    """A recognised folder: its recordings sorted by name, its words in label order, the rule that made the splits.

    `notes`: what of the folder was not used, a line each.  `unfit`: why nothing can be trained on it, "" if it can.
    `home`: the folder that holds the recordings, where it is not the one that was named.
    """

    kind: str
    rule: str
    words: tuple[str, ...]
    recordings: tuple[Recording, ...]
    notes: tuple[str, ...] = ()
    unfit: str = ""
    home: Path | None = None

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(sorted({r.speaker for r in self.recordings} - {""}))

    @property
    def media(self) -> Media:
        """What the recordings hold: sound, or signals of any other kind."""
        return "signals" if self.recordings[0].path.suffix.lower() in SIGNAL_SUFFIXES else "audio"


def read_layout(folder: str | Path) -> Layout:
    """Recognise a folder and list its recordings: embedded corpus, Free Spoken Digits, Speech Commands, word folders,
    or folders of signals in place of words.

    Raises:  FileNotFoundError if there is no such folder; InputError if it holds no corpus.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingInputError(f"{folder} is not a folder: name a folder of recordings, or a data set (snn data list)")
    refuse_name(folder)
    layout = _recognised(folder)
    unused = left_out(folder, {r.path for r in layout.recordings})
    return replace(layout, notes=(*layout.notes, *unused))


def _recognised(folder: Path) -> Layout:
    if (folder / "corpus.json").exists():
        return _read_embedded(folder)
    for flat in (folder, folder / "recordings"):
        if any(FSDD_NAME.fullmatch(path.name) for path in audio_files(flat)):
            return replace(_read_fsdd(flat), home=flat)
    files, lists = word_files(folder), read_lists(folder)
    spoken = (path for paths in files.values() for path in paths if path.parent.name not in WORD_OF_FOLDER)
    if lists or all(SPEECH_COMMANDS_NAME.fullmatch(path.name) for path in spoken):
        return _read_speech_commands(files, lists)
    return _read_word_folders(folder, files)


def refuse_untrainable(layout: Layout, folder: str | Path) -> None:
    """Raises:  InputError if a layout, split as it is, cannot be both trained and tested."""
    if layout.unfit:
        raise InputError(f"{folder}: {layout.unfit}")
    if len(layout.words) < 2:
        raise InputError(f"{folder} holds one word, {layout.words[0]!r}: add a sub-folder for each other word")
    trained = {r.word for r in layout.recordings if r.split == "train"}
    if untrained := [word for word in layout.words if word not in trained]:
        words = ", ".join(map(repr, untrained))
        raise InputError(f"{folder}: no training clip of {words} ({layout.rule}): add recordings, or remove the word")
    if all(r.split != "test" for r in layout.recordings):
        raise InputError(f"{folder} has no test clips ({layout.rule}): add the recordings that are missing")


def with_validation(layout: Layout) -> Layout:
    """Where a layout names no validation clips, take a hash-picked 10 % of each word's training clips."""
    if any(r.split == "validation" for r in layout.recordings):
        return layout
    train = {w: [r.name for r in layout.recordings if r.word == w and r.split == "train"] for w in layout.words}
    picked = {name for names in train.values() for name in pick_validation(names)}
    recordings = (replace(r, split="validation") if r.name in picked else r for r in layout.recordings)
    return replace(layout, recordings=tuple(recordings))


def all_tested(layout: Layout) -> Layout:
    """The layout with every recording in the test."""
    recordings = tuple(replace(r, split="test") for r in layout.recordings)
    return replace(layout, rule="all clips", recordings=recordings)


def leave_speaker_out(layout: Layout, speaker: str) -> Layout:
    """Test on one speaker; train on the others, a hash-picked 10 % of whose clips are for validation."""
    spoken = first_spellings(layout.speakers)
    if one_form(speaker) not in spoken:
        known = layout.speakers if len(layout.speakers) <= 20 else get_close_matches(speaker, layout.speakers, 5, 0.0)
        listed = f"{len(layout.speakers)} speakers, among them {', '.join(known)}" if known else "no known speakers"
        raise InputError(f"no speaker {speaker!r}: the corpus has {listed}")
    speaker = spoken[one_form(speaker)]
    validation = pick_validation(r.name for r in layout.recordings if r.speaker != speaker)

    def split_of(r: Recording) -> Split:
        return "test" if r.speaker == speaker else "validation" if r.name in validation else "train"

    unfit = f"{speaker!r} is the only speaker: leave-one-speaker-out needs at least 2" if len(spoken) < 2 else ""
    recordings = tuple(replace(r, split=split_of(r)) for r in layout.recordings)
    return replace(layout, rule=f"speaker {speaker} left out", recordings=recordings, unfit=unfit)


def _read_embedded(folder: Path) -> Layout:
    splits = {one_form(voice): split for voice, split in _splits_of(folder / "corpus.json").items()}
    recordings = []
    for word, paths in word_files(folder).items():
        for path in paths:
            voice = path.stem.rpartition("_")[0]
            if one_form(voice) not in splits:
                raise InputError(f"{path}: voice {voice!r} is not in corpus.json: remove the file or prepare it again")
            recordings.append(Recording(path, _name(path), word, voice, splits[one_form(voice)]))
    words = tuple(sorted({r.word for r in recordings}))
    return Layout("embedded", "voices of corpus.json", words, tuple(recordings))


def _splits_of(about_path: Path) -> dict[str, Split]:
    """The split of each voice, as corpus.json has it. Raises: InputError, with a remedy for that file alone."""
    remedy = "remove that file, or prepare it again if it is the embedded set's"
    about = json_value(text_of(about_path, MAX_ABOUT), about_path, f"; {remedy}")
    splits = about.get("splits") if isinstance(about, dict) and about.get("kind") == "embedded" else None
    if not isinstance(splits, dict) or not all(split in SPLITS for split in splits.values()):
        raise InputError(f"{about_path} does not describe an embedded corpus: {remedy}")
    return splits


def _read_fsdd(folder: Path) -> Layout:
    """Takes 0 to 4 are the test set; a hash-picked 10 % of the other takes are for validation."""
    takes = []
    for path in audio_files(folder):
        # Without the bytes that are not UTF-8, so that the reader of the file, not this one, refuses it.
        if (match := FSDD_NAME.fullmatch(path.name.encode(errors="ignore").decode())) is None:
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


def _read_speech_commands(files: dict[str, list[Path]], lists: tuple[OfficialList, ...]) -> Layout:
    listed = {list_key(line): one.split for one in lists for line in one.lines}
    recordings = []
    for word, paths in files.items():
        for path in paths:
            split = listed.get(list_key(_name(path)), "train") if lists else which_set(path.name)
            speaker, found, _ = path.name.partition("_nohash_")
            known = found or path.parent.name not in WORD_OF_FOLDER
            recordings.append(Recording(path, _name(path), word, speaker if known else "", split))
    notes, unfit = _about_lists(lists, {list_key(r.name) for r in recordings})
    words, rule = tuple(w for w, paths in files.items() if paths), "official lists" if lists else "speaker hash"
    return Layout("speech-commands", rule, words, tuple(recordings), notes, unfit)


def _about_lists(lists: tuple[OfficialList, ...], files: set[str]) -> tuple[tuple[str, ...], str]:
    """A note on each list with lines that name no file, and why nothing can be trained if none of its lines does."""
    notes, unfit = [], ""
    for one in lists:
        if strange := one.unmatched(files):
            count = f"{len(strange)} of {len(one.lines)} lines of {one.name} name no recording here"
            notes.append(f"{count}, the first of them {strange[0]!r}")
            if len(strange) == len(one.lines):
                unfit = f"{count}, as {strange[0]!r}: want word/file.wav on each line, or an empty list"
    return tuple(notes), unfit


def _read_word_folders(folder: Path, files: dict[str, list[Path]]) -> Layout:
    few = (f"the word {word!r} has {len(paths)} recording(s)" for word, paths in files.items() if len(paths) < 2)
    remedy = "training and test need at least 2: record more, or remove the folder"
    unfit = f"{first}; {remedy}" if (first := next(few, "")) else ""
    plain = [Recording(p, _name(p), word, "", "train") for word, paths in files.items() for p in paths]
    layout = Layout(
        "folder", "file hash", tuple(word for word, paths in files.items() if paths), tuple(plain), (), unfit
    )
    return _split_by_speaker(layout) or _split_by_file(layout)


def _name(path: Path) -> str:
    """The path of a recording below the data set's folder, as stored."""
    return f"{path.parent.name}/{path.name}"


def _split_by_file(layout: Layout) -> Layout:
    names = defaultdict(list)
    for r in layout.recordings:
        names[r.word].append(r.name)
    groups = (group for group in names.values() if len(group) > 1)
    splits = {name: split for group in groups for name, split in split_by_name(group).items()}
    return replace(layout, recordings=tuple(replace(r, split=splits.get(r.name, "train")) for r in layout.recordings))


def _split_by_speaker(layout: Layout) -> Layout | None:
    """None where the names do not tell speakers apart, or a word would lack training clips."""
    stems = [_speaker_of(r.path.stem) for r in layout.recordings]
    spelling = first_spellings(stems)
    speakers = [spelling[one_form(stem)] for stem in stems]
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
