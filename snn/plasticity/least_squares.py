"""Ridge regression readout, the off-chip reference of every rule that learns on chip.

    minimise |Z W + b - T|^2 + n lambda |W|^2,   Z the standardised features, T = +1 for the label and -1 for others

Source: Hoerl and Kennard 1970; leave-one-out in closed form, Golub, Heath and Wahba 1979.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError

Table = tuple[np.ndarray, np.ndarray]  # features `(clip, feature)` and labels `(clip,)`
GRID = tuple(10.0**k for k in range(-5, 3))  # lambda, relative to the unit variance of a standardised feature


@dataclass(frozen=True, eq=False)
class LinearReadout:
    """scores = features weights + bias, for features as they come: standardisation is folded in."""

    weights: np.ndarray  # (feature, label)
    bias: np.ndarray  # (label,)
    regularisation: float

    def scores(self, features: np.ndarray) -> np.ndarray:
        """One score a label, `(clip, feature)` -> `(clip, label)`; the largest wins."""
        return np.asarray(features, dtype=float) @ self.weights + self.bias

    def accuracy(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Share of the clips whose largest score is their label's."""
        return float(np.mean(self.scores(features).argmax(1) == labels))


@dataclass(frozen=True, eq=False)
class _Spectrum:
    """Standardised features Z = U diag(s) V^T of the training clips, and their targets less the mean."""

    mean: np.ndarray
    scale: np.ndarray
    u: np.ndarray
    s: np.ndarray
    v: np.ndarray
    targets: np.ndarray
    target_mean: np.ndarray


def fit_ridge(features: np.ndarray, labels: np.ndarray, n_labels: int, regularisation: float) -> LinearReadout:
    """The readout of one regularisation lambda.

    Args:  features: `(clip, feature)`, any real units.  labels: `(clip,)`, 0 .. n_labels - 1.
    Raises:  InputError for shapes, labels or a lambda that make no sense, and for features that are not finite.
    """
    return _readout(_spectrum(features, labels, n_labels), regularisation)


def choose_ridge(
    train: np.ndarray,
    train_labels: np.ndarray,
    validation: np.ndarray | None,
    validation_labels: np.ndarray | None,
    n_labels: int,
    grid: Sequence[float] = GRID,
) -> LinearReadout:
    """The readout of the lambda of `grid` that classifies the validation clips best; the largest among equals.

    Without validation (None): the least leave-one-out error, sum of (residual / (1 - leverage))^2, in closed form.
    """
    spectrum = _spectrum(train, train_labels, n_labels)
    readouts = [_readout(spectrum, value) for value in sorted(grid, reverse=True)]
    if validation is None:
        return min(readouts, key=lambda readout: _left_out_error(spectrum, readout.regularisation))
    return max(readouts, key=lambda readout: readout.accuracy(validation, validation_labels))


@dataclass(frozen=True, eq=False)
class FittedReadout:
    """A readout of training and validation clips together, and what the validation clips said before."""

    readout: LinearReadout
    validation_accuracy: float


def fit_linear(train: Table, validation: Table, n_labels: int) -> FittedReadout:
    """Least squares on features and labels: regularisation by validation, then all of these clips."""
    chosen = choose_ridge(*train, *validation, n_labels)
    features, labels = (np.concatenate(parts) for parts in zip(train, validation, strict=True))
    return FittedReadout(fit_ridge(features, labels, n_labels, chosen.regularisation), chosen.accuracy(*validation))


def _spectrum(features: np.ndarray, labels: np.ndarray, n_labels: int) -> _Spectrum:
    features, labels = np.asarray(features, dtype=float), np.asarray(labels)
    _check(features, labels, n_labels)
    mean, scale = features.mean(0), features.std(0)
    scale = np.where(scale > 1e-12 * np.abs(features).max(0, initial=1e-300), scale, np.inf)  # a constant weighs 0
    u, s, vt = np.linalg.svd((features - mean) / scale, full_matrices=False)
    targets = 2.0 * (labels[:, None] == np.arange(n_labels)) - 1
    return _Spectrum(mean, scale, u, s, vt.T, targets - targets.mean(0), targets.mean(0))


def _shrinkage(spectrum: _Spectrum, regularisation: float) -> np.ndarray:
    """s / (s^2 + n lambda) of each direction, 0 where the features do not reach."""
    if not 0 <= regularisation < np.inf:
        raise InputError(f"regularisation must be finite and not negative, got {regularisation}")
    s, n = spectrum.s, len(spectrum.u)
    reached = s > s[0] * np.finfo(float).eps * max(n, len(s)) if s.size else s > 0
    return np.where(reached, s / np.where(reached, s**2 + n * regularisation, 1.0), 0.0)


def _readout(spectrum: _Spectrum, regularisation: float) -> LinearReadout:
    projected = spectrum.u.T @ spectrum.targets
    standard = spectrum.v @ (_shrinkage(spectrum, regularisation)[:, None] * projected)
    weights = standard / spectrum.scale[:, None]
    return LinearReadout(weights, spectrum.target_mean - spectrum.mean @ weights, regularisation)


def _left_out_error(spectrum: _Spectrum, regularisation: float) -> float:
    """Squared error of each clip under the readout of all the others, summed."""
    kept = spectrum.s * _shrinkage(spectrum, regularisation)
    leverage = spectrum.u**2 @ kept + 1 / len(spectrum.u)  # the bias takes 1 / n
    residual = spectrum.targets - spectrum.u @ (kept[:, None] * (spectrum.u.T @ spectrum.targets))
    return float(((residual / np.maximum(1 - leverage, 1e-12)[:, None]) ** 2).sum())


def _check(features: np.ndarray, labels: np.ndarray, n_labels: int) -> None:
    if features.ndim != 2 or labels.shape != features.shape[:1] or not len(features):
        raise InputError(f"features must be (clip, feature) and labels (clip,), got {features.shape}, {labels.shape}")
    if not np.isfinite(features).all():
        raise InputError("features must be finite; look for NaN in the clips")
    if not (np.issubdtype(labels.dtype, np.integer) and labels.min() >= 0 and labels.max() < n_labels):
        raise InputError(f"labels must be integers in 0..{n_labels - 1}, got {labels.min()}..{labels.max()}")
