"""Training clips and their altered copies: which seed draws what, and how much noise a ratio is."""

import numpy as np
import pytest

from circuits.errors import InputError
from snn.audio.cochlea import Ear
from snn.audio.ear_rows import EarRows, SignalRows
from snn.audio.examples import load_examples
from snn.audio.features import LogMel
from snn.audio.signal_features import SignalFrames
from snn.data.augmentation.augment import Augment
from snn.data.augmentation.augment_signal import augment_signal
from snn.data.corpora.clip import Clip
from snn.data.recordings.recording_error import RecordingError

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


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogMel(192_000, duration_s=60.0, hop_s=1e-5),
        lambda: LogMel(duration_s=60.0, hop_s=1e-5),  # whatever the rate will be
        lambda: SignalFrames(3, duration_s=60.0, hop_s=1e-6),
        lambda: EarRows(Ear("gammatone", 192_000, step=1e-5), 0.5, 60.0),
        lambda: SignalRows(3, 1e-6, 60.0),
    ],
)
def test_what_a_front_end_makes_of_a_clip_is_bounded_before_it_is_made(make):
    with pytest.raises(InputError, match=r"60 s in steps of 1e-0[56] s by \d+ channels are .* more than 33,554,432"):
        make()


def test_clips_that_exceed_the_memory_together_are_refused_at_the_first_of_them(twice, monkeypatch):
    seen = []
    many = twice * 1000
    monkeypatch.setattr("snn.memory.physical_memory", lambda: 16 << 20)  # a clip takes 16 kB
    with pytest.raises(InputError, match=r"holding 2,000 clips needs .* GiB"):
        load_examples(many, LogMel(8000), on_clip=lambda done, total: seen.append(done))
    assert len(seen) <= 64
    assert load_examples(many[:64], LogMel(8000)).features.shape[1] == 64


def test_a_signal_whose_grid_would_be_endless_is_named_and_can_be_skipped(tmp_path):
    """A value each hundred seconds on a grid of 10 ms is 10,000 times longer."""
    for name, rate in (("slow", 0.01), ("good", 100)):
        (tmp_path / f"{name}.csv").write_text(f"# fs = {rate}\nx\n" + "1\n2\n" * 1000)
    clips = [Clip(tmp_path / f"{name}.csv", 0, "", "train") for name in ("slow", "good")]
    for front_end in (SignalFrames(1), SignalRows(1, 0.01, 1.0)):
        with pytest.raises(RecordingError, match=r"slow\.csv: 2000 samples at 0\.01 Hz .* more than 8000000"):
            load_examples(clips, front_end)
        assert len(load_examples(clips, front_end, bad_files="skip")) == 1
