"""The embedded corpus: digits and command words synthesised by espeak-ng in synthetic rooms, the same from a seed."""

import json
import re
import wave
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from jaxtyping import Float

from circuits.errors import InputError
from circuits.tables import read_json
from snn.data.augmentation.augment import Waveform, add_noise, change_speed, mix, reverberate, set_gain, shift
from snn.data.sets.publication import explained_disk_errors, own_folder, publish
from snn.data.synthesis import espeak
from snn.folder_lock import making
from snn.reporter import OnNote

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
WORDS = DIGITS + COMMANDS
VERSION = 1  # of the recipe below: a change of anything that changes a sample raises it
CLIP_S = 1.0

# A variant is a speaker's identity: vocal tract, pitch span, breath. These are the ones whose twenty words are told
# apart by the other variants' mean log-mel picture at least 19 times in 20, and that do not double one another
# (root-mean-square log-mel distance above 0.9, in nepers). Left out: whispers, robots, the Klatt synthesisers.
# fmt: off
VARIANTS = (
    "Alex", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Jacky", "Mario", "Michael", "Mike",
    "Nguyen", "anika", "antonio", "aunty", "belinda", "boris", "ed", "f1", "f2", "f3", "f4", "f5", "grandma",
    "grandpa", "gustave", "iven", "john", "linda", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "marcelo",
    "max", "michel", "norbert", "pablo", "paul", "quincy", "rob", "sandro", "steph", "travis", "victor",
    "Storm",
)
# fmt: on
# "en" is the British voice, whose own name the library does not accept before a variant
ACCENTS = ("en-us", "en-us-nyc", "en", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-gb-scotland", "en-029")
VOICES_PER_VARIANT = 2
SPLIT_OF_TEN = ("train", "train", "test", "train", "train", "validation", "train", "test", "train", "train")


@dataclass(frozen=True)
class Voice:
    """One way of speaking; voices of one variant are one speaker and share its split."""

    variant: str
    accent: str
    pitch: int
    rate_wpm: int
    split: str

    @property
    def name(self) -> str:
        return f"{self.accent}+{self.variant}_p{self.pitch}_r{self.rate_wpm}"


@dataclass(frozen=True)
class Clip:
    """One recording to make: a word, its voice, and how often that voice has said it before."""

    word: str
    voice: Voice
    take: int

    @property
    def file(self) -> str:
        return f"{self.word}/{self.voice.name}_{self.take}.wav"


def voices(seed: int) -> tuple[Voice, ...]:
    """The 100 voices: each variant with two accents, each with a pitch and a rate of its own, in a random order.

    Any ten in a row that start at a multiple of ten hold 7 voices for training, 1 for validation and 2 for the test.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(VARIANTS)
    accents = [rng.permutation(ACCENTS)[:VOICES_PER_VARIANT] for _ in order]
    return tuple(
        Voice(str(variant), str(accents[i][k]), int(rng.integers(30, 66)), int(rng.integers(120, 166)), split)
        for k in range(VOICES_PER_VARIANT)
        for i, (variant, split) in enumerate(zip(order, cycle(SPLIT_OF_TEN), strict=False))
    )


def plan(words: Sequence[str], n_clips: int, seed: int) -> list[Clip]:
    """The clips in the order in which they are made: every voice says each word once, then the next voice does.

    Counts of words, and of voices for one word, differ by one at most; 100 clips a word are needed to hear all voices.
    """
    cast = voices(seed)
    rounds = [divmod(i, len(words)) for i in range(n_clips)]
    return [Clip(words[word], cast[turn % len(cast)], turn // len(cast)) for turn, word in rounds]


def build_corpus(
    root: str | Path,
    *,
    n_clips: int = 2000,
    seed: int = 0,
    words: Sequence[str] = WORDS,
    sample_rate: int = 16_000,
    on_progress: Callable[[int, int], None] | None = None,
    on_note: OnNote = lambda line: None,
) -> Path:
    """Make the corpus in `root`, or find it made: `<word>/<voice>_<take>.wav` (1 s, mono, 16 bit) and corpus.json.

    It appears whole or not at all: it is built beside `root` and moved into place; where another process builds it,
    that is waited for. The same arguments give the same
    bytes (same versions of espeak-ng, NumPy and SciPy on the same kind of processor).

    Args:  sample_rate: Hz.   on_progress: called after each clip with (done, n_clips).   on_note: told a line when
        it waits.
    Returns:  `root`.
    Raises:  InputError for arguments out of range, or a `root` that holds something else; ImportError without
        espeakng-loader; OSError where espeak-ng or the disk fails.
    """
    root = Path(root)
    _check(words, n_clips, seed, sample_rate)
    card = {
        "kind": "embedded",
        "version": VERSION,
        "sample_rate": sample_rate,
        "seed": seed,
        "n_clips": n_clips,
        "words": list(words),
    }
    if _is_built(root, card):
        return root
    clips = plan(words, n_clips, seed)
    card["splits"] = {clip.voice.name: clip.voice.split for clip in clips}
    card["synthesiser"] = f"espeak-ng {espeak.version()}"
    with explained_disk_errors(root.parent), making(root, on_note):
        if not _is_built(root, card):
            with own_folder(root) as part:
                _write_clips(part, clips, seed, sample_rate, on_progress)
                (part / "corpus.json").write_text(json.dumps(card, indent=1), encoding="utf-8")
                publish(part, root, n_clips + 1)
    return root


def _check(words: Sequence[str], n_clips: int, seed: int, sample_rate: int) -> None:
    strange = [word for word in words if not re.fullmatch("[A-Za-z]{1,32}", word)]
    if strange or not words or len({word.lower() for word in words}) < len(words):
        raise InputError(f"words {strange or list(words)} must be distinct and of letters A to Z alone")
    if n_clips < 10 * len(words):
        raise InputError(f"n_clips = {n_clips} leaves a split without words; ask for {10 * len(words)} or more")
    if seed < 0:
        raise InputError(f"seed = {seed} is negative; use 0 or more")
    if not 8_000 <= sample_rate <= 48_000:
        raise InputError(f"sample_rate = {sample_rate} Hz is outside 8000..48000 Hz; 16000 is usual")


def _is_built(root: Path, card: dict) -> bool:
    """Whether `root` holds the corpus of this card; false when absent or empty; InputError when something else."""
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return False
    try:
        found = read_json(root / "corpus.json")
        different = sorted(key for key, value in card.items() if found.get(key) != value)
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{root} holds no embedded corpus; name another folder or remove this one") from error
    if different:
        was = ", ".join(f"{key} {found.get(key)!r}" for key in different)
        raise InputError(f"{root} holds a corpus with {was}; remove it, or name another folder")
    n_files = sum(1 for _ in root.glob("*/*.wav"))
    if n_files != card["n_clips"]:
        raise InputError(f"{root} holds {n_files} of its {card['n_clips']} clips; remove it and build again")
    return True


def _write_clips(
    folder: Path, clips: list[Clip], seed: int, sample_rate: int, on_progress: Callable[[int, int], None] | None
) -> None:
    with closing(_recordings(clips, seed, sample_rate)) as recordings:
        for done, (clip, waveform) in enumerate(recordings, start=1):
            _write_wav(folder / clip.file, waveform, sample_rate)
            if on_progress is not None:
                on_progress(done, len(clips))


def _recordings(clips: list[Clip], seed: int, sample_rate: int) -> Generator[tuple[Clip, Waveform], None, None]:
    """Each clip with its waveform in [-1, 1]. Each draws from a random generator of its own."""
    rngs = np.random.default_rng(seed).spawn(len(clips))
    synthesised = espeak.synthesise([_utterance(clip, rng) for clip, rng in zip(clips, rngs, strict=True)])
    # Babble comes from talkers of the same split, so that no voice is heard across splits.
    talkers = {split: deque(maxlen=16) for split in set(SPLIT_OF_TEN)}
    for clip, rng, pcm in zip(clips, rngs, synthesised, strict=True):
        speech = change_speed(pcm.astype(np.float32) / 2**15, espeak.SAMPLE_RATE / sample_rate)
        waveform = _place(speech, round(CLIP_S * sample_rate), clip.word, rng)
        talkers[clip.voice.split].append(waveform)
        yield clip, _record(waveform, sample_rate, talkers[clip.voice.split], rng)


def _utterance(clip: Clip, rng: np.random.Generator) -> espeak.Utterance:
    """No word is said twice alike: pitch varies by 5 steps, rate by 8 %, melody freely. ASSUMED spreads."""
    voice = clip.voice
    return espeak.Utterance(
        text=clip.word,
        voice=f"{voice.accent}+{voice.variant}",
        rate_wpm=round(voice.rate_wpm * rng.uniform(0.92, 1.08)),
        pitch=voice.pitch + int(rng.integers(-5, 6)),
        pitch_range=int(rng.integers(35, 66)),
    )


def _place(speech: Waveform, n_samples: int, word: str, rng: np.random.Generator) -> Float[np.ndarray, " n_samples"]:
    """Let the word begin anywhere within the clip that lets it end there too."""
    slack = n_samples - len(speech)
    if slack < 0:
        raise InputError(f"word {word!r} takes longer than a clip of {CLIP_S} s; choose a shorter one")
    return np.pad(speech, (onset := int(rng.integers(slack + 1)), slack - onset))


def _record(waveform: Waveform, sample_rate: int, talkers: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    """Room, noise and level, as amateurs record: peaks spread over 24 dB (16 times, as in Free Spoken Digits)."""
    room = reverberate(waveform, sample_rate, rng.uniform(0.1, 0.4), rng, rng.uniform(0.0, 15.0))
    snr_db, background = rng.uniform(10.0, 40.0), rng.choice(["white", "pink", "babble"])
    if background == "babble":
        noisy = mix(room, _babble(talkers, rng), snr_db)
    else:
        noisy = add_noise(room, snr_db, rng, str(background))
    full_scale = noisy * np.float32(0.98 / max(np.abs(noisy).max(), 1e-9))
    return set_gain(full_scale, rng.uniform(-24.0, 0.0))


def _babble(talkers: Sequence[Waveform], rng: np.random.Generator) -> Waveform:
    """Eight words at once, played backwards: the spectrum and rhythm of speech, with no keyword in it."""
    chosen = [talkers[int(i)][::-1] for i in rng.integers(len(talkers), size=8)]
    return np.sum([shift(words, int(rng.integers(-len(words) // 3, len(words) // 3))) for words in chosen], axis=0)


def _write_wav(path: Path, waveform: Waveform, sample_rate: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.rint(waveform * (2**15 - 1)).astype("<i2").tobytes())
