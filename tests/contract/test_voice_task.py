"""Voice activity from any corpus: balanced, repeatable, and no noise of the training is heard in the test."""

from collections import Counter

import numpy as np
import pytest
import soundfile

from snn.data.corpora.clip import Clip, load_clip
from snn.data.corpora.keyword_task import NOISE_SPAN
from snn.data.corpora.layouts import read_layout
from snn.data.corpora.open_corpus import open_corpus
from snn.data.corpora.splits import SPLITS
from snn.data.corpora.voice_task import TEST_SNR_DB, TRAIN_SNR_DB, VOICE, voice_clips
from snn.experiments.detection import detection_rates

RATE = 8000
SPEAKERS = ("ann", "bob", "cem", "dan", "eve", "fay", "guy", "hal")


@pytest.fixture
def speech(tmp_path):
    rng, folder = np.random.default_rng(0), tmp_path / "speech"
    for word in ("ja", "nein"):
        (folder / word).mkdir(parents=True)
        for speaker in SPEAKERS:
            for take in range(8):
                soundfile.write(folder / word / f"{speaker}_{take}.wav", 0.1 * rng.standard_normal(800), RATE)
    (folder / "_background_noise_").mkdir()
    soundfile.write(folder / "_background_noise_" / "rain.wav", 0.1 * rng.standard_normal(20 * RATE), RATE)
    return folder


def sources(clips: list[Clip]) -> set[object]:
    """The recordings and the seeds that the noises come from."""
    return {c.noise_seed if c.path is None else c.path for clip in clips for c in clip.mix.noise if not c.duration_s}


def test_half_is_speech_and_every_clip_meets_its_ratio(speech):
    corpus, words = open_corpus(speech, task="voice"), open_corpus(speech)
    assert corpus.labels == VOICE
    for split in SPLITS:
        clips, spoken = corpus.split(split), words.split(split)
        n = len(spoken) * (len(TEST_SNR_DB) if split == "test" else 1)
        assert Counter(clip.label for clip in clips) == {0: n, 1: n}
        assert {clip.path for clip in clips} == {clip.path for clip in spoken}
        assert all(clip.mix.speech == (clip.label == VOICE.index("speech")) for clip in clips)
        low, high = min(clip.snr_db for clip in clips), max(clip.snr_db for clip in clips)
        assert TRAIN_SNR_DB[0] <= low < high <= TRAIN_SNR_DB[1]
    ratios = Counter((clip.snr_db, clip.label) for clip in corpus.split("test"))
    assert set(ratios.values()) == {len(words.split("test"))}
    assert {snr_db for snr_db, _ in ratios} == set(TEST_SNR_DB)


def test_no_noise_is_heard_in_two_splits(speech):
    corpus = open_corpus(speech, task="voice")
    heard = [sources(list(corpus.split(split))) for split in SPLITS]
    assert all(heard)
    assert not heard[0] & heard[1]
    assert not heard[0] & heard[2]
    assert not heard[1] & heard[2]
    for split in SPLITS:
        rain = [c for clip in corpus.split(split) for c in clip.mix.noise if c.duration_s]
        first, last = (20 * share for share in NOISE_SPAN[split])
        assert rain
        assert all(first <= c.start_s <= c.start_s + c.duration_s <= last + 1e-9 for c in rain)


def test_seeds_of_synthetic_noise_are_all_different(speech):
    seeds = [c.noise_seed for clip in open_corpus(speech, task="voice").clips for c in clip.mix.noise if c.path is None]
    assert len(seeds) == len(set(seeds)) > 50


def test_a_babble_is_of_other_speakers(speech):
    clips = [clip for clip in open_corpus(speech, task="voice").split("train") if len(clip.mix.noise) > 1]
    assert clips
    for clip in clips:
        assert clip.speaker not in {voice.speaker for voice in clip.mix.noise}
        assert clip.path not in {voice.path for voice in clip.mix.noise}


def test_the_same_seed_gives_the_same_sound_and_another_does_not(speech):
    first, again = (open_corpus(speech, task="voice") for _ in range(2))
    assert first == again
    layout = read_layout(speech)
    drawn = [voice_clips(layout, speech / "_background_noise_", seed) for seed in (0, 1)]
    assert Counter(drawn[0]) == Counter(first.clips) != Counter(drawn[1])
    clips = zip(first.split("test")[:6], again.split("test")[:6], strict=True)
    assert all(np.array_equal(load_clip(a, RATE, 0.2), load_clip(b, RATE, 0.2)) for a, b in clips)


def test_a_speaker_left_out_is_heard_in_no_training_noise(speech):
    corpus = open_corpus(speech, task="voice", split="speaker:bob")
    train = [c for split in ("train", "validation") for clip in corpus.split(split) for c in (clip, *clip.mix.noise)]
    assert "bob" not in {clip.speaker for clip in train}
    assert {clip.speaker for clip in corpus.split("test")} == {"bob"}


def test_rates_are_counted_at_each_ratio():
    labels = np.array([1, 1, 1, 1, 0, 0, 0, 1, 1])
    told = np.array([1, 0, 1, 1, 1, 0, 0, 0, 0])
    snr_db = np.array([0.0] * 7 + [-5.0] * 2)
    clear, noisy = detection_rates(labels, told, snr_db)
    assert (clear.snr_db, clear.misses, clear.false_alarms, clear.n) == (0.0, 1 / 4, 1 / 3, 7)
    assert (noisy.snr_db, noisy.misses, noisy.false_alarms, noisy.n) == (-5.0, 1.0, None, 2)
    with pytest.raises(ValueError, match="predicted hold"):
        detection_rates(labels, told + 1, snr_db)


def test_training_tells_misses_and_false_alarms_and_knows_other_corpora(speech, recipe, tmp_path, snn_json):
    run = tmp_path / "run"
    metrics = snn_json("train", recipe, "--data", speech, "--set", "data.task=voice", "--out", run)
    assert [row["snr_db"] for row in metrics["by_snr"]] == list(TEST_SNR_DB)
    wrong = sum(row["n"] / 2 * (row["misses"] + row["false_alarms"]) for row in metrics["by_snr"])
    assert 1 - wrong / metrics["n_test"] == pytest.approx(metrics["test_accuracy"])
    assert snn_json("evaluate", run)["by_snr"] == metrics["by_snr"]
    (tmp_path / "other").mkdir()
    for word in ("ja", "nein"):
        (tmp_path / "other" / f"another {word}").symlink_to(speech / word)
    assert len(snn_json("evaluate", run, "--data", tmp_path / "other")["by_snr"]) == len(TEST_SNR_DB)
