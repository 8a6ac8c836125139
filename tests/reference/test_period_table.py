"""One neuron at five currents by four ways: the table of the README, made here.

python tests/reference/test_period_table.py    prints it
"""

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from circuits.device.btbt import bias_for_current
from circuits.netlist.ngspice import run_ngspice
from circuits.netlist.spice import write_spice
from circuits.neuron.circuit import LIFCircuit, period
from circuits.transient import population, simulate
from circuits.units import pA
from snn.reference import brian2_neuron
from snn.reference.brian import load_brian2, run

README = Path(__file__).resolve().parents[2] / "README.md"
CURRENTS = np.array([20, 31, 100, 300, 1000]) * pA
CIRCUIT = LIFCircuit()
HEAD = "| input current (pA) | closed form (us) | transient engine | Brian2 | ngspice |"


def biased() -> list[LIFCircuit]:
    """The neuron at the gate biases of the five currents."""
    v_gs = bias_for_current(CURRENTS, CIRCUIT.device, CIRCUIT.width)
    return [replace(CIRCUIT, v_gs=float(v)) for v in v_gs]


def by_closed_form() -> np.ndarray:
    return period(population(biased()), CURRENTS)


def by_transient_engine() -> np.ndarray:
    return simulate(population(biased()), 4.5 * by_closed_form()).period


def by_brian2() -> np.ndarray:
    """Mean of whole intervals, on a grid that no interval is a multiple of."""
    b2, periods = load_brian2(), []
    for circuit, expected in zip(biased(), by_closed_form(), strict=True):
        group = brian2_neuron(circuit, dt=expected / 3000.5)
        monitor = b2.SpikeMonitor(group)
        run(b2.Network(group, monitor), 3.1 * expected)
        periods.append(np.diff(np.asarray(monitor.t / b2.second)).mean())
    return np.array(periods)


def by_ngspice() -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        files = write_spice(Path(folder), {f"n{i}": circuit for i, circuit in enumerate(biased())})
        benches = sorted(path for path in files if path.name.endswith("_bench.cir"))
        return np.array([run_ngspice(path)["period"] for path in benches])


WAYS = {"transient engine": by_transient_engine, "Brian2": by_brian2, "ngspice": by_ngspice}
TOLERANCES = {"transient engine": 1e-6, "Brian2": 1e-3, "ngspice": 1e-3}  # relative, against the closed form


def table() -> str:
    """Periods of the closed form, and how far the others lie from it."""
    expected = by_closed_form()
    errors = [way() / expected - 1 for way in WAYS.values()]
    rows = [
        f"| {current / pA:g} | {1e6 * value:.6g} | " + " | ".join(f"{error[i]:+.1e}" for error in errors) + " |"
        for i, (current, value) in enumerate(zip(CURRENTS, expected, strict=True))
    ]
    return "\n".join((HEAD, "|---|---|---|---|---|", *rows)) + "\n"


@pytest.mark.parametrize("name", WAYS)
def test_period_is_that_of_the_closed_form(name):
    if name == "ngspice" and shutil.which("ngspice") is None:
        pytest.skip("ngspice is not installed")
    error = np.abs(WAYS[name]() / by_closed_form() - 1)
    assert error.max() < TOLERANCES[name]


def test_readme_shows_this_table():
    """Currents and periods to the digit; what the simulators are off by may differ from machine to machine."""
    lines = README.read_text(encoding="utf-8").split(HEAD)[1].splitlines()[2 : 2 + len(CURRENTS)]
    for line, current, expected in zip(lines, CURRENTS / pA, by_closed_form() * 1e6, strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[:2] == [f"{current:g}", f"{expected:.6g}"]
        for cell, tolerance in zip(cells[2:], TOLERANCES.values(), strict=True):
            assert abs(float(cell)) < tolerance


if __name__ == "__main__":
    sys.stdout.write(table())
