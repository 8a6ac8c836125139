"""Laws that every corpus keeps, whatever its layout, and the errors of folders that are none."""

import io
import json
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

from snn.data.corpora.clip import Clip, background_noise, load_clip
from snn.data.corpora.corpus import Corpus
from snn.data.corpora.keyword_task import KEYWORDS, TWELVE, keyword_clips
from snn.data.corpora.layouts import read_layout
from snn.data.corpora.open_corpus import open_corpus
from snn.data.corpora.splits import SPLITS, which_set

RATE = 8_000
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
OTHERS = ("cat", "dog", "tree")


@cache
def recording(n_samples: int, rate: int, kind: str) -> bytes:
    soundfile.write(file := io.BytesIO(), np.full(n_samples, 0.1), rate, format=kind)
    return file.getvalue()


def write(path: Path, n_samples: int = 80, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(recording(n_samples, rate, path.suffix[1:].upper()))


def make_fsdd(root: Path) -> Path:
    for digit in range(10):
        for speaker in ("ann", "bob", "cem"):
            for take in range(12):
                write(root / "recordings" / f"{digit}_{speaker}_{take}.wav")
    return root


def make_speech_commands(root: Path, lists: bool = True, words: tuple[str, ...] = (*KEYWORDS, *OTHERS)) -> Path:
    names = [f"{w}/{speaker:08x}_nohash_{k}.wav" for w in words for speaker in range(12) for k in range(2)]
    for name in names:
        write(root / name, rate=16_000)
    if lists:  # other than the hash would have it, and longer than the subset that is there
        (root / "testing_list.txt").write_text("".join(f"{n}\n" for n in names if "/0000000b_" in n) + "yes/gone.wav\n")
        (root / "validation_list.txt").write_text("".join(f"{n}\r\n" for n in names if "/0000000a_" in n))
    return root


def make_embedded(root: Path) -> Path:
    splits = {"en+f1_p40": "train", "en+f2_p50": "train", "en+m1_p30": "validation", "en+m2_p20": "test"}
    for word in ("yes", "no"):
        for voice in splits:
            for k in range(3):
                write(root / word / f"{voice}_{k}.wav")
    (root / "corpus.json").write_text(json.dumps({"kind": "embedded", "sample_rate": RATE, "splits": splits}))
    return root


def make_words_by_speaker(root: Path) -> Path:
    for word in ("ja", "nein", "halt"):
        for speaker in ("ann", "bob", "cem", "dan", "eve", "fay", "guy"):
            for take in range(4):
                write(root / word / f"{speaker}_{take}.flac")
    return root


def make_words(root: Path) -> Path:
    for word, n in (("ja", 40), ("nein", 3), ("halt", 2)):
        for k in range(n):
            write(root / word / f"take{k}.wav")
    return root


LAYOUTS = {
    "fsdd": make_fsdd,
    "lists": make_speech_commands,
    "hash": lambda root: make_speech_commands(root, lists=False),
    "embedded": make_embedded,
    "speakers": make_words_by_speaker,
    "files": make_words,
}


@pytest.fixture(params=LAYOUTS)
def folder(request, tmp_path) -> Path:
    return LAYOUTS[request.param](tmp_path / "data")


def names(corpus: Corpus, split: str) -> set[str]:
    return {clip.path.name + clip.path.parent.name for clip in corpus.split(split)}


def test_splits_are_disjoint_complete_and_none_is_empty(folder):
    corpus = open_corpus(folder)
    parts = [names(corpus, split) for split in SPLITS]
    assert all(parts)
    assert len(set().union(*parts)) == sum(map(len, parts)) == len(corpus.clips) == len([*folder.rglob("*.[wf]*")])
    assert {clip.label for clip in corpus.split("train")} == set(range(len(corpus.labels)))


def test_splits_depend_on_names_alone(folder, tmp_path):
    """The same folder moved, with files made in another order: the same splits."""
    before = open_corpus(folder)
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path / "elsewhere" / "data"
    files = sorted((p for p in folder.rglob("*") if p.is_file()), reverse=True)
    for path in files:
        target = moved / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    after = open_corpus(moved)

    def rows(corpus: Corpus, root: Path) -> list[tuple[Path, int, str]]:
        return [(clip.path.relative_to(root), clip.label, clip.split) for clip in corpus.clips]

    assert rows(before, folder) == rows(after, moved)


def test_clips_load_at_any_rate_and_duration(folder):
    corpus = open_corpus(folder)
    waveform = load_clip(corpus.clips[0], 16_000, 0.03)
    assert (waveform.dtype, waveform.shape) == (np.float32, (480,))
    assert waveform[240] == pytest.approx(0.1, abs=0.01)


def test_leaving_a_speaker_out_tests_on_that_speaker_alone(folder):
    corpus = open_corpus(folder)
    if not corpus.speakers:
        with pytest.raises(ValueError, match="no known speakers"):
            open_corpus(folder, split="speaker:ann")
        return
    left_out = corpus.speakers[1]
    loso = open_corpus(folder, split=f"speaker:{left_out}")
    assert {clip.speaker for clip in loso.split("test")} == {left_out}
    assert len(loso.split("test")) == sum(clip.speaker == left_out for clip in corpus.clips)
    assert left_out not in {clip.speaker for split in ("train", "validation") for clip in loso.split(split)}
    assert loso.split("validation")
    with pytest.raises(ValueError, match=f"no speaker 'nobody'.*{re.escape(left_out)}"):
        open_corpus(folder, split="speaker:nobody")


def test_fsdd_tests_on_takes_0_to_4(tmp_path):
    corpus = open_corpus(make_fsdd(tmp_path))
    takes = {split: {int(c.path.stem.split("_")[2]) for c in corpus.split(split)} for split in SPLITS}
    assert takes["test"] == set(range(5))
    assert takes["train"] | takes["validation"] == set(range(5, 12))
    assert corpus.labels == tuple(DIGITS)
    assert all(corpus.labels[c.label] == DIGITS[int(c.path.name[0])] for c in corpus.clips)
    assert corpus.sample_rate == RATE
    assert names(open_corpus(tmp_path / "recordings"), "validation") == names(corpus, "validation")


def test_official_lists_go_before_the_hash(tmp_path):
    corpus = open_corpus(make_speech_commands(tmp_path))
    assert {c.speaker for c in corpus.split("test")} == {"0000000b"}
    assert {c.speaker for c in corpus.split("validation")} == {"0000000a"}
    assert corpus.sample_rate == 16_000


def test_without_lists_the_official_hash_splits(tmp_path):
    corpus = open_corpus(make_speech_commands(tmp_path, lists=False))
    assert all(clip.split == which_set(clip.path.name) for clip in corpus.clips)


def test_voices_keep_the_split_they_were_made_for(tmp_path):
    corpus = open_corpus(make_embedded(tmp_path))
    assert {(c.speaker, c.split) for c in corpus.clips} == {
        ("en+f1_p40", "train"),
        ("en+f2_p50", "train"),
        ("en+m1_p30", "validation"),
        ("en+m2_p20", "test"),
    }


def test_speakers_named_in_a_plain_folder_are_kept_apart(tmp_path):
    corpus = open_corpus(make_words_by_speaker(tmp_path))
    speakers = [{clip.speaker for clip in corpus.split(split)} for split in SPLITS]
    assert sum(map(len, speakers)) == len(set().union(*speakers)) == 7
    assert corpus.split_rule == "speaker hash"


def test_a_word_that_only_a_test_speaker_says_is_split_by_file(tmp_path):
    make_words_by_speaker(tmp_path)
    tester = open_corpus(tmp_path).split("test")[0].speaker
    for take in range(5):
        write(tmp_path / "nur" / f"{tester}_{take}.flac")
    corpus = open_corpus(tmp_path)
    assert corpus.split_rule == "file hash"
    assert {clip.label for clip in corpus.split("train")} == {0, 1, 2, 3}


def test_validation_clips_are_taken_from_training_where_a_layout_has_none(tmp_path):
    full = open_corpus(make_speech_commands(tmp_path))
    (tmp_path / "validation_list.txt").write_text("")
    corpus = open_corpus(tmp_path)
    assert names(corpus, "test") == names(full, "test")
    assert names(corpus, "validation") < names(full, "train") | names(full, "validation")
    assert {clip.label for clip in corpus.split("validation")} == set(range(13))


def test_a_prefix_that_is_the_word_is_not_a_speaker(tmp_path):
    for word in ("ja", "nein", "halt"):
        for k in range(4):
            write(tmp_path / word / f"{word}_{k}.wav")
    corpus = open_corpus(tmp_path)
    assert corpus.speakers == ()
    assert corpus.split_rule == "file hash"


@pytest.mark.parametrize("background", [True, False])
def test_the_twelve_word_task_adds_a_tenth_of_unknown_and_of_silence_to_each_split(tmp_path, background):
    make_speech_commands(tmp_path)
    if background:
        write(tmp_path / "_background_noise_" / "hum.wav", 30 * 16_000, 16_000)
    corpus = open_corpus(tmp_path, task="12")
    assert corpus.labels == TWELVE
    for split, n_speakers in (("train", 10), ("validation", 1), ("test", 1)):
        count = Counter(corpus.labels[clip.label] for clip in corpus.split(split))
        n_words = 10 * 2 * n_speakers
        assert sum(count[word] for word in KEYWORDS) == n_words
        assert count["unknown"] == count["silence"] == n_words // 10
    unknown = [clip for clip in corpus.clips if clip.label == TWELVE.index("unknown")]
    assert {clip.path.parent.name for clip in unknown} <= set(OTHERS)
    assert len({clip.path for clip in unknown}) == len(unknown)
    assert corpus == open_corpus(tmp_path, task="12")
    drawn = [keyword_clips(read_layout(tmp_path), tmp_path / "_background_noise_", seed) for seed in (0, 5)]
    assert set(drawn[0]) == set(corpus.clips) != set(drawn[1])
    silence = [clip for clip in corpus.clips if clip.label == TWELVE.index("silence")]
    spans = {s: [c.start_s for c in silence if c.split == s] for s in SPLITS}
    assert all((clip.path is None) is not background for clip in silence)
    if background:
        assert max(spans["train"]) + 1 <= 24 <= min(spans["validation"])
        assert max(spans["validation"]) + 1 <= 27 <= min(spans["test"])
        assert all(np.abs(load_clip(clip, 16_000, 1.0)).max() <= 0.1 * clip.gain * 1.01 for clip in silence)


def test_synthetic_background_has_the_level_of_its_gain_and_comes_back_from_its_seed():
    clip = Clip(None, 11, "", "train", gain=1e-3, noise_seed=4)
    waveform = load_clip(clip, 16_000, 1.0)
    assert np.sqrt(np.mean(np.square(waveform, dtype=np.float64))) == pytest.approx(1e-3, rel=1e-4)
    np.testing.assert_array_equal(waveform, load_clip(clip, 16_000, 1.0))
    assert not np.allclose(waveform, 1e-3 * background_noise(16_000, np.random.default_rng(5)))


def test_a_clip_is_a_recording_or_a_seed():
    with pytest.raises(ValueError, match="exactly one"):
        Clip(None, 0, "", "train")


def test_a_minute_of_speech_is_cut_to_its_loudest_second(tmp_path):
    samples = np.zeros(30 * RATE)
    samples[20 * RATE : 21 * RATE] = 0.5
    soundfile.write(tmp_path / "long.wav", samples, RATE)
    waveform = load_clip(Clip(tmp_path / "long.wav", 0, "", "train", gain=0.5), RATE, 1.0)
    np.testing.assert_allclose(waveform, 0.25, atol=1e-3)


def test_names_are_looked_for_below_snn_data_and_in_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SNN_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="snn data prepare fsdd"):
        open_corpus("fsdd")
    make_fsdd(tmp_path / "fsdd")
    assert open_corpus("fsdd").name == "fsdd"
    monkeypatch.setenv("SNN_DATA", str(tmp_path / "fsdd"))
    assert len(open_corpus("fsdd").clips) == 360
    make_speech_commands(tmp_path / "speech_commands_v0.02")
    monkeypatch.setenv("SNN_DATA", str(tmp_path))
    assert len(open_corpus("speech-commands-v0.02").labels) == 13
    assert open_corpus("speech-commands-v0.02-12").labels == TWELVE
    assert open_corpus("speech-commands-12").labels == TWELVE
    assert len(open_corpus("speech-commands-12", task="35").labels) == 13


