"""Spikes of two simulations matched one to one: each neuron's trains walked once, in order of time.

Two spikes match if they lie at most one bin apart. Taking the earliest that still fits leaves the most for the rest,
so on sorted trains no other pairing matches more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from circuits.errors import InputError
from circuits.network.spikes import SpikeTrains
from circuits.units import Seconds


@dataclass(frozen=True, eq=False)
class Matching:
    """How far two sets of spikes agree within `bin` (s).

    `errors` are simulated minus expected times, `(pair,)` (s), `neurons` whose they are.
    """

    n_expected: int
    n_simulated: int
    errors: np.ndarray
    neurons: np.ndarray
    bin: Seconds

    @property
    def matched(self) -> float:
        """2 pairs / (n_expected + n_simulated), so a missing and a surplus spike both count; 1 where none spikes."""
        spikes = self.n_expected + self.n_simulated
        return 2 * self.errors.size / spikes if spikes else 1.0

    @property
    def timing_error(self) -> dict[str, Seconds | None]:
        """Size of the errors of matched spikes (s): median, 95th percentile and largest; None without a pair."""
        if not self.errors.size:
            return {"median": None, "p95": None, "max": None}
        size = np.abs(self.errors)
        return {"median": float(np.median(size)), "p95": float(np.percentile(size, 95)), "max": float(size.max())}

    @property
    def worst_neuron(self) -> Seconds | None:
        """The largest of the neurons' median errors: what is wrong in one neuron alone; None without a pair."""
        medians = [np.median(np.abs(self.errors[self.neurons == neuron])) for neuron in np.unique(self.neurons)]
        return float(max(medians)) if medians else None


def match_spikes(expected: SpikeTrains, simulated: SpikeTrains, *, bin: Seconds) -> Matching:
    """The largest one-to-one matching of spikes of the same neuron that lie at most `bin` (s) apart.

    Raises:  InputError unless both have the same number of neurons and `bin` is positive.
    """
    if expected.n_neurons != simulated.n_neurons:
        raise InputError(f"expected spikes of {expected.n_neurons} neurons, simulated ones of {simulated.n_neurons}")
    if not bin > 0:
        raise InputError(f"bin must be positive, got {bin} s")
    errors = [_errors(expected.train(i), simulated.train(i), bin) for i in range(expected.n_neurons)]
    neurons = np.repeat(np.arange(expected.n_neurons), [e.size for e in errors])
    return Matching(expected.times.size, simulated.times.size, np.concatenate([np.zeros(0), *errors]), neurons, bin)


def pooled(matchings: Sequence[Matching]) -> Matching:
    """Several clips as one. Raises:  InputError where there is none, or their bins differ."""
    if len({matching.bin for matching in matchings}) != 1:
        raise InputError(f"give at least one matching, all of one bin; got bins {[m.bin for m in matchings]} s")
    return Matching(
        sum(matching.n_expected for matching in matchings),
        sum(matching.n_simulated for matching in matchings),
        np.concatenate([matching.errors for matching in matchings]),
        np.concatenate([matching.neurons for matching in matchings]),
        matchings[0].bin,
    )


def _errors(expected: np.ndarray, simulated: np.ndarray, bin: Seconds) -> np.ndarray:
    """Simulated minus expected time of each pair of one neuron's sorted trains."""
    errors, i, j = [], 0, 0
    while i < expected.size and j < simulated.size:
        error = simulated[j] - expected[i]
        if abs(error) <= bin:
            errors.append(error)
        i, j = i + int(error >= -bin), j + int(error <= bin)
    return np.array(errors)
