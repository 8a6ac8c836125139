"""Crossbar tiles: exact where nothing is imperfect, and each imperfection as its formula has it."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from circuits.errors import InputError
from circuits.nonideal.asymmetry import balanced, drawn_asymmetry, uneven
from circuits.nonideal.conductance_laws import Polynomial
from circuits.nonideal.crossbar_array import crossbar_array, cuts, tile_grid
from circuits.nonideal.crossbar_settings import EVEN, Converters, CrossbarSettings, Periphery, TileShape
from circuits.nonideal.drift_compensation import compensation
from circuits.nonideal.pcm_device import PCM_LIKE
from circuits.nonideal.pulse_input import jittered, n_ticks, pulse_widths
from circuits.nonideal.ramp_readout import ramp_reading
from circuits.nonideal.weight_devices import WeightCoding

N = 100_000
WEEK = 604_800.0
NONE = Polynomial((0.0,))
PERFECT = replace(PCM_LIKE, programming=NONE, drift_mean=NONE, drift_sigma=NONE, read=NONE)
TILE, FOUR = TileShape(512, 2048), WeightCoding(4, significance=1.0, levels=0, column_scales=True)
EIGHT = Converters(input_bits=8, output_bits=8, step=300e-9, jitter=0.0, headroom=1.0)
FINE = replace(EIGHT, input_bits=0, output_bits=0)
REAL = CrossbarSettings(TILE, PCM_LIKE, FOUR, EIGHT, EVEN, window=1.0, balanced=True, compensated=True, references=64)
IDEAL = replace(REAL, device=PERFECT, converters=FINE)
approx = partial(pytest.approx, abs=0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


WEIGHTS, X = rng(1).normal(size=(96, 40)), rng(2).normal(size=(200, 96))
SIGMA = float((X @ WEIGHTS).std())


def error(settings: CrossbarSettings, age: float = 0.0, seed: int = 3) -> float:
    """Root mean square of what the array adds, over sigma of the sums."""
    array = crossbar_array(WEIGHTS, settings, X, rng(seed), age)
    return float(np.sqrt(((array.products(X, rng(4)) - X @ WEIGHTS) ** 2).mean())) / SIGMA


@pytest.mark.parametrize("shape", [TILE, TileShape(96, 160), TileShape(17, 28), TileShape(1, 4)], ids=str)
@pytest.mark.parametrize("is_balanced", [True, False])
def test_perfect_devices_on_tiles_of_any_size_multiply_exactly(shape, is_balanced):
    found = crossbar_array(WEIGHTS, replace(IDEAL, shape=shape, balanced=is_balanced), X, rng(), WEEK)
    assert found.products(X, rng()) == pytest.approx(X @ WEIGHTS, abs=1e-4 * SIGMA)
    assert found.weights == pytest.approx(WEIGHTS, abs=1e-6)


def test_every_weight_lies_on_one_tile():
    held = np.zeros((1100, 700), int)
    for lines, columns in tile_grid(held.shape, TILE, FOUR):
        held[lines, columns] += 1
        assert lines.stop - lines.start <= 512
        assert columns.stop - columns.start <= 512
    assert (held == 1).all()
    assert len(tile_grid((1024, 512), TILE, FOUR)) == 2
    assert len(tile_grid((1024, 1024), TILE, replace(FOUR, devices=2))) == 2


def test_more_bits_lose_less():
    for name in ("input_bits", "output_bits"):
        losses = [error(replace(IDEAL, converters=replace(FINE, **{name: bits}))) for bits in (2, 4, 6, 8, 10)]
        assert losses == sorted(losses, reverse=True)
        assert losses[-2] / losses[-1] == approx(4, rel=0.15)  # a bit halves the step
    assert error(replace(IDEAL, converters=replace(FINE, input_bits=16, output_bits=16))) < 1e-3


def test_rounding_of_sums_is_a_step_over_the_root_of_twelve():
    """The range of a tile is its largest sum over all columns, each in units of its own largest weight."""
    converters = replace(FINE, output_bits=8)
    array = crossbar_array(WEIGHTS, replace(IDEAL, converters=converters, balanced=False), X, rng())
    scale = np.abs(WEIGHTS).max(axis=0)
    step = np.abs(X @ (WEIGHTS / scale)).max() / 127
    assert ((array.products(X, rng()) - X @ WEIGHTS) / scale).std() == approx(step / math.sqrt(12), rel=0.02)


def test_sums_beyond_the_range_are_cut_off_at_it():
    array = crossbar_array(WEIGHTS, replace(IDEAL, converters=EIGHT), X, rng())
    found, sums = array.products(4 * X, rng()), X @ WEIGHTS
    most = array.scale * array.largest * array.rows[0].ranges
    assert (np.abs(found) <= most * (1 + 1e-6)).all()
    assert np.abs(array.products(100 * np.sign(WEIGHTS[:, :1]).T, rng())[0, 0]) == approx(most[0], rel=1e-6)
    assert np.abs(sums).max() <= most.max() * 1.01


def test_columns_that_are_uneven_cancel_exactly_where_nothing_is_noisy():
    columns = drawn_asymmetry(40, 0.1, 0.05, rng())
    sums = rng(1).normal(size=(300, 40))
    off = uneven(sums, columns) - sums
    assert off == pytest.approx(columns.gain * np.abs(sums) + columns.offset, abs=1e-12)
    assert balanced(uneven(sums, columns), uneven(-sums, columns)) == pytest.approx(sums, abs=1e-12)


def test_balance_removes_what_the_periphery_adds():
    uneven_columns = replace(IDEAL, periphery=Periphery(0.05, 0.02))
    assert error(replace(uneven_columns, balanced=False)) > 0.05
    assert error(uneven_columns) < 1e-4


def test_two_readings_average_their_noise():
    noisy = replace(IDEAL, device=replace(PERFECT, read=Polynomial((0.05,))), window=20.0)  # all of the noise is fast
    once, twice = error(replace(noisy, balanced=False)), error(noisy)
    assert once / twice == approx(math.sqrt(2), rel=0.05)


def test_noise_of_a_product_is_that_of_its_devices():
    """One row read 1e5 times, against devices drawn one by one."""
    device = replace(PERFECT, read=Polynomial((0.04,)))
    settings = replace(IDEAL, device=device, balanced=False, window=20.0)  # all of the noise is fast
    weights, x = rng(5).uniform(0.2, 1, (30, 1)) * np.array([[1]]), rng(6).uniform(size=(1, 30))
    found = crossbar_array(weights, settings, x, rng()).products(np.repeat(x, N, axis=0), rng(8))[:, 0]
    sigma = 0.04 * math.sqrt(math.log((20 + 250e-9) / 500e-9))
    drawn = weights[:, 0] * (1 + sigma / math.sqrt(2) * rng(9).standard_normal((N, 30)))  # two pairs, each half
    assert found.std() == approx((drawn @ x[0]).std(), rel=0.02)
    assert found.mean() == approx((x @ weights).item(), rel=1e-3)


def test_pulses_and_ramps():
    x = np.array([[-2.0, -0.4, 0.0, 0.3, 1.0]])
    assert pulse_widths(x, 1.0, 4).tolist() == [[-1.0, -0.5, 0.0, 0.25, 1.0]]
    assert ramp_reading(np.array([-3.0, 0.24, 0.26, 2.0]), 2, 0.0, rng()).tolist() == [-1.0, 0.0, 0.5, 1.0]
    assert [n_ticks(*case) for case in ((1, False), (1, True), (8, False), (8, True))] == [1, 1, 255, 127]
    spikes = (rng().random((5, 7)) < 0.5).astype(float)
    assert pulse_widths(spikes, 1.0, 1).tolist() == spikes.tolist()


def test_pulses_are_late_or_early_as_often_and_none_where_there_is_none():
    late = jittered(np.tile([0.5, -0.5, 0.0], (N, 1)), 0.01, rng())
    assert late.mean(axis=0) == pytest.approx([0.5, -0.5, 0.0], abs=1e-4)
    assert late.std(axis=0) == pytest.approx([0.01, 0.01, 0.0], abs=1e-4)


def test_the_ramp_of_a_sum_beyond_the_range_is_late_or_early_too():
    """The charge is cut off before it is timed: half of the readings are short."""
    read = ramp_reading(np.full(N, 1.5), 2**14, 0.01, rng())
    assert (read < 1).mean() == approx(0.5, rel=0.02)


def test_jitter_of_a_sum_is_that_of_its_pulses_and_of_the_ramp():
    """sigma_y^2 = jitter^2 (sum of w^2 + range^2): each pulse is late by itself, and so is the ramp."""
    settings = replace(IDEAL, balanced=False, converters=replace(FINE, step=1.0, jitter=0.01))
    weights, x = rng(5).uniform(0.2, 1, (30, 1)), np.ones((1, 30))
    array = crossbar_array(weights, settings, x, rng())
    found = array.products(np.repeat(x, N, axis=0), rng(1))[:, 0]
    most = float(array.scale[0] * array.rows[0].ranges[0])
    assert found.std() == approx(0.01 * math.sqrt((weights**2).sum() + most**2), rel=0.02)


def test_compensation_restores_the_mean_that_drift_takes():
    def slope(age: float, compensated: bool) -> float:
        array = crossbar_array(WEIGHTS, replace(REAL, compensated=compensated), X, rng(3), age)
        exact = X @ WEIGHTS
        return float((array.products(X, rng(4)) * exact).sum() / (exact**2).sum())

    fresh = slope(0.0, False)
    assert slope(WEEK, False) / fresh < 0.7
    assert slope(WEEK, True) / fresh == approx(1, rel=0.03)
    assert error(replace(REAL, compensated=False), WEEK) > 2 * error(REAL, WEEK)
    assert compensation(np.full((3, 2), -2.0), np.full((3, 2), 1.5)) == approx(4 / 3)
    assert compensation(np.zeros((3, 2)), np.zeros((3, 2))) == 1.0


def test_compensation_is_measured_through_noise():
    """Of devices alike, drift is one factor: what remains is the noise of the reference readings."""
    drifting = replace(PERFECT, drift_mean=Polynomial((0.05,)), read=Polynomial((0.05,)))
    settings = replace(IDEAL, device=drifting, references=4)
    factors = [crossbar_array(WEIGHTS, settings, X, rng(seed), WEEK).rows[0].factor[0] for seed in range(40)]
    exact = (1 + WEEK / 20) ** 0.05
    assert np.mean(factors) == approx(exact, rel=0.03)
    assert 1e-4 < np.std(factors) / exact < 0.05


def test_a_seed_is_one_piece_of_silicon_at_every_age():
    first, again, other = (crossbar_array(WEIGHTS, REAL, X, rng(seed)) for seed in (3, 3, 4))
    assert (first.weights == again.weights).all()
    assert (first.weights != other.weights).any()
    soon = crossbar_array(WEIGHTS, replace(REAL, compensated=False), X, rng(3), 1.0)
    assert np.corrcoef(soon.weights.ravel() - WEIGHTS.ravel(), first.weights.ravel() - WEIGHTS.ravel())[0, 1] > 0.8


def test_older_arrays_lose_more():
    losses = [error(REAL, age) for age in (0.0, 3600.0, 86_400.0, WEEK)]
    assert losses == sorted(losses)


def test_a_matrix_of_zeros_and_inputs_of_zeros():
    array = crossbar_array(np.zeros((5, 3)), IDEAL, np.zeros((2, 5)), rng(), WEEK)
    assert array.products(np.ones((2, 5)), rng()).tolist() == [[0.0] * 3] * 2


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: TileShape(0, 4), "lines must be a whole number in 1..65536, got 0"),
        (lambda: cuts(4, 0), "at least 1 line and 1 column, got 0"),
        (lambda: replace(REAL, shape=TileShape(4, 3)), "at least 4 devices wide"),
        (lambda: replace(EIGHT, jitter=-1e-9), "jitter must be zero or positive"),
        (lambda: crossbar_array(WEIGHTS, IDEAL, X, rng(), -1.0), "at least 0 s, got -1 s"),
        (
            lambda: crossbar_array(WEIGHTS, IDEAL, X[:, 1:], rng()),
            r"shape \(200, 95\), expected \(at least 1 row, 96\)",
        ),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(InputError, match=told):
        call()
