"""Phase-change devices against their formulas, with 1e5 draws: sigma, exponents, noise, and weights made of them."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import kstest, norm

from circuits.errors import InputError
from circuits.nonideal.pcm_device import HERMES, PCM_LIKE, pcm_device
from circuits.nonideal.pcm_noise import (
    drift_exponents,
    drifted,
    programming_sigma,
    read_sigma,
    reading,
    reading_moments,
    split_read_sigma,
    written,
)
from circuits.nonideal.pcm_weights import weights_at, write_weights
from circuits.nonideal.weight_devices import WeightCoding, joined, joined_variance, targets

N = 100_000
FOUR = WeightCoding(4, significance=1.0, levels=0, column_scales=True)
TWO = replace(FOUR, devices=2)
CRITICAL = 1.95 / math.sqrt(N)  # of Kolmogorov and Smirnov; the right law exceeds it once in a thousand
approx = partial(pytest.approx, abs=0)
WEEK = 604_800.0


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("device", [PCM_LIKE, HERMES], ids=lambda device: device.name)
@pytest.mark.parametrize("target", [0.3, 0.8])
def test_what_is_written_is_normal_around_its_target(device, target, rng):
    g = written(np.full(N, target), device, rng)
    sigma = float(programming_sigma(np.array(target), device))
    assert g.mean() == approx(target, rel=4 * sigma / target / math.sqrt(N))
    assert g.std() == approx(sigma, rel=4 / math.sqrt(2 * N))
    assert kstest(g, norm(target, sigma).cdf).statistic < CRITICAL


def test_a_device_at_zero_is_half_a_normal_number(rng):
    """What would be negative is 0, so the mean is sigma / sqrt(2 pi)."""
    g, sigma = written(np.zeros(N), PCM_LIKE, rng), float(programming_sigma(np.array(0.0), PCM_LIKE))
    assert (g == 0).mean() == approx(0.5, rel=0.02)
    assert g.mean() == approx(sigma / math.sqrt(2 * math.pi), rel=0.02)


@pytest.mark.parametrize("device", [PCM_LIKE, HERMES], ids=lambda device: device.name)
def test_exponents_differ_from_device_to_device(device, rng):
    target = 0.6
    nu = drift_exponents(np.full(N, target), device, rng)
    mean, sigma = (float(law(np.array(target))) for law in (device.drift_mean, device.drift_sigma))
    assert nu.mean() == approx(mean, rel=5 * sigma / mean / math.sqrt(N))
    assert kstest(nu, norm(mean, sigma).cdf).statistic < CRITICAL


def test_the_mean_of_a_population_drifts_as_its_exponents_say(rng):
    """E[u^-nu] = exp(-mu ln u + (sigma ln u)^2 / 2), for normal exponents."""
    nu = drift_exponents(np.full(N, 1.0), PCM_LIKE, rng)
    u = math.log((WEEK + PCM_LIKE.t0) / PCM_LIKE.t0)
    expected = math.exp(-0.049 * u + (0.008 * u) ** 2 / 2)
    assert drifted(np.ones(N), nu, PCM_LIKE, WEEK).mean() == approx(expected, rel=2e-3)


def test_drift_adds_up_in_the_logarithm_of_time_and_begins_at_once():
    g, nu = np.array([0.2, 0.9]), np.array([0.05, 0.07])
    assert drifted(g, nu, PCM_LIKE, 0.0) == approx(g)
    once, twice = (drifted(g, nu, PCM_LIKE, PCM_LIKE.t0 * (k - 1)) for k in (10.0, 100.0))
    assert twice / once == approx(once / g, rel=1e-12)


@pytest.mark.parametrize(("g", "since"), [(1.0, 1.0), (0.3, 3600.0)])
def test_readings_have_the_noise_of_the_formula(g, since, rng):
    sigma = read_sigma(np.array(g), PCM_LIKE, since)
    seen = reading(np.full(N, g), sigma, rng)
    assert seen.std() / g == approx(float(sigma), rel=0.01)
    assert kstest(seen, norm(g, g * sigma).cdf).statistic < CRITICAL


@pytest.mark.parametrize("window", [1e-3, 1.0, WEEK])
def test_slow_and_fast_noise_are_all_of_it(window):
    g = np.array([0.01, 0.2, 1.0])
    slow, fast = split_read_sigma(g, PCM_LIKE, 3600.0, window)
    assert np.hypot(slow, fast) == approx(read_sigma(g, PCM_LIKE, 3600.0), rel=1e-12)
    assert (slow > 0).all() == (window < 3600.0)


@pytest.mark.parametrize("g", [0.0, 0.02, 0.05, 0.3])
def test_moments_of_a_reading_that_cannot_be_negative(g, rng):
    sigma = 0.03
    mean, variance = reading_moments(np.array(g), np.array(sigma))
    seen = np.maximum(g + sigma * rng.standard_normal(N), 0)
    assert float(mean) == approx(seen.mean(), rel=0.01)
    assert float(variance) == approx(seen.var(), rel=0.02)


def test_a_reading_without_noise_is_the_conductance():
    mean, variance = reading_moments(np.array([0.0, 0.4]), np.zeros(2))
    assert (mean.tolist(), variance.tolist()) == ([0.0, 0.4], [0.0, 0.0])


@pytest.mark.parametrize("coding", [TWO, FOUR, replace(FOUR, significance=3.0)], ids=str)
def test_devices_give_the_weight_back(coding, rng):
    weights = rng.uniform(-1, 1, (7, 5))
    g = targets(weights, coding)
    assert g.shape == (coding.devices // 2, 2, 7, 5)
    assert g.min() >= 0
    assert g.max() <= 1
    assert joined(g, coding) == approx(weights, rel=1e-12)


def test_four_devices_average_the_error_of_two(rng):
    """1 / sqrt(2) where both pairs weigh the same; sqrt(F^2 + 1) / (F + 1) in general."""
    found = {}
    for coding in (TWO, FOUR, replace(FOUR, significance=3.0)):
        wide = write_weights(np.full((400, 250), 0.6), PCM_LIKE, coding, rng)
        found[coding] = (joined(wide.g, coding) - wide.wanted).std()
    two, four, three_to_one = found.values()
    assert four / two == approx(1 / math.sqrt(2), rel=0.02)
    assert three_to_one / two == approx(math.sqrt(10) / 4, rel=0.02)


def test_the_variance_of_a_weight_is_that_of_its_readings(rng):
    """Noise faster than the window, drawn device by device, against what the array is given."""
    coding, g = replace(FOUR, significance=2.0), rng.uniform(0, 0.4, (2, 2, 1, 3))
    sigma = 0.1 * np.ones_like(g)
    mean, variance = reading_moments(g, sigma)
    drawn = np.maximum(g[..., None] + 0.1 * rng.standard_normal((*g.shape, N)), 0)
    weights = np.tensordot(coding.shares, drawn[:, 0] - drawn[:, 1], axes=1)
    assert joined(mean, coding) == pytest.approx(weights.mean(axis=-1), abs=1e-3)
    assert joined_variance(variance, coding) == approx(weights.var(axis=-1), rel=0.02)


def test_how_a_device_drifts_is_of_its_target_and_knows_nothing_of_its_programming_error(rng):
    """1e5 devices of one small target, where the law of nu is steep: by what was written it would follow the error."""
    weights = np.full((401, 250), 0.05)
    weights[0] = 1.0  # the scale of each column
    silicon = write_weights(weights, PCM_LIKE, TWO, rng)
    g, nu = (array[0, 0, 1:].ravel() for array in (silicon.g, silicon.nu))
    assert g.std() > 0.2 * g.mean()
    assert abs(np.corrcoef(g, nu)[0, 1]) < 5 / math.sqrt(N)
    assert nu.mean() == approx(float(PCM_LIKE.drift_mean(np.array(0.05))), rel=5e-3)


def test_one_piece_of_silicon_is_the_same_at_every_age(rng):
    silicon = write_weights(rng.normal(size=(20, 30)), PCM_LIKE, FOUR, rng)
    now, later = (weights_at(silicon, age, 1.0, np.random.default_rng(1)).mean for age in (0.0, 1.0))
    assert later == pytest.approx(now, abs=0.01)
    assert (np.abs(weights_at(silicon, WEEK, 1.0, rng).mean).mean() / np.abs(now).mean()) < 0.75


def test_levels_of_weights():
    coarse = joined(targets(np.array([[-1.0, -0.3, 0.0, 0.2, 0.6]]), replace(FOUR, levels=2)), replace(FOUR, levels=2))
    assert coarse.tolist() == [[-1.0, -0.5, 0.0, 0.0, 0.5]]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: drifted(np.ones(1), np.ones(1), PCM_LIKE, -1.0), "at least 0 s, got -1 s"),
        (lambda: read_sigma(np.ones(1), PCM_LIKE, 0.0), "2.5e-07 s after programming or later, got 0 s"),
        (lambda: pcm_device("pcmlike"), "unknown phase-change device 'pcmlike'; did you mean 'pcm-like'"),
        (lambda: replace(FOUR, devices=3), "devices must be 2 or 4 a weight, got 3"),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(InputError, match=told):
        call()
