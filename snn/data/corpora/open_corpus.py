"""From the name of a data set, or a folder of recordings, to its corpus: found, split, made into clips of a task."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from circuits.errors import InputError
from snn.data.corpora.clip import Clip
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.keyword_task import TWELVE, keyword_clips
from snn.data.corpora.layouts import (
    Layout,
    all_tested,
    leave_speaker_out,
    read_layout,
    refuse_untrainable,
    with_validation,
)
from snn.data.corpora.spelling import one_form
from snn.data.corpora.splits import SPLITS
from snn.data.corpora.voice_task import VOICE, voice_clips
from snn.data.corpora.word_folders import BACKGROUND_FOLDER
from snn.data.recordings.audio_file import audio_info
from snn.data.recordings.recording_error import RecordingError, refusal
from snn.data.sets.location import expanded, find_data
from snn.data.sets.manifest import find_manifest, load_manifests
from snn.data.signals.signal_file import read_signal, signal_channels

TASKS = ("all", "12", "35", "voice")  # "35" is Speech Commands' name for all words
DRAWS = 0  # seed of unknown words, silence and noise: alike for every seed of training, so that seeds compare
N_RATES_READ = 25  # headers read to find the customary sample rate


def open_corpus(data: str | Path, *, task: str | None = None, split: str = "official", to_train: bool = True) -> Corpus:
    """Open a data set by name, or a folder of recordings by its layout.

    Args:
        data: name of a prepared data set, perhaps with the task's suffix (`speech-commands-v0.02-12`), or a folder.
        task: "all" words (the default), "12" (ten commands, unknown, silence), "35" (all words, by their usual name),
            "voice" (speech in noise, or noise alone).
        split: "official", which on a plain folder is by hash of speakers or files, "speaker:NAME" to test on NAME, or
            "all" to test on every clip.
        to_train: whether every word needs clips to train and there must be a test; without it, one word will do, or
            clips of the test alone.
    Raises:  InputError or FileNotFoundError with the remedy: an unknown name, speaker or task; a data set not yet
        prepared; a folder without words; and `to_train`, one word alone, a word that cannot be both trained and tested,
        and an official list that names none of the recordings.
    """
    name, source, folder, named_task = _locate(data)
    task = task or named_task or "all"
    if task not in TASKS:
        raise InputError(f"no task {task!r}; want one of {', '.join(TASKS)}")
    layout = _choose_split(read_layout(folder), split)
    if to_train:
        layout = with_validation(layout)
        refuse_untrainable(layout, folder)
    if layout.media == "signals" and task != "all":
        raise InputError(f"{folder} holds signals that are no speech, and task {task!r} is one of speech; leave it out")
    corpus = Corpus(
        name, layout.words, (), _common_rate(layout), layout.rule, folder=layout.home or folder, source=source,
        notes=layout.notes,
    )  # fmt: skip
    if task == "12":
        clips = keyword_clips(layout, folder / BACKGROUND_FOLDER, DRAWS)
        return replace(corpus, labels=TWELVE, clips=_ordered(clips))
    if task == "voice":
        return replace(corpus, labels=VOICE, clips=_ordered(voice_clips(layout, folder / BACKGROUND_FOLDER, DRAWS)))
    clips = (Clip(r.path, layout.words.index(r.word), r.speaker, r.split) for r in layout.recordings)
    return replace(corpus, clips=_ordered(clips), media=layout.media, channels=_common_channels(layout))


def data_folder(data: str | Path) -> Path:
    """The folder of a data set. Raises: InputError or FileNotFoundError for one that is not known or not prepared."""
    return _locate(data)[2]


def _locate(data: str | Path) -> tuple[str, str, Path, str | None]:
    """Name, source, folder and task of a data set; a prepared data set goes before a folder of the same name."""
    folder = expanded(data)
    if isinstance(data, str):
        base, task = _named_task(data)
        if base in load_manifests():
            try:
                return data, data, find_data(find_manifest(base)), task
            except FileNotFoundError:
                if not folder.is_dir():
                    raise
        elif len(folder.parts) == 1 and not folder.exists():
            find_manifest(data)  # raises the error that names the known data sets
    return folder.resolve().name, str(folder.resolve()), folder, None


def _named_task(name: str) -> tuple[str, str | None]:
    base, _, suffix = name.rpartition("-")
    base, task = (base, suffix) if suffix in TASKS else (name, None)
    return ("speech-commands-v0.02" if base == "speech-commands" else base), task


def _choose_split(layout: Layout, split: str) -> Layout:
    kind, _, speaker = split.partition(":")
    if split == "official":
        return layout
    if split == "all":
        return all_tested(layout)
    if kind != "speaker":
        raise InputError(
            f"no split {split!r}; want official, speaker:NAME to test on one speaker, or all to test on all"
        )
    return leave_speaker_out(layout, speaker)


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
    if layout.media != "signals":
        return ()
    channels = {}
    for r in layout.recordings:
        with suppress(RecordingError):
            channels[r.path] = signal_channels(r.path)
    for problem in odd_channels(channels).values():
        raise problem
    return next(iter(channels.values()), ())


def odd_channels(channels: dict[Path, tuple[str, ...]]) -> dict[Path, RecordingError]:
    """What is to be said of the files whose channels are not those of most files (of the first, where as many)."""
    counts = Counter(channels.values())
    most = max(counts, key=counts.__getitem__, default=())
    remedy = "give all clips the same channels in the same order"
    return {
        path: refusal(path, f"has the channels {', '.join(names)}, not {', '.join(most)}", remedy)
        for path, names in channels.items()
        if names != most
    }


def _ordered(clips: Iterable[Clip]) -> tuple[Clip, ...]:
    def place(clip: Clip) -> tuple[int, str, float, int]:
        path = one_form(clip.path.as_posix()) if clip.path else "~"
        return SPLITS.index(clip.split), path, clip.start_s, clip.noise_seed or 0

    return tuple(sorted(clips, key=place))
