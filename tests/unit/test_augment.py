"""Augmentation of waveforms: each function against its equation."""

import math
from itertools import pairwise

import numpy as np
import pytest

from snn.data.augmentation.augment import (
    Augment,
    add_noise,
    change_speed,
    fit_length,
    impulse_response,
    mix,
    noise,
    reverberate,
    set_gain,
    shift,
)

RATE = 16_000


def tone(frequency_hz, n_samples=RATE, amplitude=0.3):
    return (amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(n_samples) / RATE)).astype(np.float32)


def peak_hz(waveform, sample_rate=RATE):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform))))
    return np.argmax(spectrum) * sample_rate / len(waveform)


def speech_like(seed=0, n_samples=RATE):
    """Noise under one bump of loudness, zero at both ends."""
    rng, t = np.random.default_rng(seed), np.linspace(0, 1, n_samples)
    return (0.2 * np.sin(np.pi * t) ** 4 * rng.standard_normal(n_samples)).astype(np.float32)


@pytest.mark.parametrize("factor", [0.85, 0.9371, 1.15, 2.0])
def test_faster_speech_is_shorter_and_higher_by_the_same_factor(factor):
    fast = change_speed(tone(440.0), factor)
    assert len(fast) == pytest.approx(RATE / factor, abs=2)
    assert peak_hz(fast) == pytest.approx(440 * factor, abs=2)
    assert fast.dtype == np.float32


def test_a_change_of_sample_rate_keeps_the_frequency_in_hertz():
    waveform = np.sin(2 * np.pi * 1000 * np.arange(22_050) / 22_050)
    out = change_speed(waveform, 22_050 / 16_000)
    assert len(out) == 16_000
    assert peak_hz(out) == pytest.approx(1000, abs=1)


def test_a_tone_above_the_new_nyquist_does_not_fold_back():
    assert np.std(change_speed(tone(6000.0), 2.0)[500:-500]) < 0.01 * np.std(tone(6000.0))


@pytest.mark.parametrize("factor", [0.0, -1.0, 11.0, math.nan])
def test_an_impossible_speed_is_refused(factor):
    with pytest.raises(ValueError, match="speed factor"):
        change_speed(tone(440.0), factor)


@pytest.mark.parametrize(
    ("n", "expected"), [(2, [0, 0, 1, 2]), (-1, [2, 3, 4, 0]), (0, [1, 2, 3, 4]), (9, [0] * 4), (-9, [0] * 4)]
)
def test_shift_moves_samples_and_lets_zeros_in(n, expected):
    assert shift(np.array([1.0, 2.0, 3.0, 4.0]), n).tolist() == expected


@pytest.mark.parametrize(
    ("n", "expected"), [(1, [2]), (3, [1, 2, 3]), (2, [1, 2]), (4, [1, 2, 3, 0]), (5, [0, 1, 2, 3, 0])]
)
def test_fit_length_cuts_and_pads_both_ends_alike(n, expected):
    assert fit_length(np.array([1.0, 2.0, 3.0]), n).tolist() == expected


@pytest.mark.parametrize("colour", ["white", "pink"])
@pytest.mark.parametrize("snr_db", [-5.0, 10.0, 40.0])
def test_noise_meets_the_signal_to_noise_ratio_within_a_tenth_of_a_decibel(snr_db, colour):
    clean = speech_like().astype(np.float64)
    added = add_noise(clean, snr_db, np.random.default_rng(3), colour) - clean
    assert 10 * np.log10(np.mean(clean**2) / np.mean(added**2)) == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize(("colour", "slope_db_per_decade"), [("white", 0.0), ("pink", -10.0)])
def test_the_power_density_of_noise_falls_as_its_colour_says(colour, slope_db_per_decade):
    power = np.abs(np.fft.rfft(noise(2**18, np.random.default_rng(1), colour))) ** 2
    edges = np.geomspace(100, 100_000, 16).astype(int)
    level = [10 * np.log10(power[a:b].mean()) for a, b in pairwise(edges)]
    centre = np.log10(np.sqrt(edges[:-1] * edges[1:]))
    assert np.polyfit(centre, level, 1)[0] == pytest.approx(slope_db_per_decade, abs=0.4)
    assert np.mean(noise(2**18, np.random.default_rng(1), colour) ** 2) == pytest.approx(1, abs=0.02)


def test_an_unknown_colour_is_refused_by_name():
    with pytest.raises(Exception, match="brown"):  # by the type check of the tests, or by the function itself
        noise(10, np.random.default_rng(0), "brown")


def test_silence_stays_silence_and_finite():
    silence = np.zeros(100, np.float32)
    assert not add_noise(silence, 10.0, np.random.default_rng(0)).any()
    assert np.array_equal(mix(tone(100.0), np.zeros(RATE), 10.0), tone(100.0))


def measured_rt60(response, sample_rate):
    """Schroeder integration: the slope of the energy still to come, fitted from -5 to -25 dB of the tail."""
    to_come = np.cumsum(response[1:][::-1] ** 2)[::-1]
    level = 10 * np.log10(to_come / to_come[0])
    fit = (level <= -5) & (level >= -25)
    return -60 / np.polyfit(np.flatnonzero(fit) / sample_rate, level[fit], 1)[0]


