"""Rate and energy of many mismatched neurons at many corners, on threads here or on a cluster of machines.

Neuron k has the same mismatch at every corner: it is one piece of silicon under other conditions. Draws belong to the
seed and the number of the neuron alone, so neither threads, machines nor further corners change a result.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed, parallel_config

from circuits.errors import InputError, MissingPackageError
from circuits.ledger import Ledger, ledger_of
from circuits.neuron.circuit import LIFCircuit, period
from circuits.neuron.energy_terms import neuron_ledger
from circuits.processes import n_threads
from circuits.transient import Population, population, simulate
from circuits.units import Seconds
from circuits.variation.corners import CORNERS, Corner, corner_circuit
from circuits.variation.mismatch import Spread, sample

CONNECT_S = 5  # for a scheduler to answer
MOST = 1 << 27  # neurons at all corners together: gigabytes, and hours on two cores (ASSUMED)
CHUNK = 2500  # neurons that draw from one generator; part of what a seed means


@dataclass(frozen=True, eq=False)
class MonteCarlo:
    """Every neuron at every corner; a silent neuron has rate 0 and NaN for its energy.

    rate: `(corner, neuron)` (Hz).   energy: parts of one spike, each `(corner, neuron)` (J).
    """

    corners: tuple[Corner, ...]
    rate: np.ndarray
    energy: Ledger[np.ndarray]

    def summary(self) -> list[dict[str, float | str | None]]:
        """One row per corner: median, 5th and 95th percentile of rate and energy of those that fire (0 and None where
        none does), and the part that is silent."""
        total = self.energy.total
        return [self._row(i, total[i]) for i in range(len(self.corners))]

    def _row(self, i: int, total: np.ndarray) -> dict[str, float | str | None]:
        firing = self.rate[i] > 0
        row: dict[str, float | str | None] = {"corner": self.corners[i].name, "silent": float(np.mean(~firing))}
        for name, unit, values in (("rate", "hz", self.rate[i]), ("energy_per_spike", "j", total)):
            none = (0.0 if name == "rate" else None,) * 3
            low, median, high = np.percentile(values[firing], (5, 50, 95)) if firing.any() else none
            row |= {f"{name}_{unit}": median, f"{name}_p5_{unit}": low, f"{name}_p95_{unit}": high}
        return row


def monte_carlo(
    circuit: LIFCircuit,
    n: int = 10_000,
    *,
    corners: Sequence[Corner] = CORNERS,
    spread: Spread | None = None,
    seed: int = 0,
    n_jobs: int = -1,
    scheduler: str | None = None,
) -> MonteCarlo:
    """Simulate one whole interval of n neurons at every corner, each under its own gate bias.

    Args:
      spread: mismatch; None: the ASSUMED default of `Spread`.
      n_jobs: threads on this machine, -1 one per core.
      scheduler: address of a Dask scheduler, "tcp://host:8786"; its workers share the work instead, and need this
        package. Install the extra `cluster`.
    Raises: InputError for n < 1, no corners, more than `MOST`, or a missing extra; OSError where no scheduler answers.
    """
    if n < 1 or not corners:
        raise InputError(f"n = {n} neurons at {len(corners)} corners; give at least one of each")
    if n * len(corners) > MOST:
        raise InputError(f"n = {n} neurons at {len(corners)} corners are more than {MOST:,} together; give fewer")
    spread = Spread() if spread is None else spread
    sizes = [min(CHUNK, n - first) for first in range(0, n, CHUNK)]
    work = [
        delayed(_interval)(corner_circuit(circuit, corner), spread, size, (seed, chunk))
        for corner in corners
        for chunk, size in enumerate(sizes)
    ]
    parts = np.array(_shared(work, n_jobs, scheduler), dtype=object).reshape(len(corners), len(sizes))
    columns = {name: np.array([np.concatenate([part[name] for part in row]) for row in parts]) for name in parts[0, 0]}
    return MonteCarlo(tuple(corners), columns.pop("rate"), ledger_of(columns))


def _shared(work: list, n_jobs: int, scheduler: str | None) -> list:
    """The results in order of the work, from threads or from the workers of a cluster."""
    if scheduler is None:
        return Parallel(n_threads(n_jobs, len(work)), prefer="threads")(work)
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingPackageError('a scheduler needs Dask: pip install "tunnelspike[cluster]"') from error
    with ExitStack() as stack:
        _require_address(scheduler)
        stack.enter_context(Client(scheduler, timeout=CONNECT_S, set_as_default=True))
        stack.enter_context(parallel_config("dask"))
        return Parallel()(work)


def _require_address(scheduler: str) -> None:
    from distributed.comm import get_address_host_port

    try:
        get_address_host_port(scheduler)
    except ValueError as error:
        raise InputError(f"scheduler = {scheduler!r}: {error}; give an address as tcp://host:8786") from error


def _interval(circuit: LIFCircuit, spread: Spread, n: int, seed: tuple[int, int]) -> dict[str, np.ndarray]:
    """Rate, and energy by part, of n neurons over one whole interval, `(neuron,)` each."""
    rng = np.random.default_rng(np.random.SeedSequence(seed[0], spawn_key=seed[1:]))  # afresh: it counts its children
    neurons = population(circuit, n, **sample(circuit, spread, n, rng))
    silent = np.full(n, np.nan)
    result = neuron_ledger(neurons, spikes=silent, charge=silent, window=silent, time=silent).parts
    interval = _intervals(neurons)
    firing = np.flatnonzero(np.isfinite(interval))
    if firing.size:  # from reset to a spike and through the refractory time: one interval
        run = simulate(neurons[firing], interval[firing], n_jobs=1)
        for name, joules in run.energy.parts.items():
            result[name][firing] = joules
    return result | {"rate": np.where(np.isfinite(interval), 1 / interval, 0.0)}


def _intervals(neurons: Population) -> Seconds:
    """Interval of each neuron, by simulation up to its first spike; infinite for a silent one, `(neuron,)` (s).

    With the body at threshold the current is at its least: what fires under that current fires at the latest by then.
    """
    latest = period(neurons, neurons.current_at(neurons.v_threshold))
    interval = np.full(len(neurons), np.inf)
    firing = np.flatnonzero(np.isfinite(latest))
    if firing.size:
        run = simulate(neurons[firing], latest[firing] * (1 + 1e-6), n_jobs=1)
        spiking, first = np.unique(run.own_neurons, return_index=True)
        interval[firing[spiking]] = run.own_times[first] + neurons.t_refractory[firing[spiking]]
    return interval
