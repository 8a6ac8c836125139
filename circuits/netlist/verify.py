"""Run the benches of a hand-over in ngspice and put expected beside simulated, from the raw file and from `.meas`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from circuits.errors import InputError
from circuits.netlist.handover import Bench
from circuits.netlist.match import match_spikes
from circuits.netlist.ngspice import find_ngspice, run_waves
from circuits.netlist.rawfile import rising_edges
from circuits.netlist.spice import PERIOD_TOLERANCE
from circuits.network.spikes import spike_trains

POTENTIAL_TOLERANCE = 5e-3  # of the largest potential of all readouts
TIMEOUT_S = 300.0  # for each bench
SKIPPED = "skipped: ngspice is not on the PATH; install it (Debian: apt-get install ngspice)"


@dataclass(frozen=True)
class Check:
    """One figure of a bench, expected beside simulated; unit s or spikes. `simulated` is None where it is missing."""

    bench: str
    figure: str
    expected: float
    simulated: float | None
    unit: str
    passed: bool


def verify(folder: str | Path, benches: tuple[Bench, ...], timeout_s: float = TIMEOUT_S) -> tuple[Check, ...] | None:
    """Every figure of every bench in a folder; None where ngspice is not installed.

    Raises:  WorkError where ngspice crashes, prints an error or takes longer than `timeout_s` for a bench.
    """
    if find_ngspice() is None:
        return None
    return tuple(check for bench in benches for check in _checks(Path(folder), bench, timeout_s))


def require_verifiable(benches: tuple[Bench, ...], timeout_s: float) -> None:
    """Raise InputError where there is no bench that ngspice can run, or the time limit is not positive."""
    if not benches:
        raise InputError("this format has no bench for ngspice; verify --format spice or all")
    if not timeout_s > 0:
        raise InputError(f"timeout must be positive, got {timeout_s} s")


def verdict(folder: str | Path, benches: tuple[Bench, ...], timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """`verify` as plain data: `passed` (None where nothing was run), `verification` in words, and `rows`.

    Raises:  as `verify`.
    """
    checks = verify(folder, benches, timeout_s)
    if checks is None:
        return {"passed": None, "verification": SKIPPED, "rows": []}
    bad = sum(not check.passed for check in checks)
    said = f"{len(checks) - bad} of {len(checks)} figures as expected, {len(benches)} benches in ngspice"
    return {"passed": not bad, "verification": said, "rows": [asdict(check) for check in checks]}


def _checks(folder: Path, bench: Bench, timeout_s: float) -> Iterator[Check]:
    measured, waves = run_waves(folder / bench.file, timeout_s)
    if bench.period is not None:
        yield _period(bench, rising_edges(waves["time"], waves["v(spk)"], bench.v_dd / 2))
    if bench.spikes is not None:
        yield from _spikes(bench, waves)
        yield from _potentials(bench, waves)
    yield Check(bench.file, "pass of the bench itself", 1.0, measured.get("pass"), "", measured.get("pass") == 1)


def _period(bench: Bench, edges: np.ndarray) -> Check:
    """Mean interval after the second spike, from the raw file."""
    period = float(np.diff(edges[1:]).mean()) if len(edges) > 2 else None
    good = period is not None and abs(period / bench.period - 1) < PERIOD_TOLERANCE
    return Check(bench.file, "period", bench.period, period, "s", good)


def _spikes(bench: Bench, waves: Mapping[str, np.ndarray]) -> Iterator[Check]:
    """Of each neuron, how many spikes come when they are expected, none besides, as far as they are sure.

    Silence proves nothing.
    """
    end, n_expected = waves["time"][-1], sum(map(len, bench.spikes.values()))
    if bench.spikes and not n_expected:
        yield Check(bench.file, "spikes of any neuron", 1.0, 0.0, "spikes", False)
    for name, times in bench.spikes.items():
        edges = rising_edges(waves["time"], waves[f"v(spk_{name})"], bench.v_dd / 2)
        times, edges = (train[train <= bench.until.get(name, end)] for train in (times, edges))
        matching = match_spikes(spike_trains([times], end), spike_trains([edges], end), bin=bench.bin)
        good = matching.errors.size == matching.n_expected == matching.n_simulated
        yield Check(bench.file, f"spikes of {name}", float(len(times)), float(matching.errors.size), "spikes", good)


def _potentials(bench: Bench, waves: Mapping[str, np.ndarray]) -> Iterator[Check]:
    """Of each readout the potential at the end, which holds all that its synapses delivered."""
    largest = max((abs(v) for v in bench.potentials.values()), default=0.0)
    for name, expected in bench.potentials.items():
        found = float(waves[f"v(mem_{name})"][-1])
        good = abs(found - expected) <= POTENTIAL_TOLERANCE * largest
        yield Check(bench.file, f"potential of {name}", expected, found, "V", good)