@pytest.mark.parametrize("sample_rate", [8_000, 16_000])
@pytest.mark.parametrize("rt60_s", [0.1, 0.25, 0.4])
def test_the_room_decays_by_60_db_in_its_reverberation_time(rt60_s, sample_rate):
    response = impulse_response(sample_rate, rt60_s, np.random.default_rng(7))
    assert measured_rt60(response, sample_rate) == pytest.approx(rt60_s, rel=0.1)


@pytest.mark.parametrize("ratio_db", [-3.0, 12.0])
def test_the_direct_path_outweighs_the_tail_by_the_ratio_asked_for(ratio_db):
    response = impulse_response(RATE, 0.3, np.random.default_rng(0), ratio_db)
    assert 10 * np.log10(response[0] ** 2 / np.sum(response[1:] ** 2)) == pytest.approx(ratio_db, abs=1e-9)


def test_reverberation_is_the_convolution_with_the_room_and_never_anticipates():
    dry = np.concatenate([np.zeros(300), speech_like(n_samples=700).astype(np.float64)])
    wet = reverberate(dry, RATE, 0.05, np.random.default_rng(5), 3.0)
    room = impulse_response(RATE, 0.05, np.random.default_rng(5), 3.0)
    np.testing.assert_allclose(wet, np.convolve(dry, room)[:1000], atol=1e-12)
    assert np.abs(wet[:300]).max() < 1e-12


@pytest.mark.parametrize("rt60_s", [0.0, -0.1, math.nan])
def test_a_room_without_reverberation_time_is_refused(rt60_s):
    with pytest.raises(ValueError, match="reverberation time"):
        impulse_response(RATE, rt60_s, np.random.default_rng(0))


def test_twenty_decibels_are_a_factor_of_ten_in_amplitude():
    np.testing.assert_allclose(set_gain(tone(300.0), -20.0), tone(300.0) / 10, rtol=1e-6)


RANDOM = {
    "add_noise": lambda x, rng: add_noise(x, 12.0, rng, "pink"),
    "reverberate": lambda x, rng: reverberate(x, RATE, 0.2, rng),
    "augment": lambda x, rng: Augment()(x, RATE, rng),
}


@pytest.mark.parametrize("function", RANDOM.values(), ids=RANDOM.keys())
def test_a_seed_fixes_the_result_and_the_input_is_left_alone(function):
    x = speech_like()
    before = x.copy()
    out = function(x, np.random.default_rng(11))
    assert np.array_equal(out, function(x, np.random.default_rng(11)))
    assert not np.array_equal(out, function(x, np.random.default_rng(12)))
    assert np.array_equal(x, before)
    assert (out.shape, out.dtype) == (x.shape, x.dtype)


NEUTRAL = {"speed": (1, 1), "shift_s": 0, "snr_db": (120, 120), "gain_db": (0, 0), "reverb_probability": 0}


def test_augmentation_with_neutral_ranges_changes_nothing():
    x = speech_like()
    np.testing.assert_allclose(Augment(**NEUTRAL)(x, RATE, np.random.default_rng(0)), x, atol=1e-5)


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"gain_db": (-6.5, -6.5)}, lambda x: x * 10 ** (-6.5 / 20)),
        ({"speed": (1.1, 1.1)}, lambda x: fit_length(change_speed(x, 1.1), len(x))),
    ],
    ids=["gain", "speed"],
)
def test_each_range_reaches_the_waveform(setting, expected):
    x = speech_like()
    out = Augment(**{**NEUTRAL, **setting})(x, RATE, np.random.default_rng(0))
    np.testing.assert_allclose(out, expected(x), atol=1e-5)


def test_shifts_cover_the_range_either_way_and_no_more():
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1
    augment = Augment(**{**NEUTRAL, "shift_s": 0.01})
    rng = np.random.default_rng(0)
    moves = [int(np.argmax(augment(click, RATE, rng))) - RATE // 2 for _ in range(300)]
    assert -160 <= min(moves) < -140
    assert 140 < max(moves) <= 160


def test_the_room_is_entered_as_often_as_its_probability_says():
    click = np.zeros(4000, np.float32)
    click[100] = 1
    augment = Augment(**{**NEUTRAL, "reverb_probability": 0.3, "rt60_s": (0.1, 0.1)})
    rng = np.random.default_rng(0)
    wet = sum(np.abs(augment(click, RATE, rng)[200:]).max() > 1e-3 for _ in range(400))
    assert wet / 400 == pytest.approx(0.3, abs=3 * math.sqrt(0.3 * 0.7 / 400))


@pytest.mark.parametrize(
    "setting",
    [
        {"speed": (1.2, 0.8)},
        {"speed": (0.0, 1.0)},
        {"snr_db": (10.0, math.nan)},
        {"shift_s": -0.1},
        {"reverb_probability": 1.5},
        {"rt60_s": (0.0, 0.1)},
        {"gain_db": (0.0, math.inf)},
    ],
)
def test_an_impossible_range_is_refused_by_name(setting):
    with pytest.raises(ValueError, match=f"Augment.{next(iter(setting))}"):
        Augment(**setting)
