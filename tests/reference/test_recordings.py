"""The real recordings have the published counts, splits and bytes; skipped where they are absent."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from snn.data.corpora.check import scan
from snn.data.corpora.clip import load_clip
from snn.data.corpora.layouts import read_layout
from snn.data.corpora.open_corpus import open_corpus
from snn.data.corpora.splits import which_set
from snn.data.sets.download import tree_sha256
from snn.data.sets.manifest import find_manifest

DATA = Path(os.environ.get("SNN_DATA") or Path(__file__).parents[2] / ".." / "shared" / "data")


def need(folder: str) -> Path:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no recordings at {DATA / folder}; set SNN_DATA to the folder that holds {folder}")
    return DATA / folder


def test_the_official_digits_are_300_test_clips_of_six_speakers():
    corpus = open_corpus(need("fsdd"))
    test = Counter((clip.label, clip.speaker) for clip in corpus.split("test"))
    assert set(test.values()) == {5}
    assert len(test) == 60
    assert [len(corpus.split(split)) for split in ("train", "validation")] == [2438, 262]
    assert corpus.sample_rate == 8_000
    assert corpus.speakers == ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def test_the_digits_are_the_bytes_of_the_manifest():
    assert tree_sha256(need("fsdd")) == find_manifest("fsdd").tree_sha256


@pytest.mark.parametrize("speaker", ["george", "theo"])
def test_a_speaker_left_out_is_500_test_clips(speaker):
    corpus = open_corpus(need("fsdd"), split=f"speaker:{speaker}")
    assert {clip.speaker for clip in corpus.split("test")} == {speaker}
    assert len(corpus.split("test")) == 500
    assert sum(len(corpus.split(split)) for split in ("train", "validation")) == 2500


def test_speakers_differ_16_times_in_level():
    """Median peak of lucas over that of theo: 0.474 / 0.030."""
    corpus = open_corpus(need("fsdd"))
    level = {}
    for speaker in ("lucas", "theo"):
        clips = [clip for clip in corpus.split("test") if clip.speaker == speaker]
        level[speaker] = np.median([np.abs(load_clip(clip, 8_000, 1.0)).max() for clip in clips])
    assert 12 < level["lucas"] / level["theo"] < 20


@pytest.mark.slow  # their bytes are those of the manifest, see above
def test_no_digit_recording_is_bad():
    report = scan(need("fsdd") / "recordings")
    assert report.bad == ()
    assert set(report.n_clips.values()) == {300}
    assert len(report.n_clips) == 10
    assert report.duration_s / 3_000 == pytest.approx(0.437, abs=0.001)


def test_the_official_lists_of_speech_commands_decide_and_agree_with_the_hash():
    folder = need("speech_commands_subset")
    listed = {}
    for name, split in (("testing_list.txt", "test"), ("validation_list.txt", "validation")):
        listed |= dict.fromkeys((folder / name).read_text().split(), split)
    assert len(listed) == 6_835 + 6_798
    assert all(which_set(name) == split for name, split in listed.items())
    recordings = read_layout(folder).recordings
    assert all(r.split == listed.get(r.name, "train") for r in recordings)
    assert Counter(r.split for r in recordings) == {"train": 1387, "validation": 216, "test": 197}


def test_nobody_is_heard_in_two_splits_of_speech_commands():
    corpus = open_corpus(need("speech_commands_subset"))
    speakers = [{clip.speaker for clip in corpus.split(split)} for split in ("train", "validation", "test")]
    assert sum(map(len, speakers)) == len(corpus.speakers)


def test_the_twelve_word_task_of_the_subset_has_every_class_in_every_split():
    corpus = open_corpus(need("speech_commands_subset"), task="12")
    for split in ("train", "validation", "test"):
        assert {clip.label for clip in corpus.split(split)} == set(range(12))
        assert all(np.isfinite(load_clip(clip, 16_000, 1.0)).all() for clip in corpus.split(split))
