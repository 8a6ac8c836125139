"""Levels of a synapse."""

import numpy as np
import pytest

from snn.plasticity.grid import LevelGrid


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("n_levels", [2, 3, 16, 64])
def test_levels_are_equidistant_from_end_to_end_and_stay_where_they_are(n_levels, signed):
    grid = LevelGrid(0.4, n_levels, signed)
    levels = grid.value(np.arange(n_levels))
    np.testing.assert_allclose(levels, np.linspace(-0.4 if signed else 0.0, 0.4, n_levels), atol=1e-15)
    np.testing.assert_array_equal(grid.index(levels), np.arange(n_levels))
    assert 2 ** (grid.bits - 1) < n_levels <= 2**grid.bits


def test_rounding_goes_to_the_nearest_level_and_clips():
    np.testing.assert_allclose(
        LevelGrid(1.0, 5).round(np.array([-9, -0.76, -0.7, 0.2, 0.26, 4])), [-1, -1, -0.5, 0, 0.5, 1]
    )
    np.testing.assert_allclose(LevelGrid(1.0, 2, signed=False).round(np.array([-1, 0.4, 0.6, 3])), [0, 0, 1, 1])


@pytest.mark.parametrize("change", [{"w_max": 0.0}, {"w_max": np.inf}, {"n_levels": 1}])
def test_bad_grids_are_refused(change):
    with pytest.raises(ValueError, match=rf"LevelGrid\.{next(iter(change))} must be"):
        LevelGrid(**({"w_max": 1.0, "n_levels": 4} | change))
