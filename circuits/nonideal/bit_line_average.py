"""Averaging on bit lines: every cell puts its line's voltage, or that with its sign turned, onto its share of a column.

    V_avg = sum c_i w_i V_i / sum c_i,   w = +-1,   c_i = 1 + sigma N(0, 1)       ideal: (1/N) sum w_i V_i

The capacitances of the cells differ by chance. To first order in sigma, V_avg differs by sigma s / sqrt(N), with s the
standard deviation of the N products w_i V_i: the more cells, the better they average.
"""

import numpy as np

LEAST = 0.05  # of a capacitance; a cell without any would be a hole, not a mismatch


def drawn_capacitances(lines: int, columns: int, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Of each cell `(line, column)`, over the mean; sigma: their standard deviation."""
    return np.maximum(1 + sigma * rng.standard_normal((lines, columns)), LEAST)


def averaging_weights(signs: np.ndarray, capacitances: np.ndarray) -> np.ndarray:
    """What each cell contributes to V_avg, `(line, column)`; of further cells, without a sign, the voltage is 0.

    signs: `(line, column)`.   capacitances: of at least as many lines.
    """
    return signs * capacitances[: len(signs)] / capacitances.sum(axis=0)


def mismatch_error(sigma: float, spread: float, lines: int) -> float:
    """sigma s / sqrt(N): the standard deviation of V_avg from one column to the next."""
    return sigma * spread / np.sqrt(lines)
