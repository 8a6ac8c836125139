"""Loudness: level removed by the clip's peak or by the past alone, then compressed."""

import numpy as np
import pytest

from snn.audio.loudness import QUIET, loudness


def sound(seed=0):
    return np.random.default_rng(seed).random((3, 200, 5)) ** 4 + 1e-3


@pytest.mark.parametrize("compression", ["power", "log", "none"])
def test_the_peak_of_each_clip_is_one_at_any_level(compression):
    gains = np.array([1e-4, 1.0, 30.0])[:, None, None]
    loud = loudness(sound(), compression)
    np.testing.assert_allclose(loudness(gains * sound(), compression), loud, rtol=1e-9)
    assert loud.max((1, 2)) == pytest.approx(1.0, rel=1e-12)


def test_power_law_turns_ten_decibels_into_a_ratio():
    x = np.array([[[1.0, 0.1]]])
    assert loudness(x)[0, 0, 1] == pytest.approx(10**-0.33, rel=1e-12)
    assert loudness(x, exponent=0.5)[0, 0, 1] == pytest.approx(10**-0.5, rel=1e-12)
    assert loudness(4 * x, level="none", exponent=0.5)[0, 0, 0] == pytest.approx(2.0, rel=1e-12)


def test_logarithm_is_one_at_the_peak_and_bends_at_its_knee():
    x = np.array([[[1.0, QUIET, 0.0]]])
    assert loudness(x, "log")[0, 0] == pytest.approx([1.0, np.log(2) / np.log(1 + 1 / QUIET), 0.0], rel=1e-12)


def test_running_level_does_not_know_the_future():
    x = sound()
    whole = loudness(x, level="running")
    np.testing.assert_array_equal(loudness(x[:, :50], level="running"), whole[:, :50])
    assert whole.max() <= 1


def test_running_peak_is_forgotten_with_tau():
    x = np.full((1, 301, 1), 0.1)
    x[0, 0] = 1.0
    heard = loudness(x, "none", level="running", step=1e-3, tau=0.2)[0, :, 0]
    np.testing.assert_allclose(heard[1:], 0.1 * np.exp(np.arange(1, 301) / 200), rtol=1e-9)


def test_faint_noise_before_the_first_sound_stays_faint():
    assert loudness(np.full((1, 10, 2), QUIET / 100), "none", level="running").max() == pytest.approx(0.01)


@pytest.mark.parametrize("level", ["clip", "running", "none"])
@pytest.mark.parametrize("compression", ["power", "log", "none"])
def test_silence_stays_zero(compression, level):
    assert not loudness(np.zeros((2, 5, 3)), compression, level=level).any()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"envelopes": -np.ones((1, 2, 3))}, "negative number or NaN"),
        ({"envelopes": np.full((1, 2, 3), np.nan)}, "negative number or NaN"),
        ({"exponent": 0.0}, "must be above 0"),
        ({"tau": -1.0}, "must be above 0"),
    ],
)
def test_bad_input_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        loudness(**{"envelopes": sound(), **arguments})
