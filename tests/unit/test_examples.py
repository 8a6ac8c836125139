"""Training clips and their altered copies: which seed draws what, and how much noise a ratio is."""

import numpy as np
import pytest

from snn.audio.examples import load_examples
from snn.audio.features import LogMel
from snn.data.augmentation.augment import Augment
from snn.data.augmentation.augment_signal import augment_signal
from snn.data.corpora.clip import Clip

MEL = LogMel(8000, duration_s=0.3, n_mels=8)


@pytest.fixture
def twice(spoken):
    """The same recording as two clips."""
    return [Clip(spoken / "low" / "00.wav", 0, "", "train")] * 2


def features(clips, seed):
    return load_examples(clips, MEL, augment=Augment(), copies=2, seed=seed).features


def test_a_seed_draws_the_copies_and_leaves_the_clip_itself(twice):
    first, again, other = (features(twice, seed) for seed in (3, 3, 4))
    assert first.equal(again)
    assert first[0].equal(other[0])
    assert not any(first[1:, clip].allclose(other[1:, clip]) for clip in (0, 1))


def test_no_two_copies_are_alike_not_even_of_the_same_recording(twice):
    first = features(twice, 3)
    assert first[0, 0].equal(first[0, 1])
    copies = first[1:].flatten(0, 1)
    assert not any(copies[i].allclose(copies[j]) for i in range(4) for j in range(i))


@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_on_a_signal_has_the_ratio_to_the_variance_of_each_channel(snr_db):
    rng = np.random.default_rng(0)
    clean = np.sin(np.arange(40_000)[:, None] / 50) * [1.0, 30.0] + [0.0, 9.81]
    only_noise = Augment(speed=(1.0, 1.0), shift_s=0.0, snr_db=(snr_db, snr_db))
    noise = augment_signal(clean, 50, only_noise, rng) - clean
    np.testing.assert_allclose(10 * np.log10(clean.var(0) / noise.var(0)), snr_db, atol=0.1)
