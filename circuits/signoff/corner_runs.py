"""One neuron at every corner, by ngspice and by the transient engine: rates and energies side by side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

from circuits.netlist.cell import METER
from circuits.netlist.corners_lib import CORNERS_FILE, corners_lib
from circuits.netlist.ngspice import run_waves
from circuits.netlist.rawfile import rising_edges
from circuits.netlist.spice import corner_deck, neuron_netlist
from circuits.neuron.circuit import LIFCircuit, interval
from circuits.processes import n_threads
from circuits.storage import scratch_folder, write_text
from circuits.transient import population, simulate
from circuits.transient.result import Transient
from circuits.units import Hertz, Joules, Seconds
from circuits.variation.corners import CORNERS, Corner, corner_circuit

INTERVALS = 4.5  # of a run: five spikes
SILENT_RUN = 10  # times tau_mem: how long a corner is watched in which nothing is expected to spike
STEPS = 1000  # of the solver, in a run
TIMEOUT_S = 60.0  # for each corner


@dataclass(frozen=True)
class CornerRun:
    """A corner by both simulators; a rate is 0 where there are less than two spikes, the energy that of the run."""

    corner: str
    rate_engine: Hertz
    rate_ngspice: Hertz
    energy_engine: Joules
    energy_ngspice: Joules

    @property
    def rate_error(self) -> float:
        """ngspice over the engine, less 1; infinite where only one of them spikes."""
        return _ratio(self.rate_ngspice, self.rate_engine)

    @property
    def energy_error(self) -> float:
        """ngspice over the engine, less 1."""
        return _ratio(self.energy_ngspice, self.energy_engine)


def corner_runs(
    circuit: LIFCircuit, corners: Sequence[Corner] = CORNERS, *, timeout_s: float = TIMEOUT_S, n_jobs: int = 2
) -> tuple[CornerRun, ...]:
    """The neuron at its own gate bias in each corner; ngspice takes one netlist, temperature and supply from outside.

    Raises:  InputError as `corner_circuit`; MissingInputError where ngspice is not installed; WorkError where it fails.
    """
    with scratch_folder() as folder:
        write_text(folder / "neuron.lib", neuron_netlist(circuit))
        write_text(folder / CORNERS_FILE, corners_lib("* corners\n", temperature=circuit.device.temperature))
        work = (delayed(_run)(folder, circuit, corner, timeout_s) for corner in corners)
        return tuple(Parallel(n_threads(n_jobs, len(corners)), prefer="threads")(work))


def _run(folder: Path, circuit: LIFCircuit, corner: Corner, timeout_s: float) -> CornerRun:
    there = corner_circuit(circuit, corner)
    period = interval(there)
    duration = INTERVALS * period if math.isfinite(period) else SILENT_RUN * _longest(there)
    engine = simulate(population([there]), duration)
    deck = folder / f"{corner.name}.cir"
    write_text(deck, corner_deck(circuit, "neuron.lib", corner.name, duration, duration / STEPS))
    _, waves = run_waves(deck, timeout_s)
    edges = rising_edges(waves["time"], waves["v(spk)"], there.v_dd / 2)
    drawn = waves["v(q_drain)"][-1] * there.device.v_ds + waves["v(q_logic)"][-1] * there.v_dd
    rate = float(1 / np.diff(edges).mean()) if len(edges) > 1 else 0.0
    return CornerRun(corner.name, _rate(engine), rate, float(np.sum(engine.energy.total)), float(drawn * METER))


def _longest(circuit: LIFCircuit) -> Seconds:
    """A time in which a membrane has come to rest."""
    return circuit.tau_mem if math.isfinite(circuit.tau_mem) else circuit.charge_per_weight / circuit.input_current


def _rate(engine: Transient) -> Hertz:
    period = float(engine.period[0])
    return 1 / period if math.isfinite(period) else 0.0


def _ratio(found: float, expected: float) -> float:
    if expected:
        return found / expected - 1
    return math.inf if found else 0.0
