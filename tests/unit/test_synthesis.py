"""The embedded corpus: who speaks, that it is balanced and reproducible, and that it appears whole or not at all."""

import hashlib
import importlib.util
import json
import sys
import time
import wave
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from snn.data.synthesis import espeak
from snn.data.synthesis.embedded import SPLIT_OF_TEN, VARIANTS, WORDS, build_corpus, plan, voices

needs_espeak = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None, reason="needs the extra `synthesis` (espeakng-loader)"
)
FEW = {"n_clips": 60, "words": ("yes", "no", "stop")}


def sha256_of(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 2**15


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return build_corpus(tmp_path_factory.mktemp("embedded") / "corpus", **FEW)


def test_there_are_a_hundred_voices_of_fifty_speakers_and_no_two_alike():
    cast = voices(3)
    assert len({voice.name for voice in cast}) == len(cast) == 100
    assert Counter(voice.variant for voice in cast) == dict.fromkeys(VARIANTS, 2)
    assert len({(voice.variant, voice.accent) for voice in cast}) == 100


def test_a_speaker_belongs_to_one_split_and_the_splits_are_seventy_ten_twenty():
    splits = {}
    for voice in voices(0):
        splits.setdefault(voice.variant, set()).add(voice.split)
    assert all(len(split) == 1 for split in splits.values())
    assert Counter(voice.split for voice in voices(0)) == {"train": 70, "validation": 10, "test": 20}


def test_a_seed_chooses_the_voices():
    assert voices(5) == voices(5)
    assert {voice.name for voice in voices(5)} != {voice.name for voice in voices(6)}


@pytest.mark.parametrize("n_clips", [200, 777, 2000, 4321])
def test_words_and_voices_are_balanced_to_within_one_round(n_clips):
    clips = plan(WORDS, n_clips, 0)
    by_word, by_voice = Counter(c.word for c in clips), Counter(c.voice.name for c in clips)
    assert len({clip.file for clip in clips}) == n_clips
    assert max(by_word.values()) - min(by_word.values()) <= 1
    assert max(by_voice.values()) - min(by_voice.values()) <= len(WORDS)


def test_the_smallest_corpus_has_every_word_in_every_split():
    clips = plan(WORDS, 10 * len(WORDS), 0)
    assert Counter((c.word, c.voice.split) for c in clips) == {
        (word, split): SPLIT_OF_TEN.count(split) for word in WORDS for split in set(SPLIT_OF_TEN)
    }


@needs_espeak
def test_a_corpus_is_one_folder_a_word_of_one_second_clips_and_a_card(corpus):
    card = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
    files = sorted(corpus.glob("*/*.wav"))
    assert {path.parent.name for path in files} == set(FEW["words"])
    assert len(files) == card["n_clips"] == 60
    assert {path.stem.rpartition("_")[0] for path in files} == set(card["splits"])
    assert set(card["splits"].values()) == {"train", "validation", "test"}
    assert card["kind"] == "embedded"
    assert card["synthesiser"] == f"espeak-ng {espeak.version()}"
    assert {len(read(path)) for path in files} == {16_000}


@needs_espeak
def test_levels_differ_as_amateur_recordings_do_and_never_clip(corpus):
    peaks_db = [20 * np.log10(np.abs(read(path)).max()) for path in corpus.glob("*/*.wav")]
    assert -24.5 < min(peaks_db) < -18
    assert -6 < max(peaks_db) < 0
    assert np.std(peaks_db) == pytest.approx(24 / np.sqrt(12), rel=0.2)  # uniform over 24 dB


@needs_espeak
def test_a_seed_fixes_every_byte(corpus, tmp_path):
    assert sha256_of(build_corpus(tmp_path / "again", **FEW)) == sha256_of(corpus)
    assert sha256_of(build_corpus(tmp_path / "other", seed=1, **FEW)) != sha256_of(corpus)


@needs_espeak
def test_voice_accent_rate_and_pitch_reach_the_library():
    """One process a word, in which nothing but the setting can make a difference."""

    def spoken(**setting):
        (pcm,) = espeak.synthesise([espeak.Utterance(**{"text": "seven", "voice": "en-us+m1", **setting})])
        return pcm

    settings = [
        {"voice": "en-us+m4"},
        {"voice": "en-gb-scotland+m1"},
        {"rate_wpm": 110},
        {"pitch": 90},
        {"pitch_range": 0},
    ]
    assert spoken().tobytes() == spoken().tobytes()
    assert len({spoken(**setting).tobytes() for setting in [{}, *settings]}) == len(settings) + 1
    assert len(spoken(rate_wpm=110)) > 1.2 * len(spoken())  # slower, hence longer


@needs_espeak
def test_breath_noise_does_not_follow_the_clock():
    breathy = [espeak.Utterance("yes", "en-us+f2"), espeak.Utterance("off", "en-us+victor")]
    first = [pcm.tobytes() for pcm in espeak.synthesise(breathy)]
    time.sleep(1.1)  # the library would take its seed from the seconds of the clock
    assert [pcm.tobytes() for pcm in espeak.synthesise(breathy)] == first


@needs_espeak
def test_a_corpus_that_is_there_is_returned_without_the_synthesiser(corpus, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    before = sha256_of(corpus)
    assert build_corpus(corpus, **FEW) == corpus
    assert sha256_of(corpus) == before


@needs_espeak
def test_a_corpus_of_other_parameters_is_refused_and_kept(corpus):
    before = sha256_of(corpus)
    with pytest.raises(ValueError, match="seed 0; remove it, or name another folder"):
        build_corpus(corpus, seed=9, **FEW)
    assert sha256_of(corpus) == before


@needs_espeak
def test_a_corpus_with_a_clip_missing_is_refused(tmp_path):
    root = build_corpus(tmp_path / "corpus", n_clips=10, words=("go",))
    next(root.glob("go/*.wav")).unlink()
    with pytest.raises(ValueError, match="9 of its 10 clips"):
        build_corpus(root, n_clips=10, words=("go",))


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"])
def test_a_folder_of_something_else_is_refused_and_kept(tmp_path, text):
    (tmp_path / "thesis.txt").write_text("years of work")
    if text is not None:
        (tmp_path / "corpus.json").write_text(text)
    with pytest.raises(ValueError, match="another folder"):
        build_corpus(tmp_path, **FEW)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@needs_espeak
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_build_leaves_nothing(tmp_path, error):
    def stop(done, _total):
        if done == 7:
            raise error

    with pytest.raises(error):
        build_corpus(tmp_path / "corpus", on_progress=stop, **FEW)
    assert list(tmp_path.iterdir()) == []


@needs_espeak
def test_progress_counts_every_clip_and_an_empty_folder_is_filled(tmp_path):
    seen = []
    root = tmp_path / "corpus"
    root.mkdir()
    build_corpus(root, n_clips=10, words=("go",), on_progress=lambda *at: seen.append(at))
    assert seen == [(i, 10) for i in range(1, 11)]
    assert len(list(root.glob("go/*.wav"))) == 10


def test_without_the_package_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(ImportError, match=r"tunnelspike\[synthesis\]"):
        build_corpus(tmp_path / "corpus", **FEW)
    assert list(tmp_path.iterdir()) == []


@needs_espeak
def test_a_voice_that_does_not_exist_is_named():
    with pytest.raises(OSError, match="word 2 of 2: no voice 'en-us\\+nobody'"):
        list(espeak.synthesise([espeak.Utterance("yes", "en-us+m3"), espeak.Utterance("yes", "en-us+nobody")]))


@needs_espeak
def test_a_word_longer_than_a_clip_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="longer than a clip"):
        build_corpus(tmp_path / "corpus", n_clips=10, words=("antidisestablishmentarianism",))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"words": ("../up",)}, "letters"),
        ({"words": ("up", "Up")}, "distinct"),
        ({"words": ()}, "letters"),
        ({"n_clips": 199}, "ask for 200"),
        ({"seed": -1}, "seed"),
        ({"sample_rate": 1000}, "8000..48000"),
    ],
)
def test_impossible_arguments_are_refused_before_anything_is_written(tmp_path, setting, message):
    with pytest.raises(ValueError, match=message):
        build_corpus(tmp_path / "corpus", **setting)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("setting", [{"text": " "}, {"rate_wpm": 10}, {"pitch": 100}, {"pitch_range": -1}])