def one_word(root: Path) -> None:
    for k in range(4):
        write(root / "yes" / f"{k}.wav")


def one_clip(root: Path) -> None:
    make_words(root)
    write(root / "einmal" / "a.wav")


def two_layouts(root: Path) -> None:
    make_fsdd(root)
    write(root / "recordings" / "noise.wav")


def lost_voice(root: Path) -> None:
    make_embedded(root)
    write(root / "yes" / "stranger_0.wav")


def only_test_takes(root: Path) -> None:
    for digit in (3, 4):
        write(root / f"{digit}_ann_0.wav")


def all_text(root: Path) -> None:
    for k in range(6):
        path = root / ("yes", "no")[k % 2] / f"{k}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_text("not a sound")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (one_word, "one word, 'yes': add"),
        (one_clip, "'einmal' has 1 .*at least 2"),
        (lambda root: None, "holds no words"),
        (lambda root: write(root / "loose.wav"), "sub-folder"),
        (
            lambda root: (root / "corpus.json").write_text("{"),
            "json is damaged: .*; remove that file, or prepare it again",
        ),
        (
            lambda root: os.mkfifo(root / "corpus.json"),
            r"^[^(]*corpus\.json is a pipe: name a regular file$",
        ),
        (
            lambda root: (root / "corpus.json").write_text('{"kind": "embedded", "splits": {"x": ["train"]}}'),
            "does not describe an embedded corpus: remove that file",
        ),
        (
            lambda root: (root / "corpus.json").write_text("[]"),
            "does not describe an embedded corpus: remove that file",
        ),
        (lambda root: (root / "corpus.json").write_text('{"kind": 1, "splits": {}}'), "does not describe"),
        (two_layouts, r"noise\.wav is not named"),
        (lost_voice, "voice 'stranger' is not in"),
        (only_test_takes, "no training clip of 'three', 'four'"),
        (all_text, "no readable recordings"),
    ],
)
def test_a_folder_that_is_no_corpus_gets_one_clear_line(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(ValueError, match=message) as caught:
        open_corpus(tmp_path)
    assert "\n" not in str(caught.value)


def test_wrong_names_are_answered_with_the_right_ones(tmp_path):
    make_words(tmp_path)
    with pytest.raises(ValueError, match=r"did you mean 'fsdd'.*snn data list"):
        open_corpus("fsddd")
    with pytest.raises(FileNotFoundError, match="not a folder"):
        open_corpus(tmp_path / "absent")
    with pytest.raises(ValueError, match="no task '13'; want one of all, 12, 35"):
        open_corpus(tmp_path, task="13")
    with pytest.raises(ValueError, match="no split 'random'; want official"):
        open_corpus(tmp_path, split="random")
    with pytest.raises(ValueError, match="needs a folder for yes, no"):
        open_corpus(tmp_path, task="12")
