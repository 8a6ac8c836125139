"""The ear's shapes, what its clips must not depend on, what it refuses."""

import numpy as np
import pytest

from snn.audio.cochlea import Ear, envelopes

BANKS = ["lyon", "gammatone", "mel"]


def clips(n=3, n_samples=3600, seed=0, dtype=np.float64):
    return (0.1 * np.random.default_rng(seed).standard_normal((n, n_samples))).astype(dtype)


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize(
    ("rate", "step"), [(8000, 1e-3), (11_025, 1e-3), (16_000, 2e-3), (44_100, 1e-3), (12_000, 7e-4)]
)
def test_each_step_is_one_row(bank, rate, step):
    heard = envelopes(clips(2, round(0.3 * rate)), Ear(bank, rate, n_channels=12, step=step))
    assert heard.shape == (2, round(0.3 / step), 12)
    assert heard.dtype == np.float64
    assert (heard >= 0).all()
    assert heard[:, -1].all()


@pytest.mark.parametrize("bank", BANKS)
def test_a_clip_does_not_depend_on_its_batch(bank):
    sound, ear = clips(), Ear(bank, 8000)
    alone = np.concatenate([envelopes(clip[None], ear) for clip in sound])
    np.testing.assert_array_equal(envelopes(sound, ear), alone)


@pytest.mark.parametrize("bank", BANKS)
def test_single_precision_and_views_are_heard_as_double(bank):
    ear, sound = Ear(bank, 8000), clips(dtype=np.float32)
    double = envelopes(sound.astype(np.float64), ear)
    np.testing.assert_array_equal(envelopes(sound, ear), double)
    np.testing.assert_array_equal(envelopes(sound[::-1], ear), double[::-1])


@pytest.mark.parametrize("bank", BANKS)
def test_silence_is_zero_and_the_sound_is_left_as_it_was(bank):
    silence = np.zeros((2, 800))
    assert not envelopes(silence, Ear(bank, 8000)).any()
    sound = clips()
    before = sound.copy()
    envelopes(sound, Ear(bank, 8000))
    np.testing.assert_array_equal(sound, before)


@pytest.mark.parametrize("bank", ["lyon", "gammatone"])
def test_filters_end_in_long_silence(bank):
    """Denormal numbers would stay for seconds and slow every operation down."""
    sound = np.zeros((1, 80_000))
    sound[0, :100] = 1
    heard = envelopes(sound, Ear(bank, 8000))
    assert not heard[0, -1].any()


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize("n_channels", [1, 2, 64])
def test_any_number_of_channels(bank, n_channels):
    ear = Ear(bank, 16_000, n_channels=n_channels)
    assert ear.centres.shape == (n_channels,)
    assert np.isfinite(envelopes(clips(1), ear)).all()


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_sound_are_refused(bank, bad):
    sound = clips()
    sound[1, 7] = bad
    with pytest.raises(ValueError, match="NaN, infinity"):
        envelopes(sound, Ear(bank, 8000))


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize("n_samples", [0, 3])
def test_clips_shorter_than_a_step_are_refused(bank, n_samples):
    with pytest.raises(ValueError, match=r"at least one sample|shorter than one step"):
        envelopes(np.zeros((2, n_samples)), Ear(bank, 8000))


@pytest.mark.parametrize("bank", BANKS)
def test_no_clips_give_no_rows(bank):
    assert envelopes(np.zeros((0, 800)), Ear(bank, 8000)).shape == (0, 100, 20)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sample_rate": 100}, "1,000 to 192,000"),
        ({"n_channels": 0}, "1 to 512"),
        ({"f_max": 5000.0}, "at most half the sample rate 8000"),
        ({"f_min": 3900.0}, "below f_max"),
        ({"f_min": 0.0}, "above 0"),
        ({"bank": "lyon", "f_min": 20.0}, "at least 62.62 Hz for lyon"),
        ({"step": 1e-5}, "from one sample"),
        ({"step": 0.1}, "to 0.025 s"),
        ({"tau": 0.0}, "above 0"),
        ({"ear_q": 0.4}, "1 to 64"),
        ({"f_max": float("nan")}, "finite"),
    ],
)
def test_bad_settings_name_the_field_and_the_limit(changed, says):
    with pytest.raises(ValueError, match=says):
        Ear(**{"bank": "gammatone", "sample_rate": 8000, **changed})