def test_an_utterance_out_of_range_is_refused(setting):
    with pytest.raises(ValueError, match=r"nothing to say|outside"):
        espeak.Utterance(**{"text": "yes", "voice": "en-us+m1", **setting})


def picture(waveform: np.ndarray) -> np.ndarray:
    """Log power in 24 bands and 12 equal pieces of the sounding part, mean removed."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform, 400)[::160] * np.hanning(400)
    loud = np.flatnonzero(np.sqrt(np.mean(frames**2, 1)) > 0.1 * np.sqrt(np.mean(frames**2, 1)).max())
    power = np.abs(np.fft.rfft(frames[loud[0] : loud[-1] + 1])) ** 2
    edges = np.geomspace(3, 200, 25).astype(int)
    bands = np.log(np.stack([power[:, a : max(b, a + 1)].mean(1) for a, b in pairwise(edges)]))
    pieces = np.linspace(0, bands.shape[1] - 1, 12)
    out = np.stack([np.interp(pieces, np.arange(bands.shape[1]), band) for band in bands])
    return out - out.mean()


@needs_espeak
def test_words_are_told_apart_across_speakers(tmp_path):
    """The mean picture of each word over training speakers names test speakers' clips ten times better than chance."""
    root = build_corpus(tmp_path / "corpus", n_clips=300)
    clips = plan(WORDS, 300, 0)
    pictures = np.stack([picture(read(root / clip.file)) for clip in clips])
    words, train = np.array([c.word for c in clips]), np.array([c.voice.split == "train" for c in clips])
    test = np.array([c.voice.split == "test" for c in clips])
    means = np.stack([pictures[train & (words == word)].mean(0) for word in WORDS])
    distance = ((pictures[test][:, None] - means) ** 2).sum((2, 3))
    assert np.mean(np.array(WORDS)[distance.argmin(1)] == words[test]) > 0.5
