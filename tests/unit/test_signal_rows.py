"""Signals on a time grid keep what they were: lines stay lines, ends hold, the moving part is kept."""

import numpy as np
import pytest

from snn.data.augmentation.augment import Augment
from snn.data.augmentation.augment_signal import augment_signal
from snn.data.signals.signal_rows import hop_means, signal_rows

LINE = np.stack([3 * np.arange(100) / 50, 9.81 - np.arange(100) / 50], 1)  # slopes 3 and -1 per second, at 50 Hz


@pytest.mark.parametrize("dt", [0.001, 0.02, 0.0321])
def test_a_line_stays_a_line(dt):
    n = round(2 / dt)
    rows, time = signal_rows(LINE, 50.0, dt, n), np.minimum(np.arange(n) * dt, 99 / 50)  # held after the last sample
    np.testing.assert_allclose(rows, np.stack([3 * time, 9.81 - time], 1), atol=1e-12)


def test_a_short_signal_is_centred_and_holds_its_ends():
    rows = signal_rows(LINE[:10], 50.0, 0.02, 15)
    np.testing.assert_allclose(rows[2:12], LINE[:10])
    np.testing.assert_array_equal(rows[:2], LINE[[0, 0]])
    np.testing.assert_array_equal(rows[12:], LINE[[9, 9, 9]])


def test_a_long_signal_is_cut_to_where_it_moves_whatever_it_rests_at():
    values = np.full((200, 2), 9.81)
    values[120:130, 1] += np.sin(np.arange(10))
    assert len(signal_rows(values, 50.0, 0.02, 20)) == 20
    np.testing.assert_array_equal(signal_rows(values, 50.0, 0.02, 20).std(0) > 0, [False, True])
    np.testing.assert_allclose(signal_rows(values, 50.0, 0.02, 20)[:, 1].max(), values.max())


@pytest.mark.parametrize(("sample_rate", "hop_s"), [(50.0, 0.1), (50.0, 0.01), (1000.0, 0.0101)])
def test_a_hop_is_the_mean_of_what_it_covers(sample_rate, hop_s):
    time = np.arange(round(2 * sample_rate)) / sample_rate
    frames = hop_means(5 * time[:, None], sample_rate, hop_s, int(1.9 / hop_s))[:, 0]
    np.testing.assert_allclose(np.diff(frames), 5 * hop_s, rtol=1e-9)


def test_a_hop_of_five_samples_is_their_mean():
    values = np.random.default_rng(0).standard_normal((100, 2))
    np.testing.assert_allclose(hop_means(values, 50.0, 0.1, 20), values.reshape(20, 5, 2).mean(1))


def test_nothing_to_bring_to_a_grid_is_refused():
    for values, rate, dt, n in (
        (LINE[:0], 50.0, 0.1, 3),
        (LINE, 0.0, 0.1, 3),
        (LINE, 50.0, np.nan, 3),
        (LINE, 50.0, 0.1, 0),
    ):
        with pytest.raises(ValueError, match="want at least 1"):
            signal_rows(values, rate, dt, n)


def test_a_copy_has_the_tempo_the_shift_and_the_noise_that_were_asked_for():
    time = np.arange(4000) / 100
    values = np.stack([np.sin(2 * np.pi * time), 7 + 0 * time], 1)
    quiet = Augment((1.25, 1.25), 0.0, (120.0, 120.0))
    copy = augment_signal(values, 100.0, quiet, np.random.default_rng(0))
    np.testing.assert_allclose(copy[:, 0], np.sin(2 * np.pi * 1.25 * np.arange(3200) / 100), atol=0.01)
    np.testing.assert_array_equal(copy[:, 1], 7)
    noisy = augment_signal(values, 100.0, Augment((1.0, 1.0), 0.0, (10.0, 10.0)), np.random.default_rng(0))
    power = values[:, 0].var() / (noisy - values)[:, 0].var()
    assert 10 * np.log10(power) == pytest.approx(10, abs=0.3)  # 4000 draws: 2.2 %, 0.1 dB
    again = augment_signal(values, 100.0, Augment((1.0, 1.0), 0.0, (10.0, 10.0)), np.random.default_rng(0))
    np.testing.assert_array_equal(noisy, again)
