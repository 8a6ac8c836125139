"""Neuron updates per second of the transient engine, beside Brian2's C++ standalone mode and a bare exponential.

100,000 BTBT neurons whose current follows the body, each with its own bias and threshold; Euler and midpoint rule
(`rk2`) in Brian2, without OpenMP and with it. Alone: python tests/benchmarks/circuit_updates.py
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from joblib import Parallel, delayed

from circuits.compile import ordered_jit, widest_vectors
from circuits.neuron.circuit import LIFCircuit
from circuits.transient import Population, Transient, population, simulate
from circuits.transient.step import fast_exp, tunnelling

N, DT, STEPS, ROUNDS, THREADS = 100_000, 10e-9, 6000, 2, 2
SAMPLE = 1000  # neurons whose spike times are compared
REFERENCE_TOLERANCE = 1e-8
COARSER = (1, 2, 4, 8, 16, 32, 64)  # steps of ours, in units of DT, tried for the same error as Brian2's
METHODS = tuple((method, threads) for method in ("euler", "rk2") for threads in (1, THREADS))


def neurons(n: int) -> Population:
    rng = np.random.default_rng(0)
    v_gs, v_threshold = -0.5 - 0.05 * rng.random(n), 0.35 + 0.1 * rng.random(n)
    return population(LIFCircuit(body_factor=0.1), n, v_gs=v_gs, v_threshold=v_threshold)


def measure() -> dict[str, object]:
    """Medians of rounds in turns; None where no compiler is at hand for Brian2."""
    everyone = neurons(N)
    run = {
        "ours": lambda: _seconds(lambda: _simulate(everyone, DT)),
        "exponential alone": lambda: _seconds(lambda: _floor(_exponentials)),
        "device equation alone": lambda: _seconds(lambda: _floor(_currents)),
    }
    with tempfile.TemporaryDirectory() as folder:
        for method, threads in METHODS if shutil.which("g++") else ():
            program = _built(Path(folder) / f"{method}{threads}", method, threads)
            run[f"brian2 {method}, {threads} threads"] = lambda program=program: _run_standalone(program)
        for call in run.values():
            call()
        seconds = {name: [] for name in run}
        for _ in range(ROUNDS):
            for name, call in run.items():
                seconds[name].append(call())
        updates = {name: N * STEPS / median(values) for name, values in seconds.items()}
        return _summary(everyone, updates)


def _summary(everyone: Population, updates: dict[str, float]) -> dict[str, object]:
    sample = everyone[:SAMPLE]
    exact = simulate(sample, DT * STEPS, tolerance=REFERENCE_TOLERANCE, n_jobs=THREADS)
    errors = {"ours": _error(_simulate(sample, DT), exact)}
    best = {}
    for method in ("euler", "rk2") if len(updates) > 3 else ():
        errors[method] = _error(_brian2_trains(method), exact)
        best[method] = max(updates[f"brian2 {method}, {threads} threads"] for threads in (1, THREADS))
    result = {
        "circuit_updates_per_s": updates,
        "circuit_spike_time_error": errors,
        "circuit_updates_over_exponential": updates["ours"] / updates["exponential alone"],
        "circuit_updates_over_device_equation": updates["ours"] / updates["device equation alone"],
        # the same step and the same order of the method: Brian2's cheapest of second order
        "circuit_updates_over_brian2": updates["ours"] / best["rk2"] if best else None,
        "circuit_updates_over_brian2_euler": updates["ours"] / best["euler"] if best else None,
    }
    return result | {"circuit_speed_at_equal_error_over_brian2": _at_equal_error(everyone, exact, errors, best)}


def _at_equal_error(everyone: Population, exact: Transient, errors: dict, best: dict) -> float | None:
    """Simulated time per second, ours over Brian2's fastest method, with steps that err no more than its own."""
    if not best:
        return None
    method = max(best, key=best.get)
    sample = everyone[:SAMPLE]
    coarse = max(c for c in COARSER if c == 1 or _error(_simulate(sample, c * DT), exact) <= errors[method])
    seconds = median(_seconds(lambda: _simulate(everyone, coarse * DT)) for _ in range(ROUNDS))
    return N * STEPS / seconds / best[method]


def _simulate(population_: Population, dt: float) -> Transient:
    return simulate(population_, DT * STEPS, dt=dt * (1 + 1e-9), tolerance=None, n_jobs=THREADS)


def _error(trains: Transient | list[np.ndarray], exact: Transient) -> float:
    """Root mean square of the second spike's time, relative."""
    found = trains.trains if isinstance(trains, Transient) else trains
    pairs = np.array([(a[1], b[1]) for a, b in zip(found, exact.trains, strict=True) if min(a.size, b.size) > 1])
    return float(np.sqrt(np.mean((pairs[:, 0] / pairs[:, 1] - 1) ** 2)))


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@ordered_jit
def _exponentials(x, y, steps):
    widest_vectors()
    for _ in range(steps):
        for j in range(x.size):
            y[j] = fast_exp(x[j] - y[j])  # each needs the one before, so that none is left out


@ordered_jit
def _currents(u, y, steps):
    widest_vectors()
    for _ in range(steps):
        for j in range(u.size):
            y[j] = tunnelling(y[j], u[j], 0.1, 3.6, 1.0)[0]


def _floor(kernel: Callable) -> None:
    """As many values as updates, from the first-level cache."""
    size = 1000
    x = np.linspace(-9.0, -6.0, size) if kernel is _exponentials else np.linspace(0.4, 0.6, size)
    work = [delayed(kernel)(x, np.zeros(size), N * STEPS // size // THREADS) for _ in range(THREADS)]
    Parallel(n_jobs=THREADS, prefer="threads")(work)


def _built(folder: Path, method: str, threads: int) -> Path:
    script = Path(__file__).with_name("brian2_standalone.py")
    command = [sys.executable, "-W", "ignore", str(script), "build", method, str(threads), str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    return folder


def _run_standalone(folder: Path) -> float:
    """Seconds of the simulation alone, without reading and writing files."""
    subprocess.run([str(folder / "main")], cwd=folder, check=True, capture_output=True, timeout=600)
    return float((folder / "results" / "last_run_info.txt").read_text().split()[0])


def _brian2_trains(method: str) -> list[np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        script, path = Path(__file__).with_name("brian2_standalone.py"), Path(folder) / "spikes.npz"
        command = [sys.executable, "-W", "ignore", str(script), "spikes", method, "1", str(path)]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        with np.load(path) as file:
            order = np.argsort(file["neurons"], kind="stable")
            counts = np.bincount(file["neurons"], minlength=SAMPLE)
            return np.split(file["times"][order], np.cumsum(counts)[:-1])


if __name__ == "__main__":
    for name, value in measure().items():
        sys.stdout.write(f"{name}: {value}\n")
