"""Ben's Spiker Algorithm: its filter, its rule, and what comes back."""

import numpy as np
import pytest

from snn.encoders.bsa import bsa_encode, bsa_filter

FIR = bsa_filter()


def decoded(spikes):
    """The signal that the spikes `(step, channel)` stand for, their convolution with the filter."""
    return np.stack([np.convolve(train, FIR)[: len(spikes)] for train in spikes.T], 1)


def slow(n_steps=1000, frequency=3.0, mean=0.5, depth=0.3):
    return (mean + depth * np.sin(2 * np.pi * frequency * np.arange(n_steps) * 1e-3))[:, None]


def test_filter_is_the_double_exponential_of_33_taps():
    time = np.arange(33.0)
    kernel = np.exp(-time / 4) - np.exp(-time)
    np.testing.assert_allclose(FIR, kernel / kernel.sum(), rtol=1e-12)
    assert FIR.sum() == pytest.approx(1.0, rel=1e-12)


def test_spikes_of_a_known_train_are_found_again():
    """A signal made of filters far enough apart holds exactly those spikes."""
    spikes = np.zeros((400, 2))
    spikes[10:350:40, 0] = 1
    spikes[[25, 100, 300], 1] = 1
    np.testing.assert_array_equal(bsa_encode(decoded(spikes), FIR), spikes)


def test_rule_against_the_sums_written_out():
    signal = np.random.default_rng(0).random(120)
    rest, expected = np.append(signal, np.zeros(33)), np.zeros(120)
    for t in range(120):
        window = rest[t : t + 33]
        if np.abs(window).sum() - np.abs(window - FIR).sum() >= 0.955:
            expected[t] = 1
            rest[t : t + 33] -= FIR
    np.testing.assert_array_equal(bsa_encode(signal[:, None], FIR)[:, 0], expected)
    assert 10 < expected.sum() < 60


def test_a_slow_signal_comes_back():
    """What the threshold leaves unsent is about the filter's peak, half of it on average."""
    signal = slow()
    error = (decoded(bsa_encode(signal, FIR)) - signal)[50:-50]
    assert np.sqrt(np.square(error).mean()) < 0.08
    assert np.corrcoef(decoded(bsa_encode(signal, FIR))[50:-50, 0], signal[50:-50, 0])[0, 1] > 0.97


def test_a_lower_threshold_loses_less():
    error = [np.abs((decoded(bsa_encode(slow(), FIR, th)) - slow())[50:-50].mean()) for th in (0.99, 0.9, 0.8)]
    assert error == sorted(error, reverse=True)


def test_batches_and_channels_are_encoded_one_by_one():
    signal = np.random.default_rng(0).random((2, 150, 3))
    together = bsa_encode(signal, FIR)
    assert together.shape == signal.shape
    for clip in range(2):
        for channel in range(3):
            alone = bsa_encode(signal[clip, :, channel, None], FIR)
            np.testing.assert_array_equal(together[clip, :, channel, None], alone)


def test_silence_and_whispers_send_nothing_and_the_signal_is_left_as_it_was():
    assert not bsa_encode(np.zeros((100, 2)), FIR).any()
    assert not bsa_encode(np.full((100, 2), 0.05), FIR).any()  # below the filter's peak
    signal = slow()
    bsa_encode(signal, FIR)
    np.testing.assert_array_equal(signal, slow())


@pytest.mark.parametrize(
    ("signal", "fir", "threshold", "says"),
    [
        (np.full((5, 1), np.nan), FIR, 0.955, "NaN or infinity"),
        (np.full((5, 1), np.inf), FIR, 0.955, "NaN or infinity"),
        (slow(), FIR, 0.0, "above 0"),
        (slow(), FIR, 1.01, "at most the filter's sum 1"),
        (slow(), FIR, float("nan"), "got nan"),
        (slow(), FIR[:0], 0.955, "filter's sum 0"),
    ],
)
def test_bad_input_is_refused(signal, fir, threshold, says):
    with pytest.raises(ValueError, match=says):
        bsa_encode(signal, fir, threshold)


@pytest.mark.parametrize("times", [(0.0, 4e-3, 1e-3), (1e-3, 1e-3, 4e-3), (1e-3, 4e-3, 0.0), (1e-2, 4e-3, 1e-3)])
def test_filters_that_are_none_are_refused(times):
    with pytest.raises(ValueError, match="bsa_filter needs"):
        bsa_filter(*times)
