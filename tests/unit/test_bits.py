"""Lists of spikes, and products of what is needed alone, against NumPy: widths around those of a word."""

import numpy as np
import pytest

from circuits.compile import jit
from snn.kernels.cpu_products import add_needed, list_active, list_columns

WIDTHS = pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
KINDS = pytest.mark.parametrize("kind", [np.float32, np.float64])


@jit
def active(spikes, index):
    return list_active(spikes, index)


@jit
def columns(slope, rows, count):
    return list_columns(slope, rows, count)


@WIDTHS
@KINDS
@pytest.mark.parametrize("part", [0.0, 0.1, 1.0])
def test_active_columns_are_listed_in_order(n, kind, part):
    draw = np.random.default_rng(n)
    spikes = ((draw.random(n) < part) * draw.normal(size=n)).astype(kind)
    spikes[draw.random(n) < 0.5 * part] = np.nan  # is no zero: a product must show it
    index = np.full(n + 1, -1, np.int32)
    count = active(spikes, index[:n])
    np.testing.assert_array_equal(index[:count], np.flatnonzero(spikes != 0))
    assert index[n] == -1


@WIDTHS
@KINDS
@pytest.mark.parametrize("part", [0.0, 0.1, 0.6, 1.0])
def test_a_product_of_what_is_needed_is_the_product_there_and_nothing_elsewhere(n, kind, part):
    draw, n_rows, n_in = np.random.default_rng(n), 11, 37
    grad, weights = draw.normal(size=(n_rows, n_in)).astype(kind), draw.normal(size=(n, n_in)).astype(kind)
    slope, out = (draw.random((n_rows, n)) < part).astype(kind), draw.normal(size=(n_rows, n)).astype(kind)
    expected = out + (slope != 0) * (grad @ weights.T)
    rows, count = np.empty((n, n_rows), np.int32), np.empty(n, np.int64)
    assert columns(slope, rows, count) == np.count_nonzero(slope)
    add_needed(grad, weights, rows, count, out)
    np.testing.assert_allclose(out, expected, rtol=1e-4 if kind == np.float32 else 1e-12, atol=1e-6)
