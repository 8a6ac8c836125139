"""What tables of phase-change devices state over a conductance g = G / G_max, each a function of `g` of any shape."""

from dataclasses import dataclass

import numpy as np

LEAST_G = 1e-7  # below it a device counts as that: a logarithm of 0 has no value


@dataclass(frozen=True)
class Polynomial:
    """c0 + c1 g + c2 g^2 + ..."""

    coefficients: tuple[float, ...]

    def __call__(self, g: np.ndarray) -> np.ndarray:
        *others, total = self.coefficients
        for coefficient in reversed(others):
            total = total * g + coefficient
        return total + 0 * g


@dataclass(frozen=True)
class Logarithm:
    """slope ln(g) + offset, never outside of least..most."""

    slope: float
    offset: float
    least: float
    most: float

    def __call__(self, g: np.ndarray) -> np.ndarray:
        return np.clip(self.slope * np.log(np.maximum(g, LEAST_G)) + self.offset, self.least, self.most)


@dataclass(frozen=True)
class Power:
    """scale g^-exponent, never above `most`."""

    scale: float
    exponent: float
    most: float

    def __call__(self, g: np.ndarray) -> np.ndarray:
        return np.minimum(self.scale * np.maximum(g, LEAST_G) ** -self.exponent, self.most)


@dataclass(frozen=True)
class Branches:
    """One law below a border, another from there on."""

    border: float
    below: Logarithm
    above: Polynomial

    def __call__(self, g: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(g) < self.border, self.below(g), self.above(g))


Law = Polynomial | Logarithm | Power | Branches
