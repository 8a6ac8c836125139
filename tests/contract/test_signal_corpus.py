"""A folder of multichannel signals is a corpus like any other: split by subject, checked, refused in one line."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from snn.audio.examples import load_examples
from snn.audio.signal_features import SignalFrames, signal_features
from snn.data.corpora.check import scan
from snn.data.corpora.open_corpus import open_corpus
from snn.data.corpora.splits import SPLITS
from snn.data.recordings.recording_error import RecordingError
from snn.live.stream import AudioStream
from snn.networks.spotter import Spotter
from snn.recipes.recipe import load_recipe

SUBJECTS = ("ann", "bob", "cem", "dan", "eve", "fay", "guy")
CHANNELS = ("x", "y", "z")


def write(path: Path, values: np.ndarray, rate: float = 50.0, channels: tuple[str, ...] = CHANNELS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, signal=values, sample_rate=rate, channels=channels)
        return
    rows = "".join(",".join(map(repr, row)) + "\n" for row in values.tolist())
    path.write_text(f"# sample_rate = {rate}\n{','.join(channels)}\n{rows}")


def make_motion(root: Path, suffix: str = ".csv", n_samples: int = 50) -> Path:
    rng = np.random.default_rng(0)
    for k, gesture in enumerate(("circle", "shake", "tap")):
        for subject in SUBJECTS:
            for take in range(3):
                time = np.arange(n_samples) / 50
                wave = np.sin(2 * np.pi * 2 ** (k + 1) * time + rng.uniform(0, 6))
                values = np.stack([wave, 0.1 * rng.standard_normal(n_samples), np.full(n_samples, 9.81)], 1)
                write(root / gesture / f"{subject}_{take}{suffix}", values)
    return root


@pytest.mark.parametrize("suffix", [".csv", ".npz"])
def test_a_folder_of_signals_says_what_it_is(tmp_path, suffix):
    corpus = open_corpus(make_motion(tmp_path, suffix))
    assert (corpus.media, corpus.channels, corpus.sample_rate) == ("signals", CHANNELS, 50.0)
    assert (corpus.labels, corpus.speakers) == (("circle", "shake", "tap"), SUBJECTS)
    assert len(corpus.clips) == 63


def test_no_subject_is_in_two_splits_whether_by_hash_or_left_out(tmp_path):
    make_motion(tmp_path)
    by_hash = open_corpus(tmp_path)
    subjects = [{clip.speaker for clip in by_hash.split(split)} for split in SPLITS]
    assert all(subjects)
    assert sum(map(len, subjects)) == len(SUBJECTS)
    left_out = open_corpus(tmp_path, split="speaker:cem")
    assert {clip.speaker for clip in left_out.split("test")} == {"cem"}
    assert len(left_out.split("test")) == 9
    assert not any(clip.speaker == "cem" for split in ("train", "validation") for clip in left_out.split(split))


def test_a_check_reads_every_signal_and_leaves_other_tables_alone(tmp_path):
    make_motion(tmp_path)
    (tmp_path / "subjects.csv").write_text("name,age\nann,30\n")
    (tmp_path / "tap" / "ann_0.csv").write_text("x,y,z\n1,2\n")
    write(tmp_path / "shake" / "bob_1.csv", np.zeros((9, 2)), channels=("x", "y"))
    report = scan(tmp_path)
    assert {f"{file.path.parent.name}/{file.path.name}" for file in report.bad} == {"tap/ann_0.csv", "shake/bob_1.csv"}
    assert {file.n_channels for file in report.files if not file.problem} == {3}
    assert report.n_clips == {"circle": 21, "shake": 20, "tap": 20}
    assert report.sample_rates == {50.0: 61}
    assert report.duration_s == pytest.approx(61.0)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda root: (root / "tap" / "ann_9.wav").touch(), r"ann_9\.wav is sound, .*\.csv a signal"),
        (
            lambda root: write(root / "tap" / "ann_9.csv", np.ones((9, 2)), channels=("x", "y")),
            r"ann_9\.csv.*x, y, not",
        ),
        (
            lambda root: write(root / "tap" / "guy_9.csv", np.ones((9, 3)), channels=("x", "z", "y")),
            r"guy_9\.csv.*x, z",
        ),
    ],
)
def test_clips_that_do_not_belong_together_are_named(tmp_path, spoil, message):
    spoil(make_motion(tmp_path))
    with pytest.raises(ValueError, match=message) as caught:
        open_corpus(tmp_path)
    assert "\n" not in str(caught.value)


def test_tasks_of_speech_are_refused(tmp_path):
    for task in ("12", "voice"):
        with pytest.raises(ValueError, match="no speech"):
            open_corpus(make_motion(tmp_path), task=task)


def test_features_are_the_channels_hop_by_hop(tmp_path):
    """50 Hz and hops of 40 ms: every frame is the mean of two samples."""
    corpus = open_corpus(make_motion(tmp_path))
    settings = ("features.sample_rate=8000", "hop_s=0.04", "normalise=none")
    recipe = load_recipe("demo", settings).for_corpus(corpus)
    f = recipe.features
    assert (f.front_end, f.mel.n_mels, f.sample_rate, recipe.augment.band_mask) == ("signal", 3, None, 0)
    assert recipe.for_corpus(corpus) == recipe
    clip = corpus.split("test")[0]
    features = load_examples([clip], recipe.features.at(corpus.sample_rate)).features
    assert features.shape == (1, 1, 25, 3)
    values = np.loadtxt(clip.path, delimiter=",", skiprows=2)
    np.testing.assert_allclose(features[0, 0].numpy(), values.reshape(25, 2, 3).mean(1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("normalise", ["clip", "band", "running", "none"])
def test_features_are_normalised_as_the_recipe_says(tmp_path, normalise):
    corpus = open_corpus(make_motion(tmp_path))
    recipe = load_recipe("demo", [f"normalise={normalise}"]).for_corpus(corpus)
    x = load_examples(corpus.clips[:8], recipe.features.at(50)).features[0]
    axes = {"clip": (1, 2), "band": 1}
    if normalise in axes:
        assert float(x.mean(axes[normalise]).abs().max()) < 1e-5
        np.testing.assert_allclose(x[..., :2].std(1, correction=0), 1, atol=1e-4) if normalise == "band" else None
    elif normalise == "none":
        np.testing.assert_allclose(x[:, :, 2], 9.81, rtol=1e-6)
    else:  # the past alone: the first frames are those of the clip that ends with them
        half = replace(recipe, features=replace(recipe.features, mel=replace(recipe.features.mel, hop_s=0.02)))
        long = load_examples(corpus.clips[:1], half.features.at(50)).features[0]
        assert float(long[:, 0].abs().max()) == 0
        assert float(long.abs().max()) < 10


def test_copies_differ_from_the_clip_and_come_back_alike(tmp_path):
    from snn.data.augmentation.augment import Augment

    corpus = open_corpus(make_motion(tmp_path))
    recipe = load_recipe("demo").for_corpus(corpus)
    twice = [
        load_examples(corpus.clips[:4], recipe.features.at(50), augment=Augment(), copies=2, seed=3).features
        for _ in range(2)
    ]
    assert twice[0].equal(twice[1])
    assert twice[0].shape[:2] == (3, 4)
    assert not twice[0][0].allclose(twice[0][1], atol=0.05)


def test_a_damaged_clip_stops_or_is_skipped(tmp_path):
    corpus = open_corpus(make_motion(tmp_path))
    mel = load_recipe("demo").for_corpus(corpus).features.at(50)
    corpus.clips[1].path.write_text("x,y,z\n1,2,?\n")
    with pytest.raises(RecordingError, match="line 2, column 'z'"):
        load_examples(corpus.clips[:3], mel)
    examples = load_examples(corpus.clips[:3], mel, bad_files="skip")
    assert (len(examples), len(examples.skipped)) == (2, 1)


def test_sound_and_signals_do_not_take_each_others_recipes(tmp_path, words, recipe, snn, snn_json):
    motion = make_motion(tmp_path / "motion")
    metrics = snn_json("train", recipe, "--data", motion, "--out", tmp_path / "run", "--set", "duration_s=1")
    assert metrics["test_accuracy"] >= 0
    evaluated = snn_json("evaluate", tmp_path / "run", "--split", "speaker:ann")
    assert (metrics["n_test"], evaluated["n_clips"]) == (9, 9)
    for word, gesture in (("low", "circle"), ("high", "tap")):
        (words / word).rename(words / gesture)
    code, _, err = snn("evaluate", tmp_path / "run", "--data", words)
    assert code == 2
    assert "holds sound, the recipe is for signals of 3 channels" in err


def test_a_run_on_signals_does_not_listen(tmp_path):
    corpus = open_corpus(make_motion(tmp_path))
    recipe = load_recipe("demo", ["normalise=running"]).for_corpus(corpus)
    with pytest.raises(ValueError, match="for multichannel signals"):
        AudioStream(Spotter(recipe, recipe.features.at(50), "abc"))


def test_running_features_weigh_the_past_of_each_channel():
    """Each frame counts 1/2 (hop = ln 2 s): of 0 and 1 the mean is 2/3, the mean square 2/3 (1/3)^2, so sqrt(3/2)."""
    frames = torch.tensor([[[0.0, 5.0], [1.0, 5.0]]])
    told = signal_features(frames, SignalFrames(2, duration_s=2.0, hop_s=math.log(2), normalise="running"))
    np.testing.assert_allclose(told[0].numpy(), [[0, 0], [math.sqrt(3 / 2), 0]], atol=1e-5)
