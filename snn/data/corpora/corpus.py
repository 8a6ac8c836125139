"""A corpus: labelled, split clips of any data set or folder, ready to be loaded."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from circuits.errors import InputError
from snn.data.corpora.clip import Clip, load_clip
from snn.data.corpora.keyword_task import TWELVE, keyword_clips
from snn.data.corpora.layouts import BACKGROUND_FOLDER, Layout, Media, leave_speaker_out, read_layout
from snn.data.corpora.splits import SPLITS, Split, pick_validation
from snn.data.corpora.voice_task import VOICE, voice_clips
from snn.data.recordings.audio_file import audio_info
from snn.data.recordings.recording_error import RecordingError
from snn.data.sets.location import find_data
from snn.data.sets.manifest import find_manifest, load_manifests
from snn.data.signals.signal_file import read_signal, signal_channels

__all__ = ["Clip", "Corpus", "Split", "load_clip", "open_corpus"]

TASKS = ("all", "12", "35", "voice")  # "35" is Speech Commands' name for all words
N_RATES_READ = 25  # headers read to find the customary sample rate


@dataclass(frozen=True)
class Corpus:
    """Clips in a fixed order (train, validation, test; each by file name).

    `labels[clip.label]` is a clip's word; `sample_rate` is the most common native rate (Hz);
    `split_rule` says how the splits were made. `media` "signals": multichannel recordings, all of the same
    `channels`. `folder`: where they lie.
    """

    name: str
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    sample_rate: int | float
    split_rule: str = ""
    media: Media = "audio"
    channels: tuple[str, ...] = ()
    folder: Path = Path()

    def split(self, split: Split) -> tuple[Clip, ...]:
        """Return the clips of one split, in the corpus's order."""
        if split not in SPLITS:
            raise InputError(f"no split {split!r}; want one of {', '.join(SPLITS)}")
        return tuple(clip for clip in self.clips if clip.split == split)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the known speakers, sorted."""
        return tuple(sorted({clip.speaker for clip in self.clips} - {""}))


def open_corpus(data: str | Path, *, task: str | None = None, split: str = "official", seed: int = 0) -> Corpus:
    """Open a data set by name, or a folder of recordings by its layout.

    Args:
        data: name of a prepared data set, perhaps with the task's suffix (`speech-commands-v0.02-12`), or a folder.
        task: "all" words (the default), "12" (ten commands, unknown, silence), "35" (all words, by their usual name),
            "voice" (speech in noise, or noise alone).
        split: "official", which on a plain folder is by hash of speakers or files, or "speaker:NAME" to test on NAME.
        seed: draws the `unknown` words and the `silence` of task "12", and the noise of "voice"; never changes who is
            in which split.
    Raises:  ValueError or FileNotFoundError with the remedy: an unknown name, speaker or task; a data set not yet
        prepared; a folder without words, with one word, or with a word that cannot be both trained and tested.
    """
    name, folder, named_task = _locate(data)
    task = task or named_task or "all"
    if task not in TASKS:
        raise InputError(f"no task {task!r}; want one of {', '.join(TASKS)}")
    layout = _with_validation(_choose_split(read_layout(folder), split))
    _refuse_untrainable(layout, folder)
    if layout.media == "signals" and task != "all":
        raise InputError(f"{folder} holds signals that are no speech, and task {task!r} is one of speech; leave it out")
    rate, channels = _common_rate(layout), _common_channels(layout)
    if task == "12":
        keywords = keyword_clips(layout, folder / BACKGROUND_FOLDER, seed)
        return Corpus(name, TWELVE, _ordered(keywords), rate, layout.rule, folder=folder)
    if task == "voice":
        spoken = voice_clips(layout, folder / BACKGROUND_FOLDER, seed)
        return Corpus(name, VOICE, _ordered(spoken), rate, layout.rule, folder=folder)
    clips = (Clip(r.path, layout.words.index(r.word), r.speaker, r.split) for r in layout.recordings)
    return Corpus(name, layout.words, _ordered(clips), rate, layout.rule, layout.media, channels, folder)


def _locate(data: str | Path) -> tuple[str, Path, str | None]:
    """Name, folder and task of a data set; a prepared data set goes before a folder of the same name."""
    folder = Path(data).expanduser()
    if isinstance(data, str):
        base, task = _named_task(data)
        if base in load_manifests():
            try:
                return data, find_data(find_manifest(base)), task
            except FileNotFoundError:
                if not folder.is_dir():
                    raise
        elif len(folder.parts) == 1 and not folder.exists():
            find_manifest(data)  # raises the error that names the known data sets
    return folder.resolve().name, folder, None


def _named_task(name: str) -> tuple[str, str | None]:
    base, _, suffix = name.rpartition("-")
    base, task = (base, suffix) if suffix in TASKS else (name, None)
    return ("speech-commands-v0.02" if base == "speech-commands" else base), task


def _choose_split(layout: Layout, split: str) -> Layout:
    kind, _, speaker = split.partition(":")
    if split == "official":
        return layout
    if kind != "speaker":
        raise InputError(f"no split {split!r}; want official, or speaker:NAME to test on one speaker")
    return leave_speaker_out(layout, speaker)


def _with_validation(layout: Layout) -> Layout:
    """Where a layout names no validation clips, take a hash-picked 10 % of each word's training clips."""
    if any(r.split == "validation" for r in layout.recordings):
        return layout
    train = {w: [r.name for r in layout.recordings if r.word == w and r.split == "train"] for w in layout.words}
    picked = {name for names in train.values() for name in pick_validation(names)}
    recordings = (replace(r, split="validation") if r.name in picked else r for r in layout.recordings)
    return replace(layout, recordings=tuple(recordings))


