"""The filter banks: tones find their channel, bandwidths are those of the ear, gain control holds the level."""

import numpy as np
import pytest
import soundfile
from scipy import signal

from snn.audio.cochlea import Ear, envelopes
from snn.audio.gammatone import erb, erb_spaced

RATE = 8000


def tones(frequencies, amplitude=1.0, duration=0.4, rate=RATE):
    return amplitude * np.sin(2 * np.pi * np.multiply.outer(frequencies, np.arange(round(duration * rate)) / rate))


def steady(frequencies, ear, amplitude=1.0):
    """Mean envelope of each channel once the filters have settled, `(tone, channel)`."""
    return envelopes(tones(frequencies, amplitude, rate=ear.sample_rate), ear)[:, -100:].mean(1)


@pytest.mark.parametrize("rate", [RATE, 16_000])
@pytest.mark.parametrize("bank", ["lyon", "gammatone", "mel"])
def test_a_tone_is_loudest_in_the_channel_of_its_frequency(bank, rate):
    ear = Ear(bank, rate, agc=False)
    response = steady(ear.centres[:-1], ear)  # the top channel is next to half the sample rate
    own = response.diagonal() / response.max(0)[:-1]
    assert list(response[:, :-1].argmax(0)) == list(range(19))
    assert own.min() == 1
    assert (np.diff(ear.centres) > 0).all()


@pytest.mark.parametrize(("bank", "within"), [("gammatone", 0.04), ("mel", 0.04), ("lyon", 0.1)])
def test_channels_answer_most_at_their_centre(bank, within):
    ear = Ear(bank, RATE, n_channels=8, agc=False)
    centres = ear.centres[1:-1]
    around = np.linspace(-0.2, 0.2, 81)
    peaks = [around[steady(centre * (1 + around), ear)[:, k + 1].argmax()] for k, centre in enumerate(centres)]
    assert np.abs(peaks).max() <= within


@pytest.mark.parametrize(("bank", "least"), [("gammatone", 0.99), ("mel", 0.9)])
def test_a_tone_of_amplitude_one_gives_one(bank, least):
    ear = Ear(bank, RATE)
    own = steady(ear.centres[:-2], ear).diagonal()
    assert own.min() > least
    assert own.max() < 1.01


def test_gammatone_is_as_wide_as_the_filters_of_the_ear():
    """The area of |H|^2 over its peak, from tones, is the bandwidth that Glasberg and Moore 1990 give."""
    ear = Ear("gammatone", 16_000, n_channels=1, f_min=1000.0)
    around = np.arange(0.0, 4000.0, 15.0)
    power = steady(around, ear)[:, 0] ** 2
    assert power.sum() * 15 / power.max() == pytest.approx(24.7 * (4.37 * 1.0 + 1), rel=0.01, abs=0)


@pytest.mark.parametrize("centre", [517.0, 1013.0, 2477.0])  # no simple fraction of the sample rate
def test_gammatone_has_the_response_of_scipy(centre):
    around = centre + np.linspace(-2, 2, 17) * erb(np.array([centre]))
    ear = Ear("gammatone", 16_000, n_channels=1, f_min=centre)
    ours = steady(around, ear)[:, 0]
    _, theirs = signal.freqz(*signal.gammatone(centre, "iir", fs=16_000), worN=around, fs=16_000)
    np.testing.assert_allclose(ours / ours.max(), np.abs(theirs) / np.abs(theirs).max(), atol=2e-3)


def test_gammatone_stays_stable_where_a_ratio_of_polynomials_does_not():
    ear = Ear("gammatone", 48_000, n_channels=2, f_min=30.0, f_max=60.0)
    assert steady(ear.centres, ear).diagonal() == pytest.approx(1.0, rel=0.01)


def test_gammatone_centres_are_equal_numbers_of_bandwidths_apart():
    centres = erb_spaced(100.0, 3600.0, 20)
    number = 21.4 * np.log10(4.37e-3 * centres + 1)  # Glasberg and Moore 1990, equation 4
    assert centres[[0, -1]] == pytest.approx([100.0, 3600.0], rel=1e-12)
    np.testing.assert_allclose(np.diff(number), np.diff(number)[0], rtol=1e-9)


def test_gain_control_takes_the_level_of_loud_sound_away():
    noise = np.random.default_rng(0).standard_normal((1, 2 * RATE))
    level = {gain: envelopes(gain * noise, Ear("lyon", RATE))[0, -RATE // 8 :].mean() for gain in (0.003, 0.03, 0.3)}
    assert 20 * np.log10(level[0.03] / level[0.003]) < 3
    assert 20 * np.log10(level[0.3] / level[0.03]) < 1.5
    assert 0.1 < level[0.3] < 1


def test_gain_control_falls_after_the_onset_of_a_loud_sound():
    noise = 0.3 * np.random.default_rng(0).standard_normal((8, RATE))
    heard = envelopes(noise, Ear("lyon", RATE)).mean((0, 2))
    assert heard[:30].max() > 1.2 * heard[-500:].mean()


@pytest.mark.parametrize("bank", ["gammatone", "mel"])
def test_without_gain_control_the_envelope_keeps_the_level(bank):
    noise = np.random.default_rng(0).standard_normal((1, 2000))
    ear = Ear(bank, RATE)
    np.testing.assert_allclose(envelopes(0.01 * noise, ear), 0.01 * envelopes(noise, ear), rtol=1e-9)


@pytest.mark.parametrize("bank", ["lyon", "gammatone"])
def test_rows_hear_nothing_before_the_sound_begins(bank):
    sound = np.zeros((1, 800))
    sound[0, 400:] = 0.1 * np.random.default_rng(0).standard_normal(400)
    heard = envelopes(sound, Ear(bank, RATE))[0].sum(1)
    assert not heard[:50].any()
    assert heard[51:].all()


@pytest.mark.parametrize(("bank", "loud"), [("lyon", (0.5, 2.0)), ("gammatone", (0.02, 0.3)), ("mel", (0.02, 0.3))])
def test_spoken_digits_lie_in_zero_to_one(recordings, bank, loud):
    files = sorted((recordings / "fsdd" / "recordings").glob("*.wav"))[::100]
    clips = [soundfile.read(file)[0] for file in files]
    heard = np.concatenate([envelopes(clip[None], Ear(bank, RATE))[0] for clip in clips])
    assert loud[0] < np.quantile(heard, 0.99) < loud[1]
    assert (heard < 1).mean() > 0.97


def test_a_row_of_mel_bands_is_centred_on_its_own_time():
    """A click at row 40 is loudest there, and as loud a number of rows before as after: the window is symmetric."""
    sound = np.zeros((1, 100 * 40))
    sound[0, 40 * 40] = 1.0
    heard = envelopes(sound, Ear("mel", RATE, step=0.005))[0].sum(1)
    assert heard.argmax() == 40
    np.testing.assert_allclose(heard[38:40], heard[42:40:-1], rtol=1e-9)
    assert not heard[:37].any()
    assert not heard[44:].any()
