"""Compiled mel filters: power of a spectrum through a bank of which only the entries that are not zero are kept."""

from typing import NamedTuple, no_type_check

import numpy as np

from circuits.compile import jit


class SparseBank(NamedTuple):
    """A filter bank by its rows: band b weighs the `count[b]` bins from `first[b]` on; a count of 0 hears nothing."""

    first: np.ndarray
    count: np.ndarray
    weights: np.ndarray  # of all bands, one after the other


def sparse_bank(bank: np.ndarray) -> SparseBank:
    """The `(band, bin)` bank as one run of bins for each band, from its first entry that is not zero to its last."""
    heard = [np.flatnonzero(row) for row in bank]
    runs = [slice(bins[0], bins[-1] + 1) if len(bins) else slice(0, 0) for bins in heard]
    first, last = (np.array(ends, np.int64) for ends in zip(*((run.start, run.stop) for run in runs), strict=True))
    weights = np.concatenate([row[run] for row, run in zip(bank, runs, strict=True)])
    return SparseBank(first, last - first, weights)


@no_type_check
@jit
def filter_frames(spectrum, first, count, weights, out):
    """out[i, b] = sum over bins k of bank[b, k] |X[i, k]|^2, in the same order for every frame.

    spectrum: real and imaginary parts in turn, `(frame, 2 bin)`. out: `(frame, band)`.
    """
    power = np.empty(spectrum.shape[1] // 2, spectrum.dtype)
    for i in range(spectrum.shape[0]):
        x, row, at = spectrum[i], out[i], 0
        for k in range(power.shape[0]):
            power[k] = x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1]
        for b in range(first.shape[0]):
            p, w, total = power[first[b] :], weights[at:], 0 * power[0]
            for k in range(count[b]):
                total += w[k] * p[k]
            row[b] = total
            at += count[b]