def _refuse_untrainable(layout: Layout, folder: Path) -> None:
    if len(layout.words) < 2:
        raise InputError(f"{folder} holds one word, {layout.words[0]!r}: add a sub-folder for each other word")
    trained = {r.word for r in layout.recordings if r.split == "train"}
    if untrained := [word for word in layout.words if word not in trained]:
        words = ", ".join(map(repr, untrained))
        raise InputError(f"{folder}: no training clip of {words} ({layout.rule}): add recordings, or remove the word")
    if all(r.split != "test" for r in layout.recordings):
        raise InputError(f"{folder} has no test clips ({layout.rule}): add the recordings that are missing")


def _common_rate(layout: Layout) -> int | float:
    """The most common native rate (Hz) of recordings spread over the corpus; files that cannot be read do not count."""
    about = read_signal if layout.media == "signals" else audio_info
    rates: Counter[int | float] = Counter()
    for r in layout.recordings[:: max(1, len(layout.recordings) // N_RATES_READ)]:
        try:
            rates[about(r.path).sample_rate] += 1
        except RecordingError as error:
            problem = error
    if not rates:
        raise RecordingError(f"no readable recordings; the last one: {problem}")
    return max(sorted(rates), key=rates.__getitem__)


def _common_channels(layout: Layout) -> tuple[str, ...]:
    """The channels of a corpus of signals, () of one of sound.

    Raises:  RecordingError naming the first file that has others; files that cannot be read do not count here.
    """
    known: tuple[str, ...] = ()
    for r in layout.recordings if layout.media == "signals" else ():
        try:
            channels = signal_channels(r.path)
        except RecordingError:
            continue
        known = known or channels
        if channels != known:
            remedy = "give all clips the same channels in the same order"
            raise RecordingError(f"{r.path} has the channels {', '.join(channels)}, not {', '.join(known)}: {remedy}")
    return known


def _ordered(clips: Iterable[Clip]) -> tuple[Clip, ...]:
    def place(clip: Clip) -> tuple[int, str, float, int]:
        path = clip.path.as_posix() if clip.path else "~"
        return SPLITS.index(clip.split), path, clip.start_s, clip.noise_seed or 0

    return tuple(sorted(clips, key=place))
