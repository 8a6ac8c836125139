"""The ridge readout against NumPy's least squares, the normal equations, and clips really left out."""

import numpy as np
import pytest

from snn.plasticity.least_squares import choose_ridge, fit_ridge

N_LABELS = 3


@pytest.fixture
def task():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, N_LABELS, 80)
    means = rng.normal(size=(N_LABELS, 6))
    return 5 + 3 * (means[labels] + 0.8 * rng.normal(size=(80, 6))), labels


def targets(labels):
    return np.where(labels[:, None] == np.arange(N_LABELS), 1.0, -1.0)


def test_without_regularisation_it_is_least_squares_with_a_bias(task):
    features, labels = task
    expected = np.linalg.lstsq(np.column_stack((features, np.ones(80))), targets(labels), rcond=None)[0]
    readout = fit_ridge(features, labels, N_LABELS, 0.0)
    np.testing.assert_allclose(readout.weights, expected[:-1], rtol=1e-9)
    np.testing.assert_allclose(readout.bias, expected[-1], rtol=1e-9)


def test_it_solves_the_normal_equations_of_standardised_features(task):
    """(Z'Z + n lambda I) W = Z'T, and the bias is the targets' mean where the features are at theirs."""
    features, labels = task
    readout = fit_ridge(features, labels, N_LABELS, 0.3)
    z = (features - features.mean(0)) / features.std(0)
    expected = np.linalg.solve(z.T @ z + 80 * 0.3 * np.eye(6), z.T @ targets(labels))
    np.testing.assert_allclose(readout.weights * features.std(0)[:, None], expected, rtol=1e-9)
    np.testing.assert_allclose(readout.scores(features.mean(0)[None])[0], targets(labels).mean(0), rtol=1e-9)


def test_units_of_a_feature_do_not_matter(task):
    features, labels = task
    scale = np.array([1e-12, 1, 1e6, 3, 1e-3, 7])
    one, other = fit_ridge(features, labels, N_LABELS, 0.1), fit_ridge(features * scale, labels, N_LABELS, 0.1)
    np.testing.assert_allclose(other.scores(features * scale), one.scores(features), rtol=1e-8)


def test_constant_and_repeated_features_change_nothing(task):
    """A silent line weighs 0; the same line twice shares its weight, at lambda = 0 by the least norm."""
    features, labels = task
    more = np.column_stack((features, np.zeros(80), np.full(80, 7.1), features[:, 2]))
    one, other = fit_ridge(features, labels, N_LABELS, 0.0), fit_ridge(more, labels, N_LABELS, 0.0)
    np.testing.assert_allclose(other.scores(more), one.scores(features), atol=1e-9)
    assert not other.weights[6:8].any()


def test_more_features_than_clips_are_interpolated(task):
    features, labels = np.random.default_rng(0).normal(size=(20, 50)), task[1][:20]
    np.testing.assert_allclose(fit_ridge(features, labels, N_LABELS, 0.0).scores(features), targets(labels), atol=1e-9)


def test_left_out_error_is_that_of_leaving_clips_out(task):
    """With features whose mean and spread are fixed by mirrored clips, against refits without each clip."""
    from snn.plasticity.least_squares import _left_out_error, _spectrum

    features, labels = task
    z = (features - features.mean(0)) / features.std(0)
    error = 0.0
    for k in range(80):
        rest = np.arange(80) != k
        a, t = np.column_stack((z[rest], np.ones(79))), targets(labels[rest])
        w = np.linalg.solve(a.T @ a + 80 * 0.2 * np.diag([1.0] * 6 + [0.0]), a.T @ t)
        error += ((np.append(z[k], 1) @ w - targets(labels)[k]) ** 2).sum()
    assert _left_out_error(_spectrum(features, labels, N_LABELS), 0.2) == pytest.approx(error, rel=1e-9)


def test_validation_chooses_the_strength_that_it_likes_best():
    """Two clips a class in 40 noisy dimensions: any shrinkage generalises better than none or all of it."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, N_LABELS, 260)
    features = np.eye(40)[labels] * 3 + rng.normal(size=(260, 40))
    train, grid = slice(0, 60), (0.0, 0.3, 1e9)
    chosen = choose_ridge(features[train], labels[train], features[60:], labels[60:], N_LABELS, grid)
    accuracies = [
        fit_ridge(features[train], labels[train], N_LABELS, v).accuracy(features[60:], labels[60:]) for v in grid
    ]
    assert chosen.regularisation == grid[int(np.argmax(accuracies))] == 0.3
    assert choose_ridge(features[train], labels[train], None, None, N_LABELS, grid).regularisation == 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.zeros(4)}, r"\(clip, feature\)"),
        ({"labels": np.array([0, 1, 5, 0])}, "in 0..2, got 0..5"),
        ({"features": np.full((4, 2), np.nan)}, "finite"),
        ({"regularisation": -1.0}, "regularisation must be finite and not negative"),
    ],
)
def test_bad_input_is_named(change, message):
    good = {"features": np.ones((4, 2)), "labels": np.array([0, 1, 2, 0]), "n_labels": 3, "regularisation": 0.1}
    with pytest.raises(ValueError, match=message):
        fit_ridge(**(good | change))


def test_among_equals_the_strongest_regularisation_is_chosen():
    """Two classes so far apart that every lambda of the grid tells them: the last word has the most cautious."""
    features, labels = np.array([[-1.0], [-2.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    for grid in ((1e-3, 0.1, 10.0), (10.0, 1e-3, 0.1)):
        chosen = choose_ridge(features, labels, features, labels, 2, grid)
        assert (chosen.accuracy(features, labels), chosen.regularisation) == (1.0, 10.0)
